// What is known of a cluster, and who is told when it changes?
import type { AdoptedKind } from "../../core/spec/deployment.ts";
import type { Clock } from "../../ports/clock.ts";
import { KubeClient } from "./client/client.ts";
import { Connection, type ConnectionOptions } from "./client/connection.ts";
import { Informer, slim, type Heard, type InformerOptions, type Kept } from "./client/informer.ts";
import {
  RESOURCES,
  type Adoptable,
  type ControllerRevision,
  type DaemonSet,
  type Deployment,
  type KubeObject,
  type PlacedObject,
  type Pod,
  type ReplicaSet,
  type Resource,
  type RolloutObject,
  type Service,
  type StatefulSet,
} from "./client/objects.ts";
import {
  knownContent,
  knownDaemonSet,
  knownDeployment,
  knownPod,
  knownRevision,
  knownRollout,
  knownSet,
  knownStatefulSet,
  type KnownContent,
  type KnownPod,
  type KnownRevision,
  type KnownSet,
} from "./keep.ts";
import { Owned, ownerOf } from "./owned.ts";

export interface ClusterOptions extends ConnectionOptions {
  readonly clock: Clock;
  /** Only this namespace; all of them without it. */
  readonly only?: string | undefined;
}

/** Kinds of objects whose versions share places. */
export type PlacedKind = Exclude<AdoptedKind, "Deployment">;

/** Objects of such a kind, and the revisions of their templates. */
export interface Placed<S extends PlacedObject = PlacedObject> {
  readonly sets: Pick<Informer<S>, "get" | "wrote" | "values">;
  readonly revisionsOf: Owned<KnownRevision>;
}

/** Objects that may be adopted, all of one kind. */
export interface Adoptees {
  readonly resource: Resource;
  readonly known: Pick<Informer<Adoptable>, "get" | "wrote">;
}

/** Where objects are kept that may be adopted. */
export const RESOURCE_OF: Readonly<Record<AdoptedKind, Resource>> = {
  Deployment: RESOURCES.deployments,
  StatefulSet: RESOURCES.statefulSets,
  DaemonSet: RESOURCES.daemonSets,
};

type Stopping = Pick<Informer<KubeObject>, "stop">;

/** So long may nothing be heard of the API server until what is known of pods is called unreadable. */
const BLIND_MS = 30_000;

/** A cluster's objects as far as Serin needs them, by one watch per kind for all services. */
export class Cluster {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly only: string | undefined;
  readonly deployments: Informer<Deployment>;
  readonly sets: Informer<ReplicaSet, KnownSet>;
  readonly pods: Informer<Pod, KnownPod>;
  readonly services: Informer<Service>;
  readonly rollouts: Informer<RolloutObject>;
  readonly setsOf = new Owned<KnownSet>();
  readonly podsOf = new Owned<KnownPod>();
  readonly #revisionsOf = new Owned<KnownRevision>();
  readonly #revisions = new Map<Resource, Promise<Informer<ControllerRevision, KnownRevision>>>();
  readonly #statefulSets = new Map<Resource, Promise<Informer<StatefulSet>>>();
  readonly #daemonSets = new Map<Resource, Promise<Informer<DaemonSet>>>();
  readonly #more = new Map<Resource, Promise<Informer<KubeObject>>>();
  readonly #contents = new Map<Resource, Promise<Informer<KubeObject, KnownContent>>>();
  #any: ((key: string) => void) | undefined;

