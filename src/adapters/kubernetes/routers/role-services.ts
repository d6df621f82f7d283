// How does each role have a Service of its own?
import { canonical } from "../../../core/match.ts";
import { SerinError } from "../../../core/issues.ts";
import type { Role } from "../../../core/split.ts";
import type { Call } from "../../../ports/observed.ts";
import type { Adopted, Adopter } from "../adopted.ts";
import { HASH_LABEL, RESOURCES, type OwnerReference, type Service, type ServicePort } from "../client/objects.ts";
import { ROLLOUT } from "../names.ts";
import type { Hashes } from "./cluster-router.ts";
import { calledService, theService } from "./narrow.ts";
import { IN_ORDER } from "./shares.ts";
import { serviceOf, type Called } from "./target.ts";

/** Whoever makes something for a Rollout says whose it is: it goes with it. */
export function ownerOfMade({ name, uid }: Adopter): OwnerReference {
  return { apiVersion: "serin.dev/v1", kind: "Rollout", name, uid, controller: true, blockOwnerDeletion: true };
}

/** Whether an object is one that Serin has made for this Rollout. */
export function isMade({ uid }: Adopter, { metadata }: Pick<Service, "metadata">): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}

/**
 * What is Serin's no more and stays, for requests come in through it. Its label tells a Rollout of the same name that it may
 * have it again.
 */
export const LEFT = { ownerReferences: null } as const;

/** Whether an object is Serin's, or was and has been left. */
export function isOurs(by: Adopter, object: Pick<Service, "metadata">): boolean {
  const { labels, ownerReferences = [] } = object.metadata;
  return isMade(by, object) || (labels?.[ROLLOUT] === by.name && ownerReferences.length === 0);
}

/** The Service of a role: as the one that clients call, for the pods of one ReplicaSet. */
function roleService(called: Service, by: Adopter, { role, hash }: { role: Role; hash: string }): Service {
  const { [HASH_LABEL]: _narrowed, ...selector } = called.spec.selector ?? {};
  return {
    metadata: {
      namespace: by.namespace,
      name: serviceOf(placeOf(by, called), role),
      labels: { [ROLLOUT]: by.name },
      ownerReferences: [ownerOfMade(by)],
    },
    spec: { selector: { ...selector, [HASH_LABEL]: hash }, ports: (called.spec.ports ?? []).map(portOf) },
  };
}

function placeOf({ namespace }: Adopter, { metadata }: Service): Called {
  return { namespace, name: metadata.name };
}

function portOf({ name, port, targetPort, protocol = "TCP", appProtocol }: ServicePort): ServicePort {
  return { name, port, targetPort, protocol, appProtocol };
}

/** Whether a Service is as it is wanted, in what Serin says of it. */
function isAsWanted(service: Service, wanted: Service): boolean {
  const said = ({ metadata, spec }: Service) =>
    canonical([metadata.labels?.[ROLLOUT], spec.selector ?? {}, (spec.ports ?? []).map(portOf)]);
  return said(service) === said(wanted);
}

/** The Services of roles, as slots. */
export class RoleServices {
  readonly #adopted: Adopted;
  readonly #name: string;

  constructor(adopted: Adopted, name: string) {
    this.#adopted = adopted;
    this.#name = name;
  }

  #of(role: Role): Service | undefined {
    return calledService(this.#adopted, serviceOf({ namespace: this.#adopted.by.namespace, name: this.#name }, role));
  }

  /** The hashes of those that are there and Serin's. */
  read(): Hashes {
    const found = IN_ORDER.flatMap((role) => {
      const service = this.#of(role);
      const hash = service && isMade(this.#adopted.by, service) ? service.spec.selector?.[HASH_LABEL] : undefined;
      return hash === undefined ? [] : [[role, hash]];
    });
    return Object.fromEntries(found) as Hashes;
  }

  /** Makes, changes and deletes until there are those with these hashes and no others. */
  async write(hashes: Hashes, call: Call): Promise<void> {
    const { cluster, by } = this.#adopted;
    for (const role of IN_ORDER) {
      const [service, hash] = [this.#of(role), hashes[role]];
      if (hash !== undefined)
        await this.#bring(roleService(theService(this.#adopted, this.#name), by, { role, hash }), call);
      else if (service && isMade(by, service)) {
        const { namespace, name, uid } = service.metadata;
        await cluster.client.delete(RESOURCES.services, { namespace, name, uid }, call);
      }
    }
  }

  async #bring(wanted: Service, call: Call): Promise<void> {
    const { cluster, by } = this.#adopted;
    const service = cluster.services.get(wanted.metadata.namespace, wanted.metadata.name);
    if (service && !isMade(by, service)) throw takenBySomebody("Service", wanted);
    if (service && isAsWanted(service, wanted)) return;
    cluster.services.wrote(await cluster.client.apply(RESOURCES.services, wanted, call));
  }
}

/** An object of that name is there, and somebody else's. */
export function takenBySomebody(
  kind: string,
  { metadata: { namespace, name } }: Pick<Service, "metadata">,
): SerinError {
  return new SerinError({
    code: "SERIN_KUBE_TAKEN",
    what: `a ${kind} ${name} is there already, and somebody else's`,
    now: "requests go where they went before",
    next: `kubectl -n ${namespace ?? "default"} delete ${kind.toLowerCase()} ${name}`,
    hopeless: true,
  });
}
