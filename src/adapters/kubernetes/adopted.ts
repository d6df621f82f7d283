// Which objects of a cluster are one service?
import type { Deployment, ReplicaSet } from "./client/objects.ts";
import type { Cluster } from "./cluster.ts";
import type { KnownSet } from "./keep.ts";
import { POOL, REPLICAS, ROLLOUT } from "./names.ts";
import { ownerOf } from "./owned.ts";

/** Ends the mark of a ReplicaSet that was there before. */
export const FOUND = "found";

/** Who looks after a Deployment. */
export interface Adopter {
  readonly namespace: string;
  /** The Rollout object. */
  readonly name: string;
  readonly uid: string;
  /** The Deployment. */
  readonly deployment: string;
  /** Another one of its name is not looked after. */
  readonly deploymentUid: string | undefined;
}

/** The Deployment and its ReplicaSets, as they are known now. */
export class Adopted {
  readonly cluster: Cluster;
  readonly by: Adopter;

  constructor(cluster: Cluster, by: Adopter) {
    this.cluster = cluster;
    this.by = by;
  }

  get deployment(): Deployment | undefined {
    const found = this.cluster.deployments.get(this.by.namespace, this.by.deployment);
    return found?.metadata.uid === this.by.deploymentUid ? found : undefined;
  }

  /** ReplicaSets of the Deployment, and those that Serin holds for it. */
  sets(): readonly KnownSet[] {
    const { setsOf } = this.cluster;
    return [...setsOf.of(this.deployment?.metadata.uid), ...setsOf.of(this.by.uid)];
  }

  /** The pool that a ReplicaSet runs for this service, if it runs one. */
  poolOf({ metadata }: KnownSet): string | undefined {
    const [uid, of, pool] = metadata.annotations?.[POOL]?.split("/") ?? [];
    return uid === this.by.uid && of === this.deployment?.metadata.uid ? pool : undefined;
  }

  /** Whether it is the Rollout's, so that nobody but Serin looks after it. */
  isHeld(set: KnownSet): boolean {
    return ownerOf(set) === this.by.uid;
  }

  /** The ReplicaSet that runs a pool. */
  setOf(pool: string): KnownSet | undefined {
    return this.sets().find((set) => this.poolOf(set) === pool);
  }

  /** The pods of a pool that answer. */
  readyOf(pool: string): readonly string[] {
    const set = this.setOf(pool);
    const pods = set ? [...this.cluster.podsOf.of(set.metadata.uid)] : [];
    const answer = pods.filter(({ ready, ip, metadata }) => ready && ip && metadata.deletionTimestamp === undefined);
    return answer.map(({ metadata }) => metadata.name);
  }

  /** Whether pods of another pool than this one run, or shall: those that end may still answer. */
  hasOthers(pool: string | undefined): boolean {
    return this.sets().some((set) => {
      const own = this.poolOf(set);
      const isOther = own !== pool && (own !== undefined || this.isHeld(set));
      return isOther && (set.replicas > 0 || this.runsPods(set));
    });
  }

  /** Whether pods of a ReplicaSet are there, be it that they end. */
  runsPods({ metadata }: KnownSet): boolean {
    for (const { phase } of this.cluster.podsOf.of(metadata.uid))
      if (phase !== "Succeeded" && phase !== "Failed") return true;
    return false;
  }

  /**
   * What marks a ReplicaSet as running a pool. One of an earlier Deployment of the name is none of this one's. One that was
   * there before Serin, and has not been stable by it yet, is marked as such.
   */
  mark(pool: string, found?: typeof FOUND): Readonly<Record<string, string>> {
    const parts = [this.by.uid, this.deployment?.metadata.uid ?? "", pool];
    return { [POOL]: [...parts, ...(found ? [found] : [])].join("/") };
  }

  /** Whether it served before Serin came, and is no more than looked at yet. */
  isFound({ metadata }: KnownSet): boolean {
    return metadata.annotations?.[POOL]?.endsWith(`/${FOUND}`) ?? false;
  }

  /** Whether the Deployment controls it, so that its controller looks after it. */
  isGiven(set: KnownSet): boolean {
    return ownerOf(set) === this.deployment?.metadata.uid;
  }

  /** Takes in what was written, before the watch tells of it. */
  wrote(set: ReplicaSet): void {
    this.cluster.sets.wrote(set);
  }
}

/** Another Rollout than the one of this name that looks after a Deployment, if there is one. */
export function takenBy(
  { metadata }: Deployment,
  name: string,
  cluster: Pick<Cluster, "rollouts">,
): string | undefined {
  const other = metadata.annotations?.[ROLLOUT];
  return other !== undefined && other !== name && cluster.rollouts.get(metadata.namespace, other) ? other : undefined;
}

/** How many pods a Deployment shall have: what its owner has said, whatever Serin has scaled it to for the time being. */
export function fullSizeOf({ metadata, spec }: Deployment): number {
  const [own, written] = (metadata.annotations?.[REPLICAS] ?? "").split("/").map(Number);
  const now = spec.replicas ?? 1;
  // Another number than the one that was written is somebody's wish.
  return own !== undefined && now === written ? own : now;
}
