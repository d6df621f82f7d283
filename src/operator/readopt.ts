// What becomes of a service whose Deployment is another one than before?
import type { Cluster } from "../adapters/kubernetes/cluster.ts";
import { HASH_LABEL, RESOURCES, type RolloutObject } from "../adapters/kubernetes/client/objects.ts";
import { placeOf } from "../adapters/kubernetes/service-name.ts";
import type { Call } from "../ports/observed.ts";

/** What a status says of the life of a Deployment. */
const OF_ITS_LIFE = [
  "rollout",
  "candidate",
  "stable",
  "step",
  "stepText",
  "verdict",
  "verdictText",
  "outcome",
  "why",
  "startedAt",
  "endedAt",
  "history",
  "weight",
  "handled",
];

interface Anew {
  readonly service: string;
  /** The UID of the Deployment that is there now. */
  readonly deployment: string;
  /** The Service whose selector may still be narrowed to pods that have gone with the last one. */
  readonly selecting: string | undefined;
}

/** Begins anew, with nothing that was known: first requests get to whatever is ready, then it is written down. */
export async function beginAnew(cluster: Cluster, { service, deployment, selecting }: Anew, call: Call): Promise<void> {
  const { namespace, name } = placeOf(service);
  const known = selecting === undefined ? undefined : cluster.services.get(namespace, selecting);
  if (known?.spec.selector?.[HASH_LABEL] !== undefined) {
    const at = { resource: RESOURCES.services, namespace, name: known.metadata.name };
    cluster.services.wrote(await cluster.client.merge(at, { spec: { selector: { [HASH_LABEL]: null } } }, call));
  }
  const status = { deployment, ...Object.fromEntries(OF_ITS_LIFE.map((field) => [field, null])) };
  const at = { resource: RESOURCES.rollouts, namespace, name, subresource: "status" as const };
  cluster.rollouts.wrote(await cluster.client.merge<RolloutObject>(at, { status }, call));
}
