// How do pools run in the places of a StatefulSet?
import type { Call, Observed } from "../../../ports/observed.ts";
import { ABSENT, seen, unreadable } from "../../../ports/observed.ts";
import type { ReplicaLog, RunningPool, WantedPool, Workload } from "../../../ports/workload.ts";
import { ms } from "../../../core/units.ts";
import { STATEFUL_SET_ABILITIES } from "../abilities.ts";
import { fullSizeOf, refuseTaken } from "../adopted.ts";
import { isConflict } from "../client/errors.ts";
import { RESOURCES, type StatefulSet } from "../client/objects.ts";
import { dress } from "../dress.ts";
import type { KnownPod } from "../keep.ts";
import { REPLICAS, ROLLOUT, STRATEGY } from "../names.ts";
import { podLogs } from "../pod-logs.ts";
import { replicasOf } from "../replica.ts";
import { bare, portOf } from "../revision.ts";
import type { WorkloadOptions } from "../workload.ts";
import { partitionOf, templateOf, type Places } from "./places.ts";
import { goingNow, planOf, type PlacePlan } from "./plan.ts";

/**
 * Gives each pool places of the StatefulSet, whose controller makes all pods. Its brake is the partition: above all places, so
 * that a changed template starts nothing and a lost pod comes back as it was; at the candidate's first place only while a pod
 * of the candidate is missing.
 */
export class StatefulSetWorkload implements Workload {
  readonly kind = "statefulSet";
  readonly can = STATEFUL_SET_ABILITIES;
  readonly #options: WorkloadOptions<Places>;
  readonly #places: Places;

  constructor(options: WorkloadOptions<Places>) {
    this.#options = options;
    this.#places = options.adopted;
  }

  observe(_call: Call): Promise<Observed<readonly RunningPool[]>> {
    const { cluster, set, by } = this.#places;
    const why = cluster.blind();
    if (why !== undefined) return Promise.resolve(unreadable(why));
    if (!set) return Promise.resolve(unreadable(`there is no StatefulSet ${by.adoptee} in ${by.namespace}`));
    const at = { port: portOf(set.spec.template, this.#options.port()) ?? 0, nowMs: ms(cluster.clock.now()) };
    const known = { metadata: set.metadata, replicas: 0, minReadySeconds: set.spec.minReadySeconds ?? 0 };
    const pods = Map.groupBy(this.#places.pods(), (pod) => this.#places.revisionOf(pod));
    const pools = [...pods].flatMap(([revision, some]): RunningPool[] => {
      if (revision === undefined) return [];
      return [{ pool: this.#places.poolOf(revision), revision, replicas: replicasOf(known, some, at) }];
    });
    return Promise.resolve(pools.length === 0 ? ABSENT : seen(pools));
  }

  logs(pool: string, lines: number, call: Call): Promise<readonly ReplicaLog[]> {
    const places = this.#places;
    const isOf = (revision: string | undefined): boolean => revision !== undefined && places.poolOf(revision) === pool;
    const pods = places.pods().filter((pod) => isOf(places.revisionOf(pod)));
    return podLogs(places.cluster, pods, { lines, call });
  }

  async apply(pools: readonly WantedPool[], _busy: readonly string[], call: Call): Promise<void> {
    try {
      await this.#converge(pools, call);
    } catch (error) {
      // Somebody else has written: what it is now is looked at first.
      if (!isConflict(error)) throw error;
    }
  }

  async #converge(pools: readonly WantedPool[], call: Call): Promise<void> {
    const { set, cluster, by, written } = this.#places;
    // Nothing is written for one that is not there: whoever brings it back is seen.
    if (!set || set.metadata.deletionTimestamp !== undefined) return;
    refuseTaken(cluster, { kind: "StatefulSet", object: set, name: by.name });
    const plan = planOf(this.#places, set, pools);
    if (!plan) return;
    const candidate = pools.find(({ role }) => role === "canary");
    if (candidate && !written().isExposed) await this.#options.isolate?.(call);
    const stable = pools.find(({ role }) => role === "stable");
    if (plan.restores && stable) await this.#restore(set, stable, call);
    else await this.#write(set, plan, call);
    for (const pod of goingNow(this.#places, plan)) await this.#end(pod, call);
    const [only] = pools;
    if (only && pools.length === 1 && !this.#places.hasOthers(only.pool)) await this.#options.settle?.(call);
    // Last: labels of one's own keep nothing else from being done.
    const metadata = this.#options.podMetadata?.();
    for (const { revision, role } of pools)
      await dress(cluster, { ...this.#places.dressed(revision.id), role, metadata }, call);
  }

  /** One write, on what is known of it: with a template that was changed meanwhile no place is opened. */
  async #write(set: StatefulSet, { replicas, partition }: PlacePlan, call: Call): Promise<void> {
    const { cluster, by } = this.#places;
    const { annotations = {}, resourceVersion, namespace, name } = set.metadata;
    const full = fullSizeOf(set);
    const mark = replicas < full ? `${full}/${replicas}` : undefined;
    const isOurs = annotations[ROLLOUT] === by.name;
    const isSame = isOurs && partitionOf(set) === partition && annotations[REPLICAS] === mark;
    if (isSame && (set.spec.replicas ?? 1) === replicas) return;
    const patch = {
      metadata: {
        resourceVersion,
        annotations: {
          [ROLLOUT]: by.name,
          [REPLICAS]: mark ?? null,
          [STRATEGY]: annotations[STRATEGY] ?? JSON.stringify(set.spec.updateStrategy ?? {}),
        },
      },
      spec: { replicas, updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition } } },
    };
    const at = { resource: RESOURCES.statefulSets, namespace, name };
    this.#places.wrote(await cluster.client.merge<StatefulSet>(at, patch, call));
  }

  /** Whatever a template has besides is gone with it: it is written as a whole. */
  async #restore({ metadata }: StatefulSet, { revision }: WantedPool, call: Call): Promise<void> {
    const { client } = this.#places.cluster;
    const { namespace, name, resourceVersion } = metadata;
    const fresh = await client.get<StatefulSet>(RESOURCES.statefulSets, { namespace, name }, call);
    if (!fresh || fresh.metadata.resourceVersion !== resourceVersion) return;
    const next = { ...fresh, spec: { ...fresh.spec, template: bare(templateOf(revision)) } };
    this.#places.wrote(await client.replace(RESOURCES.statefulSets, next, call));
  }

  async #end({ metadata: { namespace, name, uid } }: KnownPod, call: Call): Promise<void> {
    await this.#places.cluster.client.delete(RESOURCES.pods, { namespace, name, uid }, call);
  }
}
