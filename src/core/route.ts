// Can a route be followed as a whole, whoever follows it?
import { ROLES, shareOf, type Role, type Route, type RoutePool, type Weights } from "./split.ts";
import { NOTHING, WHOLE, percent, type Weight } from "./units.ts";

/**
 * What is wrong with a route: shares that do not make a whole, shares and rules for a role without a pool. A pool
 * without a replica is an outage, not a mistake: see `servedWeights`.
 */
export function wrongInRoute(route: Route): readonly string[] {
  return [...badSum(route), ...badMatches(route), ...ROLES.flatMap((role) => badPool(role, route))];
}

function badSum({ split }: Route): readonly string[] {
  const sum = ROLES.reduce((total, role) => total + shareOf(split.weights, role), 0);
  return sum === WHOLE ? [] : [`split.weights: sum to ${percent(sum as Weight)} instead of 100%`];
}

function badMatches({ split, pools }: Route): readonly string[] {
  return (split.matches ?? []).flatMap(({ to }, at) =>
    to === "stable" || pools[to] ? [] : [`split.matches.${at}: sends requests to ${to}, which has no pool`],
  );
}

function badPool(role: Role, { split, pools }: Route): readonly string[] {
  const share = shareOf(split.weights, role);
  const held: RoutePool | undefined = pools[role];
  if (share > 0 && held === undefined && role !== "stable") {
    return [`pools.${role}: ${role} gets ${percent(share)} of the requests and has no pool`];
  }
  const names = (held?.backends ?? []).map((backend) => backend.replica);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  return twice === undefined ? [] : [`pools.${role}.backends: replica ${twice} is named twice`];
}

/** Who really gets requests: a role that nobody answers for leaves its own to stable. */
export function servedWeights({ split: { weights }, pools }: Route): Weights {
  const lost = ROLES.filter((role) => role !== "stable" && (pools[role]?.backends.length ?? 0) === 0);
  const left = lost.reduce<number>((sum, role) => sum + shareOf(weights, role), 0);
  if (left === 0) return weights;
  const kept = Object.fromEntries(Object.entries(weights).filter(([role]) => !lost.some((name) => name === role)));
  return { ...kept, stable: (shareOf(weights, "stable") + left || NOTHING) as Weight };
}
