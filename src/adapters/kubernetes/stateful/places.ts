// Which version has which of a StatefulSet's places?
import type { Role } from "../../../core/split.ts";
import type { Revision } from "../../../core/world.ts";
import { answering, type Adopter, type Versions } from "../adopted.ts";
import { REVISION_LABEL, type StatefulSet } from "../client/objects.ts";
import type { Cluster, StatefulSets } from "../cluster.ts";
import type { Dressed } from "../dress.ts";
import type { KnownPod } from "../keep.ts";
import { isDeployment, revisionOfTemplate } from "../revision.ts";

/** What was written down last of a service whose versions share places. */
export interface Written {
  readonly pools: readonly { readonly pool: string; readonly role: Role | "former"; readonly revision: string }[];
  /** What is stable, be it that it runs nowhere for the time being. */
  readonly stable: { readonly pool: string; readonly revision: Revision } | undefined;
  /** Replicas that together carry all of the traffic, by the program. */
  readonly fullSize: number;
  /** Whether requests may go to the candidate. */
  readonly isExposed: boolean;
}

/** While the partition is this, no pod changes, whatever the template and however many there are. */
export const BRAKE = 2_147_483_647;

/** A StatefulSet, its pods and its revisions, as they are known now. A pool is whatever runs its revision. */
export class Places implements Versions {
  readonly label = REVISION_LABEL;
  readonly cluster: Cluster;
  readonly by: Adopter;
  readonly written: () => Written;
  readonly #known: StatefulSets;

  constructor(cluster: Cluster, by: Adopter, { known, written }: { known: StatefulSets; written: () => Written }) {
    this.cluster = cluster;
    this.by = by;
    this.#known = known;
    this.written = written;
  }

  get set(): StatefulSet | undefined {
    const found = this.#known.sets.get(this.by.namespace, this.by.adoptee);
    return found?.metadata.uid === this.by.adopteeUid ? found : undefined;
  }

  /** Takes in what was written, before the watch tells of it. */
  wrote(set: StatefulSet): void {
    this.#known.sets.wrote(set);
  }

  /** Pods that have not ended. */
  pods(): readonly KnownPod[] {
    const all = [...this.cluster.podsOf.of(this.set?.metadata.uid)];
    return all.filter(({ phase }) => phase !== "Succeeded" && phase !== "Failed");
  }

  /** The revision whose template a ControllerRevision has. */
  revisionNamed(name: string | undefined): string | undefined {
    return this.#revisions().find(({ metadata }) => metadata.name === name)?.revision;
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
    const { currentRevision, updateRevision } = this.set?.status ?? {};
    // Of two with the same template the StatefulSet's controller uses those that it names.
    const names = [currentRevision, updateRevision, ...this.#revisions().map(({ metadata }) => metadata.name)];
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
    const isOpen = set && partitionOf(set) !== BRAKE;
    return isOpen === true && this.poolOf(revisionOfTemplate(set.spec.template).id) !== pool;
  }

  /** The pods of a revision, and by which labels they are selected. */
  dressed(revision: string): Dressed {
    const labels = [...Object.keys(this.set?.spec.selector.matchLabels ?? {}), REVISION_LABEL];
    const pods = this.pods().filter((pod) => this.revisionOf(pod) === revision);
    return { pods, of: { what: `StatefulSet ${this.by.adoptee}`, labels } };
  }

  #runs(pod: KnownPod, pool: string | undefined): boolean {
    const revision = this.revisionOf(pod);
    return revision !== undefined && this.poolOf(revision) === pool;
  }

  #revisions() {
    return [...this.#known.revisionsOf.of(this.set?.metadata.uid)];
  }
}

/** The number at the end of a pod's name. */
export function ordinalOf({ metadata: { name } }: Pick<KnownPod, "metadata">): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}

/** The first place that changes with the template; nothing where pods change otherwise. */
export function partitionOf({ spec: { updateStrategy } }: StatefulSet): number | undefined {
  return updateStrategy?.type === "OnDelete" ? undefined : (updateStrategy?.rollingUpdate?.partition ?? 0);
}

/** The pod template that is a revision. */
export function templateOf({ id, template }: Revision) {
  if (!isDeployment(template)) throw new Error(`revision ${id} is no pod template`);
  return template.pod;
}
