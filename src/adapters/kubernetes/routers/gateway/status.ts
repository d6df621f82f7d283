// Has a data plane taken a route?
import type { GatewayRoute, ParentRef, ParentStatus, SaidCondition } from "./objects.ts";

/** `taken` by every Gateway; `asked` while one has not said so; `refused` with the controller's own words. */
export type Taken =
  | { readonly kind: "taken" }
  | { readonly kind: "asked"; readonly why: string }
  | { readonly kind: "refused"; readonly why: string; readonly isDropped: boolean };

/**
 * What controllers say of the newest version of a route. A Gateway has taken it when it accepts the route and finds all that
 * the route refers to, and says so of this very version.
 */
export function takenOf({ metadata, spec, status }: GatewayRoute): Taken {
  const parents = status?.parents ?? [];
  const isHeard = (ref: ParentRef): boolean => parents.some(({ parentRef }) => isSameParent(ref, parentRef));
  const silent = spec.parentRefs?.find((ref) => !isHeard(ref));
  if (silent || parents.length === 0) {
    return { kind: "asked", why: `no controller has taken the route for Gateway ${silent?.name ?? "any"} yet` };
  }
  const said = parents.map((parent) => saidBy(parent, metadata.generation ?? 0));
  const refused = said.find(({ kind }) => kind === "refused");
  return refused ?? said.find(({ kind }) => kind === "asked") ?? { kind: "taken" };
}

function isSameParent(one: ParentRef, other: ParentRef): boolean {
  return one.name === other.name && (one.sectionName ?? "") === (other.sectionName ?? "");
}

function saidBy(
  { parentRef, controllerName = "its controller", conditions = [] }: ParentStatus,
  generation: number,
): Taken {
  const of = (type: string): SaidCondition | undefined => conditions.find((condition) => condition.type === type);
  const isOld = ({ observedGeneration = 0 }: SaidCondition): boolean => observedGeneration < generation;
  const [accepted, resolved, partial] = [of("Accepted"), of("ResolvedRefs"), of("PartiallyInvalid")];
  if (!accepted || isOld(accepted) || (resolved && isOld(resolved))) {
    return { kind: "asked", why: `${controllerName} has not taken the newest version of the route yet` };
  }
  const words = ({ reason = "no reason", message = "" }: SaidCondition): string =>
    `${controllerName} says for Gateway ${parentRef.name}: ${reason}${message ? `: ${message}` : ""}`;
  if (accepted.status !== "True") return { kind: "refused", why: words(accepted), isDropped: true };
  if (partial?.status === "True" && !isOld(partial)) return { kind: "refused", why: words(partial), isDropped: true };
  if (resolved && resolved.status !== "True") return { kind: "refused", why: words(resolved), isDropped: false };
  return { kind: "taken" };
}
