// Which version has which of the places that an object's pods have?
import type { Role } from "../../../core/split.ts";
import type { Revision } from "../../../core/world.ts";
import { answering, type Adopter, type Versions } from "../adopted.ts";
import { REVISION_LABEL, type PlacedObject } from "../client/objects.ts";
import type { Cluster, Placed } from "../cluster.ts";
import type { Dressed } from "../dress.ts";
import type { KnownPod, KnownRevision } from "../keep.ts";
import { isDeployment, revisionOfTemplate } from "../revision.ts";
import type { PlacedBy } from "./kind.ts";

/** What was written down last of a service whose versions share places. */
export interface Written {
  readonly pools: readonly { readonly pool: string; readonly role: Role | "former"; readonly revision: string }[];
  /** What is stable, be it that it runs nowhere for the time being. */
  readonly stable: { readonly pool: string; readonly revision: Revision } | undefined;
  /** Replicas that together carry all of the traffic, by the program. */
  readonly fullSize: number;
  /** Whether requests may go to the candidate. */
  readonly isExposed: boolean;
  /** Whether everything goes back to stable. */
  readonly isBack: boolean;
  /** The last candidate, where its rollout is over and has not made it stable. */
  readonly withdrawn: string | undefined;
}

/** Longer than a pod of a service takes to answer, or to end, once its time is over. */
const LOST_MS = 60_000;

interface PlacesOptions<S extends PlacedObject> {
  readonly placedBy: PlacedBy<S>;
  readonly known: Placed<S>;
  readonly written: () => Written;
}

/** An object that keeps pods in places, its pods and its revisions, as they are known now. A pool is whatever runs its revision. */
export class Places<S extends PlacedObject = PlacedObject> implements Versions {
  readonly label = REVISION_LABEL;
  readonly cluster: Cluster;
  readonly by: Adopter;
  readonly placedBy: PlacedBy<S>;
  readonly written: () => Written;
  readonly #known: Placed<S>;

  constructor(cluster: Cluster, by: Adopter, { placedBy, known, written }: PlacesOptions<S>) {
    this.cluster = cluster;
    this.by = by;
    this.placedBy = placedBy;
    this.#known = known;
    this.written = written;
  }

  get set(): S | undefined {
    const found = this.#known.sets.get(this.by.namespace, this.by.adoptee);
    return found?.metadata.uid === this.by.adopteeUid ? found : undefined;
  }

  /** Takes in what was written, before the watch tells of it. */
  wrote(set: S): void {
    this.#known.sets.wrote(set);
  }

  /** Pods that have not ended. */
  pods(): readonly KnownPod[] {
    const all = [...this.cluster.podsOf.of(this.set?.metadata.uid)];
    return all.filter(({ phase }) => phase !== "Succeeded" && phase !== "Failed");
  }

  /** Whether nobody waits for a pod any more: it does not answer, or does not end, as on a node that is down. */
  isLost({ ready, sinceMs, metadata }: KnownPod): boolean {
    const { deletionTimestamp } = metadata;
    const fromMs = deletionTimestamp === undefined ? (ready ? undefined : sinceMs) : Date.parse(deletionTimestamp);
    return fromMs !== undefined && this.cluster.clock.now() - fromMs > LOST_MS;
  }

  /** Those of them that nobody has asked to end. */
  live(): readonly KnownPod[] {
    return this.pods().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  /** The revision whose template a ControllerRevision has, by what pods of it are labelled with. */
  revisionNamed(name: string | undefined): string | undefined {
    return this.#revisions().find((known) => labelOf(known) === name)?.revision;
  }

  revisionOf({ metadata }: KnownPod): string | undefined {
    return this.revisionNamed(metadata.labels?.[REVISION_LABEL]);
  }

  /** The pool of whatever runs a revision; one that nobody wants any more is called by it. */
  poolOf(revision: string): string {
    const { pools, stable } = this.written();
    const known = pools.find((pool) => pool.revision === revision);
    return known?.pool ?? (stable?.revision.id === revision ? stable.pool : revision);
  }

  hashOf(pool: string): string | undefined {
    const { set } = this;
    const names = [...(set ? this.placedBy.named(set) : []), ...this.#revisions().map(labelOf)];
    return names.find((name) => {
      const revision = this.revisionNamed(name);
      return revision !== undefined && this.poolOf(revision) === pool;
    });
  }

  readyOf(pool: string): readonly string[] {
    return answering(this.pods().filter((pod) => this.#runs(pod, pool)));
  }

  hasOthers(pool: string | undefined): boolean {
    const { set } = this;
    if (this.pods().some((pod) => !this.#runs(pod, pool))) return true;
    return (
      set !== undefined && this.placedBy.isOpen(set) && this.poolOf(revisionOfTemplate(set.spec.template).id) !== pool
    );
  }

  /** The pods of a revision, and by which labels they are selected. */
  dressed(revision: string): Dressed {
    const labels = [...Object.keys(this.set?.spec.selector.matchLabels ?? {}), REVISION_LABEL];
    const pods = this.pods().filter((pod) => this.revisionOf(pod) === revision);
    return { pods, of: { what: `${this.placedBy.kind} ${this.by.adoptee}`, labels } };
  }

  #runs(pod: KnownPod, pool: string | undefined): boolean {
    const revision = this.revisionOf(pod);
    return revision !== undefined && this.poolOf(revision) === pool;
  }

  #revisions() {
    return [...this.#known.revisionsOf.of(this.set?.metadata.uid)];
  }
}

/** What tells pods of a ControllerRevision: a DaemonSet's have its label, a StatefulSet's its name. */
function labelOf({ metadata }: KnownRevision): string {
  return metadata.labels?.[REVISION_LABEL] ?? metadata.name;
}

/** The pod template that is a revision. */
export function templateOf({ id, template }: Revision) {
  if (!isDeployment(template)) throw new Error(`revision ${id} is no pod template`);
  return template.pod;
}
