// Which pods does the Service that clients call select?
import { SerinError } from "../../../core/issues.ts";
import type { Call } from "../../../ports/observed.ts";
import type { Adopted } from "../adopted.ts";
import { HASH_LABEL, RESOURCES, type Service } from "../client/objects.ts";

/** The Service that clients call. */
export function calledService({ cluster, by }: Adopted, name: string): Service | undefined {
  return cluster.services.get(by.namespace, name);
}

/** The Service that clients call; without it there is nothing to share out. */
export function theService(adopted: Adopted, name: string): Service {
  const service = calledService(adopted, name);
  if (!service) throw noService(adopted.by.namespace, name);
  return service;
}

/** The hash of the only pods that a Service selects, if it is narrowed. */
export function narrowedTo(service: Service | undefined): string | undefined {
  return service?.spec.selector?.[HASH_LABEL];
}

/** Narrows a Service to the pods of one ReplicaSet; without a hash it selects all pods again. */
export async function narrow(
  adopted: Adopted,
  { name, hash }: { readonly name: string; readonly hash: string | undefined },
  call: Call,
): Promise<void> {
  const { cluster, by } = adopted;
  if (narrowedTo(theService(adopted, name)) === hash) return;
  const patch = { spec: { selector: { [HASH_LABEL]: hash ?? null } } };
  const at = { namespace: by.namespace, name };
  cluster.services.wrote(await cluster.client.merge<Service>({ resource: RESOURCES.services, ...at }, patch, call));
}

function noService(namespace: string, name: string): SerinError {
  return new SerinError({
    code: "SERIN_KUBE_NO_SERVICE",
    what: `there is no Service ${name} in ${namespace}`,
    now: "requests go where they went before",
    next: "create it, or name another one below spec.traffic",
    hopeless: true,
  });
}
