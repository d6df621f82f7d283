// Which objects of a cluster are one service?
import { SerinError } from "../../core/issues.ts";
import type { AdoptedKind } from "../../core/spec/deployment.ts";
import { HASH_LABEL, type Adoptable, type Deployment, type ReplicaSet } from "./client/objects.ts";
import type { Cluster } from "./cluster.ts";
import type { Dressed } from "./dress.ts";
import type { KnownPod, KnownSet } from "./keep.ts";
import { markIn, marked } from "./mark.ts";
import { REPLICAS, ROLLOUT } from "./names.ts";
import { ownerOf } from "./owned.ts";

/** Who looks after a Deployment, a StatefulSet or a DaemonSet. */
export interface Adopter {
  readonly namespace: string;
  /** The Rollout object. */
  readonly name: string;
  readonly uid: string;
  /** What is looked after. */
  readonly adoptee: string;
  /** Another one of its name is not. */
  readonly adopteeUid: string | undefined;
}

/** Which pods are which version's, as far as a router asks. */
export interface Versions {
  readonly cluster: Cluster;
  readonly by: Pick<Adopter, "namespace">;
  /** The label by which pods of one version are told from those of another. */
  readonly label: string;
  /** Its value on a pool's pods, once it is known. */
  hashOf(pool: string): string | undefined;
  /** The pods of a pool that answer. */
  readyOf(pool: string): readonly string[];
  /** Whether pods of another pool than this one run, or shall: those that end may still answer. */
  hasOthers(pool: string | undefined): boolean;
}

/** The Deployment and its ReplicaSets, as they are known now. */
export class Adopted implements Versions {
  readonly label = HASH_LABEL;
  readonly cluster: Cluster;
  readonly by: Adopter;

  constructor(cluster: Cluster, by: Adopter) {
    this.cluster = cluster;
    this.by = by;
  }

  get deployment(): Deployment | undefined {
    const found = this.cluster.deployments.get(this.by.namespace, this.by.adoptee);
    return found?.metadata.uid === this.by.adopteeUid ? found : undefined;
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

  hashOf(pool: string): string | undefined {
    return this.setOf(pool)?.hash;
  }

  readyOf(pool: string): readonly string[] {
    const set = this.setOf(pool);
    return set ? answering(this.cluster.podsOf.of(set.metadata.uid)) : [];
  }

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

  /** The pods of a ReplicaSet, and by which labels they are selected. */
  dressed({ metadata }: KnownSet): Dressed {
    const { matchLabels = {} } = this.deployment?.spec.selector ?? {};
    const of = { what: `Deployment ${this.by.adoptee}`, labels: [...Object.keys(matchLabels), HASH_LABEL] };
    return { pods: this.cluster.podsOf.of(metadata.uid), of };
  }

  /** Takes in what was written, before the watch tells of it. */
  wrote(set: ReplicaSet): void {
    this.cluster.sets.wrote(set);
  }
}

/** Names of the pods that answer. */
export function answering(pods: Iterable<KnownPod>): readonly string[] {
  const answer = [...pods].filter(({ ready, ip, metadata }) => ready && ip && metadata.deletionTimestamp === undefined);
  return answer.map(({ metadata }) => metadata.name);
}

/** Another Rollout than the one of this name that looks after an object, if there is one. */
export function takenBy({ metadata }: Adoptable, name: string, cluster: Pick<Cluster, "rollouts">): string | undefined {
  const other = metadata.annotations?.[ROLLOUT];
  return other !== undefined && other !== name && cluster.rollouts.get(metadata.namespace, other) ? other : undefined;
}

/** Throws when another Rollout looks after it. */
export function refuseTaken(
  cluster: Pick<Cluster, "rollouts">,
  { kind, object, name }: { readonly kind: AdoptedKind; readonly object: Adoptable; readonly name: string },
): void {
  const other = takenBy(object, name, cluster);
  if (other === undefined) return;
  throw new SerinError({
    code: "SERIN_KUBE_TAKEN",
    what: `${kind} ${object.metadata.name} is looked after by Rollout ${other}`,
    now: "nothing was changed",
    next: "delete one of the two Rollouts",
  });
}

/**
 * How many pods it shall have: what its owner has said, whatever Serin has scaled it to for the time being; one on each node
 * that a DaemonSet names.
 */
export function fullSizeOf({ metadata, spec, status }: Adoptable): number {
  const [own, written] = (metadata.annotations?.[REPLICAS] ?? "").split("/").map(Number);
  const now = spec.replicas ?? status?.desiredNumberScheduled ?? 1;
  // Another number than the one that was written is somebody's wish.
  return own !== undefined && now === written ? own : now;
}
