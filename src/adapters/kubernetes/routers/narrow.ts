// Which pods does the Service that clients call select?
import { SerinError } from "../../../core/issues.ts";
import type { Call } from "../../../ports/observed.ts";
import type { Versions } from "../adopted.ts";
import { RESOURCES, type Service } from "../client/objects.ts";

/** The Service that clients call. */
export function calledService({ cluster, by }: Versions, name: string): Service | undefined {
  return cluster.services.get(by.namespace, name);
}

/** The Service that clients call; without it there is nothing to share out. */
export function theService(adopted: Versions, name: string): Service {
  const service = calledService(adopted, name);
  if (!service) throw noService(adopted.by.namespace, name);
  return service;
}

/** The hash of the only pods that a Service selects, if it is narrowed. */
export function narrowedTo(service: Service | undefined, { label }: Pick<Versions, "label">): string | undefined {
  return service?.spec.selector?.[label];
}

/** Narrows a Service to the pods of one version; without a hash it selects all pods again. */
async function narrow(
  adopted: Versions,
  { name, hash }: { readonly name: string; readonly hash: string | undefined },
  call: Call,
): Promise<void> {
  const { cluster, by } = adopted;
  if (narrowedTo(theService(adopted, name), adopted) === hash) return;
  const patch = { spec: { selector: { [adopted.label]: hash ?? null } } };
  const at = { namespace: by.namespace, name };
  cluster.services.wrote(await cluster.client.merge<Service>({ resource: RESOURCES.services, ...at }, patch, call));
}

/** The same of one Service: kept from others than stable while another version runs, and only then. */
export class Narrowing {
  readonly #adopted: Versions;
  readonly #name: string;

  constructor(adopted: Versions, name: string) {
    this.#adopted = adopted;
    this.#name = name;
  }

  #now(): string | undefined {
    return narrowedTo(calledService(this.#adopted, this.#name), this.#adopted);
  }

  /** Narrows it to stable, unless it is narrowed already; before there is a stable version, nobody is kept from it. */
  async isolate(stable: string | undefined, call: Call): Promise<void> {
    if (stable === undefined || this.#now() !== undefined) return;
    await this.to(stable, call);
  }

  to(hash: string | undefined, call: Call): Promise<void> {
    return narrow(this.#adopted, { name: this.#name, hash }, call);
  }

  /** Takes it back; nothing happens where there is no Service any more. */
  async settle(call: Call): Promise<void> {
    if (this.#now() !== undefined) await this.to(undefined, call);
  }
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
