// How do pools run as ReplicaSets of a Deployment?
import type { Call, Observed } from "../../ports/observed.ts";
import { ABSENT, seen, unreadable } from "../../ports/observed.ts";
import type { ReplicaLog, RunningPool, WantedPool, Workload } from "../../ports/workload.ts";
import type { AdoptedSpec } from "../../core/spec/deployment.ts";
import { SerinError } from "../../core/issues.ts";
import { ms } from "../../core/units.ts";
import { isConflict } from "./client/errors.ts";
import { HASH_LABEL, RESOURCES, type Deployment, type ReplicaSet } from "./client/objects.ts";
import { DEPLOYMENT_ABILITIES } from "./abilities.ts";
import { fullSizeOf, refuseTaken, type Adopted, type Versions } from "./adopted.ts";
import { dress } from "./dress.ts";
import type { KnownSet } from "./keep.ts";
import { POOL, REPLICAS, ROLLOUT } from "./names.ts";
import { podLogs } from "./pod-logs.ts";
import { replicasOf } from "./replica.ts";
import { isDeployment, labelled, portOf } from "./revision.ts";

/** On a ReplicaSet: its number among those that were the Deployment's current one, as its controller has counted them. */
const REVISION = "deployment.kubernetes.io/revision";

/** So long pods stay that get no requests any more. */
const HEARD_MS = 1_000;

/** What whoever runs pods in a cluster stands on. */
export interface WorkloadOptions<V extends Versions> {
  readonly adopted: V;
  /** The port that answers requests, as the file names it. */
  readonly port: () => number | string | undefined;
  /** What pods have for their version's role. */
  readonly podMetadata?: (() => AdoptedSpec["podMetadata"]) | undefined;
  /** Keeps requests away from pods of a version that is about to start. */
  readonly isolate?: ((call: Call) => Promise<void>) | undefined;
  /** Takes that back, once nothing but stable runs. */
  readonly settle?: ((call: Call) => Promise<void>) | undefined;
}

/**
 * Runs each pool as a ReplicaSet. What is stable belongs to the Deployment, which is paused, so that its controller keeps it at
 * its size and starts nothing. What is not belongs to the Rollout, and is given to the Deployment when it becomes stable:
 * the same pods go on, and the Deployment's controller finds its own template in them.
 */
export class DeploymentWorkload implements Workload {
  readonly kind = "deployment";
  readonly can = DEPLOYMENT_ABILITIES;
  readonly #options: WorkloadOptions<Adopted>;
  readonly #adopted: Adopted;
  /** Since when ReplicaSets shall go, by UID. */
  readonly #ending = new Map<string, number>();

  constructor(options: WorkloadOptions<Adopted>) {
    this.#options = options;
    this.#adopted = options.adopted;
  }