  constructor(options: ClusterOptions) {
    this.clock = options.clock;
    this.only = options.only;
    this.client = new KubeClient(new Connection(options));
    const told = (resource: Resource) => (_change: unknown, object: Kept) => this.tell(resource, object);
    const { deployments, replicaSets, pods, services } = RESOURCES;
    this.deployments = this.#informer({ resource: deployments, keep: knownDeployment, heard: told(deployments) });
    this.sets = this.#informer({ resource: replicaSets, keep: knownSet, heard: this.#owned(this.setsOf) });
    this.pods = this.#informer({
      resource: pods,
      keep: knownPod,
      heard: (change, pod, before) => {
        this.podsOf.hear(change, pod, before);
        // Whoever looks after whoever makes pods is told of them.
        this.#call(this.#keeperOf(pod));
      },
    });
    this.rollouts = this.#informer({
      resource: RESOURCES.rollouts,
      keep: knownRollout,
      heard: (change, rollout, before) => {
        // Its status is written here, and asks for nothing.
        if (change === "gone" || !before || asksOtherwise(rollout, before)) this.tell(RESOURCES.rollouts, rollout);
      },
    });
    this.services = this.#informer<Service>({ resource: services, keep: slim, heard: told(services) });
  }

  #informer<R extends KubeObject, T extends Kept = R>(options: InformerOptions<R, T>): Informer<R, T> {
    return new Informer(this.client, this.clock, { ...options, namespace: this.only });
  }

  #keeperOf({ metadata }: Kept): string | undefined {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller);
    if (owner?.kind !== "ReplicaSet") return owner?.uid;
    const set = this.sets.get(metadata.namespace, owner.name);
    return set && ownerOf(set);
  }

  /** Calls whoever looks after the one that controls an object. */
  #owned<T extends Kept>(by: Owned<T>): Heard<T> {
    return (change, object, before) => {
      by.hear(change, object, before);
      const [now, was] = [ownerOf(object), before && ownerOf(before)];
      this.#call(now);
      if (was !== now) this.#call(was);
    };
  }

  get #own() {
    return [this.rollouts, this.deployments, this.sets, this.pods, this.services];
  }

  /** Resolves when everything has been read once. */
  async start(): Promise<void> {
    await Promise.all(this.#own.map((informer) => informer.start()));
  }

  async stop(): Promise<void> {
    const lazy: readonly ReadonlyMap<Resource, Promise<Stopping>>[] = [
      this.#more,
      this.#contents,
      this.#revisions,
      this.#statefulSets,
      this.#daemonSets,
    ];
    const begun = lazy.flatMap((known) => Array.from(known.values()));
    const more = await Promise.all(begun.map((made) => made.catch(() => undefined)));
    await Promise.all([...this.#own, ...more].map(async (informer) => informer?.stop()));
    this.client.connection.close();
  }

  /** StatefulSets and their revisions, watched from the first question on. Rejects when they may not be read. */
  statefulSets(): Promise<Placed<StatefulSet>> {
    return this.#placed(this.#statefulSets, { resource: RESOURCES.statefulSets, keep: knownStatefulSet });
  }

  /** DaemonSets, likewise. */
  daemonSets(): Promise<Placed<DaemonSet>> {
    return this.#placed(this.#daemonSets, { resource: RESOURCES.daemonSets, keep: knownDaemonSet });
  }

  async #placed<S extends PlacedObject>(
    known: Map<Resource, Promise<Informer<S>>>,
    { resource, keep }: Pick<InformerOptions<S, S>, "resource" | "keep">,
  ): Promise<Placed<S>> {
    const revisionsOf = this.#revisionsOf;
    const [sets] = await Promise.all([
      this.#begun(known, { resource, keep, heard: (_change, set) => this.tell(resource, set) }),
      this.#begun(this.#revisions, {
        resource: RESOURCES.controllerRevisions,
        keep: knownRevision,
        heard: this.#owned(revisionsOf),
      }),
    ]);
    return { sets, revisionsOf };
  }

  /** Objects of a kind that is adopted. Rejects when they may not be read. */
  async adoptees(kind: AdoptedKind): Promise<Adoptees> {
    return { resource: RESOURCE_OF[kind], known: kind === "Deployment" ? this.deployments : await this.#sets(kind) };
  }

  async #sets(kind: PlacedKind): Promise<Adoptees["known"]> {
    return (await (kind === "StatefulSet" ? this.statefulSets() : this.daemonSets())).sets;
  }

  /** Objects of a further kind, watched from the first question on. Rejects when the cluster does not know the kind. */
  more(resource: Resource): Promise<Informer<KubeObject>> {
    const heard = (_change: unknown, object: Kept): void => this.tell(resource, object);
    return this.#begun(this.#more, { resource, keep: slim, heard });
  }

  /** ConfigMaps or Secrets by their contents, watched from the first question on. Rejects when they may not be read. */
  contents(resource: Resource): Promise<Informer<KubeObject, KnownContent>> {
    const heard: Heard<KnownContent> = (change, object, before) => {
      if (change === "gone" || before?.content !== object.content) this.tell(resource, object);
    };
    return this.#begun(this.#contents, { resource, keep: knownContent, heard });
  }

  /** The informer that there is, or a new one once it has read everything; after a failure it is begun again. */
  #begun<R extends KubeObject, T extends Kept>(
    known: Map<Resource, Promise<Informer<R, T>>>,
    options: InformerOptions<R, T>,
  ): Promise<Informer<R, T>> {
    const { resource } = options;
    const there = known.get(resource);
    if (there) return there;
    const informer = this.#informer(options);
    const made = informer.start().then(
      () => informer,
      (error: unknown) => {
        known.delete(resource);
        throw error;
      },
    );
    known.set(resource, made);
    return made;
  }

  /** Why nothing can be said of what runs: the API server has been away for too long. */
  blind(): string | undefined {
    for (const informer of [this.sets, this.pods]) {
      const stale = informer.stale();
      if (stale && stale.forMs > BLIND_MS) return `the cluster cannot be read: ${stale.why}`;
    }
    return undefined;
  }

  /** Calls back when a Rollout, a Deployment, or anything that one of them controls, changes. */
  onAny(hear: (key: string) => void): void {
    this.#any = hear;
  }

  /** Calls whoever listens to an object. */
  tell({ plural }: Resource, { metadata }: Kept): void {
    this.#call(`${plural}/${metadata.namespace ?? ""}/${metadata.name}`);
  }

  #call(key: string | undefined): void {
    if (key !== undefined) this.#any?.(key);
  }
}

/** Whether a Rollout asks for something else than it did: its spec, a note on it, or that it goes. */
function asksOtherwise({ metadata }: RolloutObject, { metadata: before }: RolloutObject): boolean {
  const asked = ({ uid, generation, annotations, finalizers, deletionTimestamp }: typeof metadata): string =>
    JSON.stringify([uid, generation, annotations, finalizers, deletionTimestamp]);
  return asked(metadata) !== asked(before);
}
