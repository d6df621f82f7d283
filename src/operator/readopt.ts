// What becomes of a service that rests on another object than before?
import type { Cluster } from "../adapters/kubernetes/cluster.ts";
import { HASH_LABEL, RESOURCES, REVISION_LABEL, type RolloutObject } from "../adapters/kubernetes/client/objects.ts";
import { placeOf } from "../adapters/kubernetes/service-name.ts";
import type { Call } from "../ports/observed.ts";

/** What a status says of the life of what is adopted. */
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
  /** The UID of the one that is there now. */
  readonly deployment: string;
  /** The Service whose selector may still be narrowed to pods that have gone with the last one. */
  readonly selecting: string | undefined;
}

/** Begins anew, with nothing that was known: first requests get to whatever is ready, then it is written down. */
export async function beginAnew(cluster: Cluster, { service, deployment, selecting }: Anew, call: Call): Promise<void> {
  const { namespace, name } = placeOf(service);
  const known = selecting === undefined ? undefined : cluster.services.get(namespace, selecting);
  const narrowed = [HASH_LABEL, REVISION_LABEL].filter((label) => known?.spec.selector?.[label] !== undefined);
  if (known && narrowed.length > 0) {
    const selector = Object.fromEntries(narrowed.map((label) => [label, null]));
    const at = { resource: RESOURCES.services, namespace, name: known.metadata.name };
    cluster.services.wrote(await cluster.client.merge(at, { spec: { selector } }, call));
  }
  const status = { deployment, ...Object.fromEntries(OF_ITS_LIFE.map((field) => [field, null])) };
  const at = { resource: RESOURCES.rollouts, namespace, name, subresource: "status" as const };
  cluster.rollouts.wrote(await cluster.client.merge<RolloutObject>(at, { status }, call));
}
