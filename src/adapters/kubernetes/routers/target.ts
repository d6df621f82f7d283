// What stands for a role's pods in routes?
import { RIVALS, type Role } from "../../../core/split.ts";

/** The Service that clients call. */
export interface Called {
  readonly namespace: string;
  readonly name: string;
}

/** Roles are subsets of one host, or Services of their own. */
export type By = "subsets" | "services";

const ALL: ReadonlySet<string> = new Set<string>(["stable", "canary", "baseline", ...RIVALS]);

export function isRole(name: string | undefined): name is Role {
  return name !== undefined && ALL.has(name);
}

/** The Service of a role: `checkout-canary`. */
export function serviceOf({ name }: Called, role: Role): string {
  return `${name}-${role}`;
}

/** The role that a Service of this name is for. */
export function roleOfService({ name }: Called, service: string): Role | undefined {
  const rest = service.startsWith(`${name}-`) ? service.slice(name.length + 1) : undefined;
  return isRole(rest) ? rest : undefined;
}

/**
 * The name and the rest of a host that means a Service of the namespace: `checkout`, `checkout.prod`,
 * `checkout.prod.svc.cluster.local`; nothing of any other host.
 */
export function splitHost({ namespace }: Called, host: string): readonly [name: string, rest: string] | undefined {
  const [, name = "", rest = ""] = /^([^.]+)(.*)$/u.exec(host) ?? [];
  const isHere = rest === "" || rest === `.${namespace}` || rest === `.${namespace}.svc`;
  return name !== "" && (isHere || rest.startsWith(`.${namespace}.svc.`)) ? [name, rest] : undefined;
}

/** Whether a host means the Service. */
export function isHostOf(called: Called, host: string): boolean {
  return splitHost(called, host)?.[0] === called.name;
}
