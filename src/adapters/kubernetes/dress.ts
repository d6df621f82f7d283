// Which labels and annotations does a pod have for its version's role?
import { SerinError } from "../../core/issues.ts";
import type { DeploymentSpec } from "../../core/spec/deployment.ts";
import type { WantedPool } from "../../core/world.ts";
import type { Call } from "../../ports/observed.ts";
import type { Adopted } from "./adopted.ts";
import { HASH_LABEL, RESOURCES, type Pod } from "./client/objects.ts";
import type { KnownSet } from "./keep.ts";
import { ROLE } from "./names.ts";
import { digest } from "./revision.ts";

type PodMetadata = NonNullable<DeploymentSpec["podMetadata"]>;
type Dress = NonNullable<PodMetadata["canary"]>;

/** What pods of a role have; those of a further candidate have what those of the candidate have. */
function dressOf(metadata: PodMetadata | undefined, role: WantedPool["role"]): Dress | undefined {
  if (role === "stable" || role === "baseline") return metadata?.[role];
  return role === undefined || role === "former" ? undefined : metadata?.canary;
}

/**
 * Gives the pods of a pool what its role has, and takes off what another role had: one write for each pod whose role is another
 * one than it was. A mark on the pod says what it has.
 */
export async function dress(
  adopted: Adopted,
  {
    set,
    role,
    metadata,
  }: { readonly set: KnownSet; readonly role: WantedPool["role"]; readonly metadata: PodMetadata | undefined },
  call: Call,
): Promise<void> {
  const wanted = dressOf(metadata, role);
  if (wanted) refuseSelecting(adopted, wanted);
  const mark = wanted && digest(wanted);
  for (const pod of adopted.cluster.podsOf.of(set.metadata.uid)) {
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
    const { client, pods } = adopted.cluster;
    pods.wrote(await client.merge<Pod>({ resource: RESOURCES.pods, namespace, name }, patch, call));
  }
}

const nothing = (names: readonly string[]): object => Object.fromEntries(names.map((name) => [name, null]));

/** A pod with another value of a label that selects it would not be its ReplicaSet's any more. */
function refuseSelecting({ deployment, by }: Adopted, { labels }: Dress): void {
  const selecting = new Set([...Object.keys(deployment?.spec.selector.matchLabels ?? {}), HASH_LABEL]);
  const name = Object.keys(labels).find((one) => selecting.has(one));
  if (name === undefined) return;
  throw new SerinError({
    code: "SERIN_KUBE_SELECTING_LABEL",
    what: `pods of Deployment ${by.deployment} are selected by label ${name}`,
    now: "no pod was changed",
    next: "choose another name below spec.workload.deployment.podMetadata",
  });
}
