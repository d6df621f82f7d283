// May somebody do this to that service?
import type { AccessFile, AccessRole, Grant } from "./file.ts";

/** Who asks, as far as it is known. */
export interface Identity {
  /** Nothing where nobody has to say who one is: then each call says so itself, and is believed. */
  readonly actor?: string | undefined;
  readonly groups: readonly string[];
  /** How it was shown: not at all, by a token, by a login. */
  readonly login: "none" | "token" | "oidc";
}

/** Who asks, and what that one may. */
export interface Principal extends Identity {
  readonly grants: readonly Pick<Grant, "role" | "services" | "environments">[];
  /** Its session has ended, or its token: it is nobody any more. */
  readonly isOver?: true | undefined;
}

/** What something takes: a role, where. Without a service: on all of them. */
export interface Need {
  readonly role: AccessRole;
  readonly service?: string | undefined;
  /** In whichever it is, without it. */
  readonly environment?: string | undefined;
}

/** Roles that include a role. */
const INCLUDED_IN: Readonly<Record<AccessRole, readonly AccessRole[]>> = {
  view: ["view", "operate", "approve", "administer"],
  operate: ["operate", "administer"],
  approve: ["approve", "administer"],
  administer: ["administer"],
};

/** That of a service whose file names none. */
export const NO_ENVIRONMENT = "default";

/** Whether somebody has a grant for it. */
export function may({ grants }: Principal, { role, service, environment }: Need): boolean {
  return grants.some((grant) => {
    if (!INCLUDED_IN[role].includes(grant.role)) return false;
    if (service === undefined) return grant.services.includes("*") && grant.environments.includes("*");
    return fits(service, grant.services) && (environment === undefined || fits(environment, grant.environments));
  });
}

/** Whoever needs nobody's leave. */
export const EVERYTHING: Principal["grants"] = [{ role: "administer", services: ["*"], environments: ["*"] }];

/** Somebody with the grants that the file has for that one. */
export function principalOf(identity: Identity, { grants }: AccessFile): Principal {
  const { actor = "", groups } = identity;
  const own = grants.filter(({ who }) => fits(actor, who.actors) || groups.some((group) => fits(group, who.groups)));
  return { ...identity, grants: own.map(({ role, services, environments }) => ({ role, services, environments })) };
}

/** How many approvals the file asks for, of a service there; nothing when it asks for none. */
export function approvalsFor(
  { fourEyes }: AccessFile,
  at: { readonly service: string; readonly environment: string },
): number | undefined {
  const asked = fourEyes.filter(
    ({ services, environments }) => fits(at.service, services) && fits(at.environment, environments),
  );
  return asked.length === 0 ? undefined : Math.max(...asked.map(({ approvals }) => approvals));
}

/** Whether a name fits any of the patterns; `*` stands for any letters. */
export function fits(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    if (pattern === "*") return true;
    const [first = "", ...others] = pattern.split("*");
    const last = others.pop();
    if (last === undefined) return name === pattern;
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const part of others) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  });
}
