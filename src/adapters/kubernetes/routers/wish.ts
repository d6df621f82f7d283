// What does a route come to when roles without a ready pod get nothing?
import { servedWeights, wrongInRoute } from "../../../core/route.ts";
import type { Match } from "../../../core/match.ts";
import type { Role, Route, Weights } from "../../../core/split.ts";
import { NOTHING } from "../../../core/units.ts";
import type { Adopted } from "../adopted.ts";
import { hashesOf, poolsOf, refusedRoute, type Hashes } from "./cluster-router.ts";
import { rolesOf } from "./slots.ts";
import type { Wish } from "./weave.ts";

/** What a route wants of a cluster's routes, and whose pods each role's are. Throws a SerinError when it cannot be followed. */
export function wishOf(route: Route, adopted: Adopted): { readonly wish: Wish; readonly wanted: Hashes } {
  const wrong = [
    ...wrongInRoute(route),
    ...(route.split.sticky ? ["split.sticky: this router keeps nobody with a role"] : []),
  ];
  if (wrong.length > 0) throw refusedRoute(wrong);
  const { matches = [], mirror } = route.split;
  const isServed = (role: Role): boolean => (route.pools[role]?.backends.length ?? 0) > 0;
  const copied = mirror && { ...mirror, to: mirror.to.filter(isServed) };
  const wish: Wish = {
    weights: withoutNothing(servedWeights(route)),
    // The rule still decides before those that stand below it.
    ...(matches.length > 0 && {
      matches: matches.map((rule) => (isServed(rule.to) ? rule : toStable(rule))),
    }),
    ...(copied && copied.to.length > 0 && { mirror: copied }),
  };
  const wanted = hashesOf(adopted, poolsOf(route));
  const missing = [...rolesOf(wish)].filter((role) => wanted[role] === undefined);
  if (missing.length > 0) throw refusedRoute(missing.map((role) => `pools.${role}: its ReplicaSet is not there yet`));
  return { wish, wanted };
}

function toStable(rule: Match): Match {
  return { ...rule, to: "stable" };
}

function withoutNothing(weights: Weights): Weights {
  return Object.fromEntries(Object.entries(weights).filter(([, share]) => share > 0));
}

/** The same shares, with those of these roles that get nothing named too. */
export function withNothing(weights: Weights, roles: Iterable<string>): Weights {
  return { ...Object.fromEntries(Array.from(roles, (role) => [role, NOTHING])), ...weights };
}
