// What shall a StatefulSet be like, so that the wanted pools get their places?
import type { WantedPool } from "../../../core/world.ts";
import { fullSizeOf } from "../adopted.ts";
import type { StatefulSet } from "../client/objects.ts";
import type { KnownPod } from "../keep.ts";
import { revisionOfTemplate } from "../revision.ts";
import { BRAKE, ordinalOf, type Places } from "./places.ts";

/** What is written into it, and which pods make room. */
export interface PlacePlan {
  readonly replicas: number;
  readonly partition: number;
  /** The template of stable is put back: the StatefulSet knows it only as an earlier one. */
  readonly restores: boolean;
  /** Pods that shall come back in another revision, those that go first before others. */
  readonly outdated: readonly KnownPod[];
}

/** The plan for pools that are wanted; nothing where nothing is known of what it needs, or nothing is to be done. */
export function planOf(places: Places, set: StatefulSet, pools: readonly WantedPool[]): PlacePlan | undefined {
  const stable = pools.find(({ role }) => role === "stable");
  const candidate = pools.find(({ role, size }) => role === "canary" && size > 0);
  const { fullSize, stable: known } = places.written();
  // What serves and was not adopted yet goes on.
  if (pools.length === 0) return known && { replicas: 0, partition: BRAKE, restores: false, outdated: [] };
  const isComingBack = stable !== undefined && stable.size >= fullSize;
  if (candidate && !isComingBack) return forward(places, set, { stable, candidate });
  return stable && onlyStable(places, set, stable);
}

const isLive = ({ metadata }: KnownPod): boolean => metadata.deletionTimestamp === undefined;

const firstOf = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0;

/**
 * The highest places are the candidate's. The brake is off only while one of them is missing, and the template is the
 * candidate's: a template that is changed again meanwhile starts nothing.
 */
function forward(
  places: Places,
  set: StatefulSet,
  { stable, candidate }: { stable: WantedPool | undefined; candidate: WantedPool },
): PlacePlan {
  const replicas = fullSizeOf(set);
  const partition = Math.max(0, replicas - candidate.size);
  const id = candidate.revision.id;
  const isOfCandidate = (pod: KnownPod): boolean => ordinalOf(pod) >= firstOf(set) + partition;
  const live = places.pods().filter(isLive);
  const placed = live.filter((pod) => isOfCandidate(pod) && places.revisionOf(pod) === id);
  const isMaking = placed.length < replicas - partition && revisionOfTemplate(set.spec.template).id === id;
  const outdated = live.filter((pod) => {
    const revision = places.revisionOf(pod);
    if (revision === undefined || revision === stable?.revision.id) return false;
    return revision !== id || !isOfCandidate(pod);
  });
  return { replicas, partition: isMaking ? partition : BRAKE, restores: false, outdated: isMaking ? [] : outdated };
}

/**
 * Lost pods come back from the current revision, so that it must be stable's. It becomes so when all pods have the template; where
 * they had the candidate's already, the template of stable has to come back too.
 */
function onlyStable(places: Places, set: StatefulSet, { revision }: WantedPool): PlacePlan | undefined {
  const current = places.revisionNamed(set.status?.currentRevision);
  if (current === undefined) return undefined;
  const replicas = fullSizeOf(set);
  if (current !== revision.id) {
    const restores = revisionOfTemplate(set.spec.template).id !== revision.id;
    return { replicas, partition: 0, restores, outdated: [] };
  }
  const outdated = places.pods().filter((pod) => {
    const other = places.revisionOf(pod);
    return isLive(pod) && other !== undefined && other !== revision.id;
  });
  return { replicas, partition: BRAKE, restores: false, outdated };
}

/**
 * Those that may go now: whoever does not answer is missed by nobody, and keeps others from coming back where they come in order. Of those
 * that answer one goes, the highest, and only while all others are there.
 */
export function goingNow(places: Places, { replicas, outdated }: PlacePlan): readonly KnownPod[] {
  const silent = outdated.filter(({ ready }) => !ready);
  if (silent.length > 0) return silent;
  const answer = places.pods().filter((pod) => isLive(pod) && pod.ready);
  return answer.length < replicas ? [] : outdated.toSorted((a, b) => ordinalOf(b) - ordinalOf(a)).slice(0, 1);
}
