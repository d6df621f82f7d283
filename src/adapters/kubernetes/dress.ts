// Which labels and annotations does a pod have for its version's role?
import { SerinError } from "../../core/issues.ts";
import type { AdoptedSpec } from "../../core/spec/deployment.ts";
import type { WantedPool } from "../../core/world.ts";
import type { Call } from "../../ports/observed.ts";
import { RESOURCES, type Pod } from "./client/objects.ts";
import type { Cluster } from "./cluster.ts";
import type { KnownPod } from "./keep.ts";
import { ROLE } from "./names.ts";
import { digest } from "./revision.ts";

type PodMetadata = NonNullable<AdoptedSpec["podMetadata"]>;
type Dress = NonNullable<PodMetadata["canary"]>;

/** What pods of a role have; those of a further candidate have what those of the candidate have. */
function dressOf(metadata: PodMetadata | undefined, role: WantedPool["role"]): Dress | undefined {
  if (role === "stable" || role === "baseline") return metadata?.[role];
  return role === undefined || role === "former" ? undefined : metadata?.canary;
}

/** Pods of one version. */
export interface Dressed {
  readonly pods: Iterable<KnownPod>;
  /** Whose pods they are, and by which labels it selects them. */
  readonly of: { readonly what: string; readonly labels: readonly string[] };
}

interface Dressing extends Dressed {
  readonly role: WantedPool["role"];
  readonly metadata: PodMetadata | undefined;
}

/**
 * Gives the pods of a pool what its role has, and takes off what another role had: one write for each pod whose role is another
 * one than it was. A mark on the pod says what it has.
 */
export async function dress(
  { client, pods }: Pick<Cluster, "client" | "pods">,
  { pods: some, of, role, metadata }: Dressing,
  call: Call,
): Promise<void> {
  const wanted = dressOf(metadata, role);
  if (wanted) refuseSelecting(of, wanted);
  const mark = wanted && digest(wanted);
  for (const pod of some) {
    const { name, namespace, deletionTimestamp } = pod.metadata;
    if (pod.dress === mark || deletionTimestamp !== undefined) continue;
    const others = Object.values(metadata ?? {}).filter((one) => one !== undefined);
    const patch = {
      metadata: {
        labels: { ...nothing(others.flatMap(({ labels }) => Object.keys(labels))), ...wanted?.labels },
        annotations: {
          ...nothing(others.flatMap(({ annotations }) => Object.keys(annotations))),
          ...wanted?.annotations,
          [ROLE]: mark ?? null,
        },
      },
    };
    pods.wrote(await client.merge<Pod>({ resource: RESOURCES.pods, namespace, name }, patch, call));
  }
}

const nothing = (names: readonly string[]): object => Object.fromEntries(names.map((name) => [name, null]));

/** A pod with another value of a label that selects it would not be its owner's any more. */
function refuseSelecting({ what, labels: selecting }: Dressed["of"], { labels }: Dress): void {
  const name = Object.keys(labels).find((one) => selecting.includes(one));
  if (name === undefined) return;
  throw new SerinError({
    code: "SERIN_KUBE_SELECTING_LABEL",
    what: `pods of ${what} are selected by label ${name}`,
    now: "no pod was changed",
    next: "choose another name below podMetadata in spec.workload",
  });
}
