// What does the operator write on the objects that it is asked by?
import type { Adoptees, Cluster } from "../adapters/kubernetes/cluster.ts";
import {
  RESOURCES,
  type Adoptable,
  type PodTemplate,
  type RolloutObject,
} from "../adapters/kubernetes/client/objects.ts";
import { FINALIZER } from "../adapters/kubernetes/names.ts";
import { isDeployment } from "../adapters/kubernetes/revision.ts";
import type { ServiceState } from "../core/engine/state.ts";

const CALL_MS = 10_000;
const call = () => ({ signal: AbortSignal.timeout(CALL_MS) });

/** Sees to it that a Rollout does not go before its service was left in order. */
export async function keepSafe(cluster: Cluster, { metadata }: RolloutObject): Promise<void> {
  const { finalizers = [], namespace, name, resourceVersion } = metadata;
  if (finalizers.includes(FINALIZER)) return;
  const patch = { metadata: { resourceVersion, finalizers: [...finalizers, FINALIZER] } };
  const at = { resource: RESOURCES.rollouts, namespace, name };
  cluster.rollouts.wrote(await cluster.client.merge(at, patch, call()));
}

/** Lets it go. */
export async function letGo(cluster: Cluster, { metadata }: RolloutObject): Promise<void> {
  const { finalizers = [], namespace, name, resourceVersion } = metadata;
  const left = finalizers.filter((one) => one !== FINALIZER);
  const at = { resource: RESOURCES.rollouts, namespace, name };
  await cluster.client.merge(at, { metadata: { resourceVersion, finalizers: left } }, call());
}

/** The pod template of what is rolled out, or was last. */
export function candidateOf({ rollout, revisions }: ServiceState): PodTemplate | undefined {
  const template = rollout && revisions[rollout.candidate]?.template;
  return isDeployment(template) ? template.pod : undefined;
}

/** Gives what is adopted another template: else its own next look would bring the one that it has again. */
export async function putBack(
  { client }: Cluster,
  { resource, known, ...at }: Adoptees & { readonly namespace: string; readonly name: string },
  template: PodTemplate,
): Promise<void> {
  const fresh = await client.get<Adoptable>(resource, at, call());
  if (fresh) known.wrote(await client.replace(resource, { ...fresh, spec: { ...fresh.spec, template } }, call()));
}