  observe(_call: Call): Promise<Observed<readonly RunningPool[]>> {
    const { cluster, deployment, by } = this.#look();
    const why = cluster.blind();
    if (why !== undefined) return Promise.resolve(unreadable(why));
    if (!deployment) return Promise.resolve(unreadable(`there is no Deployment ${by.adoptee} in ${by.namespace}`));
    const nowMs = ms(cluster.clock.now());
    const port = portOf(deployment.spec.template, this.#options.port()) ?? 0;
    const pools = this.#adopted.sets().flatMap((set): RunningPool[] => {
      // What an earlier Deployment of the name has left runs for nobody, and is seen until it has gone.
      const left = this.#adopted.isHeld(set) ? set.metadata.name : undefined;
      const pool = this.#adopted.poolOf(set) ?? left;
      if (pool === undefined) return [];
      const pods = [...cluster.podsOf.of(set.metadata.uid)];
      if (set.replicas === 0 && pods.length === 0) return [];
      return [{ pool, revision: set.revision, replicas: replicasOf(set, pods, { port, nowMs }) }];
    });
    return Promise.resolve(pools.length === 0 ? ABSENT : seen(pools));
  }

  async apply(pools: readonly WantedPool[], _busy: readonly string[], call: Call): Promise<void> {
    try {
      await this.#converge(pools, call);
    } catch (error) {
      // Somebody else has written: what it is now is looked at first.
      if (!isConflict(error)) throw error;
    }
  }

  logs(pool: string, lines: number, call: Call): Promise<readonly ReplicaLog[]> {
    const { cluster } = this.#adopted;
    const set = this.#adopted.setOf(pool);
    return podLogs(cluster, set ? [...cluster.podsOf.of(set.metadata.uid)] : [], { lines, call });
  }

  /** Sees to it that a pool's pods are the Deployment's, before what is not goes away. */
  async keep(pool: string | undefined, call: Call): Promise<void> {
    const { deployment } = this.#adopted;
    const set = pool === undefined ? undefined : this.#adopted.setOf(pool);
    if (!set || !deployment || this.#adopted.isGiven(set)) return;
    await this.#give(set, deployment, call);
    const held = this.#adopted.sets().filter((one) => this.#adopted.isHeld(one) && wasStable(one));
    for (const one of held) await this.#end(one, { deployment, stable: pool }, call);
  }

  async #converge(pools: readonly WantedPool[], call: Call): Promise<void> {
    const { deployment } = this.#look();
    // Nothing is made for a Deployment that is not there: whoever brings it back is seen.
    if (!deployment || deployment.metadata.deletionTimestamp !== undefined) return;
    await this.#brake(deployment, call);
    const wanted = new Map(pools.map((pool) => [pool.pool, pool]));
    const stable = pools.find(({ role }) => role === "stable")?.pool;
    for (const pool of pools) await this.#bring(pool, deployment, call);
    for (const set of this.#adopted.sets()) {
      const pool = this.#adopted.poolOf(set);
      if (pool === undefined && !this.#adopted.isHeld(set)) await this.#stray(set, stable, call);
      else if (pool === undefined || !wanted.has(pool)) await this.#end(set, { deployment, stable }, call);
    }
    const [only] = pools;
    if (only && pools.length === 1 && !this.#adopted.hasOthers(only.pool)) await this.#options.settle?.(call);
    // Last: labels of one's own keep nothing else from being done.
    for (const pool of pools) await this.#dress(pool, call);
  }

  async #dress({ pool, role }: WantedPool, call: Call): Promise<void> {
    const metadata = this.#options.podMetadata?.();
    const set = this.#adopted.setOf(pool);
    if (set) await dress(this.#adopted.cluster, { ...this.#adopted.dressed(set), role, metadata }, call);
  }

  #look() {
    const { cluster, deployment, by } = this.#adopted;
    return { cluster, deployment, by };
  }

  /** Holds the Deployment, so that a changed template starts nothing by itself. */
  async #brake({ metadata, spec }: Deployment, call: Call): Promise<void> {
    const { by, cluster } = this.#adopted;
    if (spec.paused && metadata.annotations?.[ROLLOUT] === by.name) return;
    refuseTaken(cluster, { kind: "Deployment", object: { metadata, spec }, name: by.name });
    const patch = { metadata: { annotations: { [ROLLOUT]: by.name } }, spec: { paused: true } };
    const { namespace, name } = metadata;
    cluster.deployments.wrote(
      await cluster.client.merge({ resource: RESOURCES.deployments, namespace, name }, patch, call),
    );
  }

  async #bring(wanted: WantedPool, deployment: Deployment, call: Call): Promise<void> {
    const set = this.#adopted.setOf(wanted.pool) ?? (await this.#find(wanted, call));
    if (!set) return this.#make(wanted, deployment, call);
    this.#ending.delete(set.metadata.uid ?? "");
    if (this.#adopted.isGiven(set)) {
      const isTaken = wanted.role === "stable" && this.#adopted.isFound(set);
      if (isTaken) await this.#patch(set, { metadata: { annotations: this.#adopted.mark(wanted.pool) } }, call);
      return this.#resize(wanted.size, deployment, call);
    }
    if (wanted.role === "stable") return this.#give(set, deployment, call);
    if (set.replicas !== wanted.size) await this.#patch(set, { spec: { replicas: wanted.size } }, call);
  }

  /** A ReplicaSet that runs the revision already, and no pool: the one that the Deployment had when it was adopted. */
  async #find({ pool, revision }: WantedPool, call: Call): Promise<KnownSet | undefined> {
    const own = this.#adopted.sets().filter((set) => this.#adopted.isGiven(set) && set.replicas > 0);
    if (own.some((set) => this.#adopted.poolOf(set) !== undefined)) return undefined;
    const set = own.find((one) => one.revision === revision.id);
    return set && this.#patch(set, { metadata: { annotations: this.#adopted.mark(pool, true) } }, call);
  }

  async #make({ pool, revision, size }: WantedPool, deployment: Deployment, call: Call): Promise<void> {
    const { template } = revision;
    if (!isDeployment(template)) throw new Error(`pool ${pool} is no pod template`);
    const { by, cluster } = this.#adopted;
    await this.#options.isolate?.(call);
    const hash = `${revision.id}-${pool.replace(/-canary$/u, "")}`;
    const pod = labelled(template.pod, hash);
    const { matchLabels = {}, ...selector } = deployment.spec.selector;
    const set: ReplicaSet = {
      metadata: {
        namespace: by.namespace,
        name: `${by.adoptee}-${hash}`,
        labels: { [ROLLOUT]: by.name },
        annotations: this.#adopted.mark(pool),
        ownerReferences: [this.#owner()],
      },
      spec: {
        replicas: size,
        ...(deployment.spec.minReadySeconds === undefined ? {} : { minReadySeconds: deployment.spec.minReadySeconds }),
        selector: { ...selector, matchLabels: { ...matchLabels, [HASH_LABEL]: hash } },
        template: pod,
      },
    };
    try {
      this.#adopted.wrote(await cluster.client.create(RESOURCES.replicaSets, set, call));
    } catch (error) {
      if (!isConflict(error)) throw error;
      await this.#makeRoom(set, call);
    }
  }

  #owner() {
    const { name, uid } = this.#adopted.by;
    return { apiVersion: "serin.dev/v1", kind: "Rollout", name, uid, controller: true, blockOwnerDeletion: true };
  }

  /** An empty one of the same name is of an earlier Rollout, and only history. */
  async #makeRoom({ metadata: { namespace, name } }: ReplicaSet, call: Call): Promise<void> {
    const { cluster } = this.#adopted;
    const there = await cluster.client.get<ReplicaSet>(RESOURCES.replicaSets, { namespace, name }, call);
    if (!there || there.metadata.annotations?.[POOL]?.startsWith(`${this.#adopted.by.uid}/`)) return;
    if (there.spec.replicas === 0) return cluster.client.delete(RESOURCES.replicaSets, { namespace, name }, call);
    throw new SerinError({
      code: "SERIN_KUBE_TAKEN",
      what: `a ReplicaSet ${name} is there already, and somebody else's`,
      now: "the candidate is not started",
      next: `kubectl -n ${namespace} delete replicaset ${name}`,
    });
  }

  /** The Deployment's controller keeps what is given to it at the Deployment's size. */
  async #resize(size: number, deployment: Deployment, call: Call): Promise<void> {
    const { cluster } = this.#adopted;
    const { namespace, name, resourceVersion, annotations } = deployment.metadata;
    const full = fullSizeOf(deployment);
    const now = deployment.spec.replicas ?? 1;
    const isReduced = annotations?.[REPLICAS] !== undefined;
    // Of its own size the Deployment has it from whoever scales it; that one is followed, not led.
    const target = size >= full || full === 0 ? full : size;
    if (target === now && isReduced === target < full) return;
    const mark = target < full ? `${full}/${target}` : null;
    const patch = { metadata: { resourceVersion, annotations: { [REPLICAS]: mark } }, spec: { replicas: target } };
    cluster.deployments.wrote(
      await cluster.client.merge({ resource: RESOURCES.deployments, namespace, name }, patch, call),
    );
  }

  /**
   * Makes a ReplicaSet the Deployment's. First those that it had are let go, so that it never divides itself between two, and
   * finds its own number again before it has anything to bring to it. The empty ones too: of those that are left without one
   * that runs, its controller would bring the newest back. They become its history again afterwards.
   */
  async #give(set: KnownSet, deployment: Deployment, call: Call): Promise<void> {
    const isReduced = deployment.metadata.annotations?.[REPLICAS] !== undefined;
    for (const other of this.#adopted.sets()) {
      if (!this.#adopted.isGiven(other)) continue;
      // Of two with one template the Deployment's controller would take the older, which is empty.
      if (other.replicas === 0 && other.revision === set.revision) await this.#delete(other, call);
      else await this.#patch(other, this.#held(), call);
    }
    if (isReduced) await this.#resize(fullSizeOf(deployment), deployment, call);
    await this.#patch(set, this.#given(set, deployment), call);
  }

  /** What makes a ReplicaSet Serin's: labels that the Deployment does not select, and an owner. */
  #held() {
    const { by, deployment } = this.#adopted;
    const matched = Object.keys(deployment?.spec.selector.matchLabels ?? {});
    const off = Object.fromEntries([...matched, HASH_LABEL].map((name) => [name, null]));
    return { metadata: { labels: { ...off, [ROLLOUT]: by.name }, ownerReferences: [this.#owner()] } };
  }

  /** What makes it the Deployment's. */
  #given(set: KnownSet, { metadata }: Deployment) {
    const owner = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      name: metadata.name,
      uid: metadata.uid ?? "",
      controller: true,
      blockOwnerDeletion: true,
    };
    return { metadata: { labels: { [ROLLOUT]: null, ...set.podLabels }, ownerReferences: [owner] } };
  }

  /** A pool that is not wanted any more: what was stable becomes history, what was a candidate goes. */
  async #end(
    set: KnownSet,
    { deployment, stable }: { readonly deployment: Deployment; readonly stable: string | undefined },
    call: Call,
  ): Promise<void> {
    // What served before Serin came goes on when it could not be adopted.
    if (this.#adopted.isFound(set)) {
      await this.#patch(set, { metadata: { annotations: { [POOL]: null } } }, call);
      return;
    }
    if (this.#adopted.isGiven(set)) {
      if (set.replicas === 0) return;
      // It is stable still, in the way of one that is stopped before the next one starts.
      if (stable === undefined) return this.#resize(0, deployment, call);
      return this.#stray(set, stable, call);
    }
    if (!this.#isHeard(set)) return;
    if (!wasStable(set)) return this.#fade(set, call);
    await this.#patch(set, { ...this.#given(set, deployment), spec: { replicas: 0 } }, call);
  }

  /** Whoever passes requests on hears a moment later that pods shall get none any more: they answer for so long. */
  #isHeard({ metadata: { uid = "" } }: KnownSet): boolean {
    const { clock, podsOf } = this.#adopted.cluster;
    const sinceMs = this.#ending.get(uid) ?? clock.now();
    this.#ending.set(uid, sinceMs);
    return clock.now() - sinceMs >= HEARD_MS || ![...podsOf.of(uid)].some(({ ready }) => ready);
  }

  /** Its pods go first: as long as one answers, the ReplicaSet says to whom it belongs. */
  async #fade(set: KnownSet, call: Call): Promise<void> {
    if (set.replicas > 0) await this.#patch(set, { spec: { replicas: 0 } }, call);
    else if (!this.#adopted.runsPods(set)) await this.#delete(set, call);
  }

  /**
   * One that runs beside the stable one, in the Deployment's hands, and that nobody here has asked for: the brake was off for
   * a moment. With it gone its controller brings the stable one back to its size.
   */
  async #stray(set: KnownSet, stable: string | undefined, call: Call): Promise<void> {
    const own = stable === undefined ? undefined : this.#adopted.setOf(stable);
    if (!own || set.replicas === 0 || !this.#adopted.isGiven(set)) return;
    const { metadata } = this.#held();
    // One that never was a pool is no history either.
    const annotations = this.#adopted.poolOf(set) === undefined ? { [REVISION]: null } : {};
    await this.#patch(set, { metadata: { ...metadata, annotations }, spec: { replicas: 0 } }, call);
  }

  async #delete({ metadata: { namespace, name, uid } }: KnownSet, call: Call): Promise<void> {
    this.#ending.delete(uid ?? "");
    await this.#adopted.cluster.client.delete(RESOURCES.replicaSets, { namespace, name, uid }, call);
  }

  /** Changes a ReplicaSet as it is known, or not at all: another one's write in between is looked at first. */
  async #patch(
    set: KnownSet,
    patch: { readonly metadata?: object; readonly spec?: object },
    call: Call,
  ): Promise<KnownSet | undefined> {
    const { namespace, name, resourceVersion } = set.metadata;
    const { cluster } = this.#adopted;
    const body = { ...patch, metadata: { ...patch.metadata, resourceVersion } };
    this.#adopted.wrote(await cluster.client.merge({ resource: RESOURCES.replicaSets, namespace, name }, body, call));
    return cluster.sets.get(namespace, name);
  }
}

/** Whether the Deployment had it once, as its current one: its controller numbers those. */
function wasStable({ metadata }: KnownSet): boolean {
  return metadata.annotations?.[REVISION] !== undefined;
}
