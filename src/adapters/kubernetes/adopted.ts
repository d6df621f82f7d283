// Which objects of a cluster are one service?
import type { Deployment, ReplicaSet } from "./client/objects.ts";
import type { Cluster } from "./cluster.ts";
import type { KnownSet } from "./keep.ts";
import { markIn, marked } from "./mark.ts";
import { REPLICAS, ROLLOUT } from "./names.ts";
import { ownerOf } from "./owned.ts";

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
    const mark = markIn(metadata.annotations);
    const isOwn = mark?.rollout === this.by.uid && mark.deployment === this.deployment?.metadata.uid;
    return isOwn ? mark.pool : undefined;
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
  mark(pool: string, found = false): Readonly<Record<string, string>> {
    return marked({ rollout: this.by.uid, deployment: this.deployment?.metadata.uid ?? "", pool, found });
  }

  /** Whether it served before Serin came, and is no more than looked at yet. */
  isFound({ metadata }: KnownSet): boolean {
    return markIn(metadata.annotations)?.found ?? false;
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
