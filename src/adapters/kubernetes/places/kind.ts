// How do objects of one kind give their places to versions?
import type { WorkloadAbilities } from "../../../core/abilities.ts";
import type { Revision, WantedPool } from "../../../core/world.ts";
import type { PlacedObject, Resource } from "../client/objects.ts";
import type { PlacedKind } from "../cluster.ts";
import type { KnownPod } from "../keep.ts";
import type { Places } from "./places.ts";

/** What is written into an object, and which of its pods make room. */
export interface PlacePlan {
  /** How many pods there shall be. */
  readonly replicas: number;
  /** How its pods change by themselves for now, and whether it says so already. */
  readonly strategy: object;
  readonly isSet: boolean;
  /** The template that it is given first; nothing where it keeps its own. */
  readonly template?: Revision | undefined;
  /** Pods that shall come back in another revision, those that go first before others. */
  readonly outdated: readonly KnownPod[];
  /** How many may be missing at once. */
  readonly missing: number;
}

/** What a plan looks at. */
export type Look = Pick<Places, "pods" | "live" | "isLost" | "revisionOf" | "revisionNamed" | "written">;

/** What is particular to a kind whose versions share places. */
export interface PlacedBy<S extends PlacedObject> {
  readonly kind: PlacedKind;
  readonly workload: string;
  readonly resource: Resource;
  readonly can: WorkloadAbilities;
  /** Whether a pod that is lost now may come back from the newest template. */
  isOpen(set: S): boolean;
  /** Names of the ControllerRevisions that its controller works with, where it says so. */
  named(set: S): readonly (string | undefined)[];
  /** The plan for pools that are wanted; nothing where nothing is known of what it needs, or nothing is to be done. */
  planOf(places: Look, set: S, pools: readonly WantedPool[]): PlacePlan | undefined;
}

/** Of a pool of stable and one of a candidate what matters to the plan. */
export interface Sharing {
  readonly stable: WantedPool | undefined;
  readonly candidate: WantedPool;
}

/** The two of them where they share the places; nothing while only stable shall have any. */
export function sharingOf(pools: readonly WantedPool[], fullSize: number): Sharing | undefined {
  const stable = pools.find(({ role }) => role === "stable");
  const candidate = pools.find(({ role, size }) => role === "canary" && size > 0);
  const isComingBack = stable !== undefined && stable.size >= fullSize;
  return candidate && !isComingBack ? { stable, candidate } : undefined;
}

/**
 * Those that may go now: whoever does not answer is missed by nobody, and keeps others from coming back where they come in order. Of those
 * that answer as many go as may be missing.
 */
export function goingNow(
  places: Pick<Places, "live">,
  { replicas, outdated, missing }: PlacePlan,
): readonly KnownPod[] {
  const silent = outdated.filter(({ ready }) => !ready);
  if (silent.length > 0) return silent;
  const answer = places.live().filter(({ ready }) => ready);
  return outdated.slice(0, Math.max(0, missing - (replicas - answer.length)));
}
