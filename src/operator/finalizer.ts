// How is a Rollout kept from going before its service was left in order?
import type { Cluster } from "../adapters/kubernetes/cluster.ts";
import { RESOURCES, type RolloutObject } from "../adapters/kubernetes/client/objects.ts";
import { FINALIZER } from "../adapters/kubernetes/names.ts";
import type { Call } from "../ports/observed.ts";

/** Nothing happens when it is kept already. */
export async function keepSafe(cluster: Cluster, { metadata }: RolloutObject, call: Call): Promise<void> {
  const { finalizers = [], namespace, name, resourceVersion } = metadata;
  if (finalizers.includes(FINALIZER)) return;
  const at = { resource: RESOURCES.rollouts, namespace, name };
  const patch = { metadata: { resourceVersion, finalizers: [...finalizers, FINALIZER] } };
  cluster.rollouts.wrote(await cluster.client.merge<RolloutObject>(at, patch, call));
}

/** Lets it go. */
export async function letGo({ client }: Cluster, { metadata }: RolloutObject, call: Call): Promise<void> {
  const { finalizers = [], namespace, name, resourceVersion } = metadata;
  const left = finalizers.filter((one) => one !== FINALIZER);
  const at = { resource: RESOURCES.rollouts, namespace, name };
  await client.merge(at, { metadata: { resourceVersion, finalizers: left } }, call);
}
