// How do pools run in the places that an object's pods have?
import type { Call, Observed } from "../../../ports/observed.ts";
import { ABSENT, seen, unreadable } from "../../../ports/observed.ts";
import type { ReplicaLog, RunningPool, WantedPool, Workload } from "../../../ports/workload.ts";
import { ms } from "../../../core/units.ts";
import type { Revision } from "../../../core/world.ts";
import { fullSizeOf, refuseTaken } from "../adopted.ts";
import { isConflict } from "../client/errors.ts";
import { RESOURCES, type PlacedObject } from "../client/objects.ts";
import { dress } from "../dress.ts";
import { noteFor, withTemplate } from "../held.ts";
import type { KnownPod } from "../keep.ts";
import { REPLICAS, ROLLOUT, STRATEGY, TEMPLATE } from "../names.ts";
import { podLogs } from "../pod-logs.ts";
import { replicasOf } from "../replica.ts";
import { portOf } from "../revision.ts";
import type { WorkloadOptions } from "../workload.ts";
import { goingNow, type PlacePlan } from "./kind.ts";
import type { Places } from "./places.ts";

/** Gives each pool places of an object whose own controller makes all pods. How is its kind's matter. */
export class PlacedWorkload<S extends PlacedObject> implements Workload {
  readonly kind;
  readonly can;
  readonly #options: WorkloadOptions<Places<S>>;
  readonly #places: Places<S>;

  constructor(options: WorkloadOptions<Places<S>>) {
    this.#options = options;
    this.#places = options.adopted;
    this.kind = options.adopted.placedBy.workload;
    this.can = options.adopted.placedBy.can;
  }

  observe(_call: Call): Promise<Observed<readonly RunningPool[]>> {
    const { cluster, set, by, placedBy } = this.#places;
    const why = cluster.blind();
    if (why !== undefined) return Promise.resolve(unreadable(why));
    if (!set) return Promise.resolve(unreadable(`there is no ${placedBy.kind} ${by.adoptee} in ${by.namespace}`));
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
    const { set, cluster, by, written, placedBy } = this.#places;
    // Nothing is written for one that is not there: whoever brings it back is seen.
    if (!set || set.metadata.deletionTimestamp !== undefined) return;
    refuseTaken(cluster, { kind: placedBy.kind, object: set, name: by.name });
    const plan = placedBy.planOf(this.#places, set, pools);
    if (!plan) return;
    const stable = pools.find(({ role }) => role === "stable")?.pool;
    // Also what came back of another version by itself is asked by nobody who was not meant to ask it.
    const hasOthers = pools.some(({ role }) => role === "canary") || this.#places.hasOthers(stable);
    if (hasOthers && !written().isExposed) await this.#options.isolate?.(call);
    if (plan.template) await this.#give(set, plan.template, call);
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
  async #write(set: S, { replicas, strategy, isSet }: PlacePlan, call: Call): Promise<void> {
    const { cluster, by, placedBy } = this.#places;
    const { annotations = {}, resourceVersion, namespace, name } = set.metadata;
    const full = fullSizeOf(set);
    const mark = replicas < full ? `${full}/${replicas}` : undefined;
    const isOurs = annotations[ROLLOUT] === by.name;
    const isScaled = set.spec.replicas !== undefined && set.spec.replicas !== replicas;
    const note = noteFor(set);
    const isNoted = annotations[REPLICAS] === mark && annotations[TEMPLATE] === note;
    if (isOurs && isSet && isNoted && !isScaled) return;
    const patch = {
      metadata: {
        resourceVersion,
        annotations: {
          [ROLLOUT]: by.name,
          [REPLICAS]: mark ?? null,
          [TEMPLATE]: note ?? null,
          [STRATEGY]: annotations[STRATEGY] ?? JSON.stringify(set.spec.updateStrategy ?? {}),
        },
      },
      spec: { updateStrategy: strategy, ...(isScaled && { replicas }) },
    };
    const at = { resource: placedBy.resource, namespace, name };
    this.#places.wrote(await cluster.client.merge<S>(at, patch, call));
  }

  /** Whatever a template has besides is gone with it: it is written as a whole. */
  async #give({ metadata }: S, revision: Revision, call: Call): Promise<void> {
    const { cluster, placedBy } = this.#places;
    const { namespace, name, resourceVersion } = metadata;
    const fresh = await cluster.client.get<S>(placedBy.resource, { namespace, name }, call);
    if (!fresh || fresh.metadata.resourceVersion !== resourceVersion) return;
    this.#places.wrote(await cluster.client.replace(placedBy.resource, withTemplate(fresh, revision), call));
  }

  async #end({ metadata: { namespace, name, uid } }: KnownPod, call: Call): Promise<void> {
    await this.#places.cluster.client.delete(RESOURCES.pods, { namespace, name, uid }, call);
  }
}
