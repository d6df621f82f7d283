// Which whole numbers stand for shares, and which shares for numbers?
import { shareOf, ROLES, type Role, type Weights } from "../../../core/split.ts";
import { WHOLE, weight } from "../../../core/units.ts";

/** As people read them: the version that they know comes first. */
export const IN_ORDER: readonly Role[] = [
  "stable",
  ...ROLES.filter((role) => role !== "stable" && role !== "baseline"),
  "baseline",
];

const PERCENT = 10_000;

/** A number for each role that is named, also one that gets nothing: percents, or where those are not whole, parts per million. */
function numbersOf(weights: Weights): readonly (readonly [Role, number])[] {
  const named = IN_ORDER.filter((role) => weights[role] !== undefined);
  const isWhole = named.every((role) => shareOf(weights, role) % PERCENT === 0);
  return named.map((role) => [role, shareOf(weights, role) / (isWhole ? PERCENT : 1)]);
}

/** What part of the requests each role gets of those that any of them gets; nothing when none does. */
export function sharesOf(numbers: readonly (readonly [Role, number])[]): Weights | undefined {
  const total = numbers.reduce((sum, [, number]) => sum + number, 0);
  if (total === 0) return undefined;
  const by = new Map<Role, number>();
  for (const [role, number] of numbers) by.set(role, (by.get(role) ?? 0) + number);
  const shares = [...by].filter(([, number]) => number > 0).map(([role, number]) => [role, number / total] as const);
  // The largest takes what rounding leaves, so that it is a whole.
  const [first, ...others] = shares.toSorted(([, one], [, other]) => other - one);
  if (!first) return undefined;
  const rounded = others.map(([role, share]) => [role, weight(Math.round(share * WHOLE))] as const);
  const rest = WHOLE - rounded.reduce((sum, [, share]) => sum + share, 0);
  return Object.fromEntries([[first[0], weight(rest)], ...rounded.filter(([, share]) => share > 0)]) as Weights;
}

/** A number at which something leads: somebody's, or a role's. */
export interface Numbered<T> {
  readonly to: T;
  readonly number: number;
}

/**
 * Shares out what a route sends to the service, beside others that it leads to: they get what they got. `own` is what
 * the service gets of the route. The numbers are as small as they can be.
 */
export function beside<T>(
  weights: Weights,
  own: number,
  others: readonly Numbered<T>[],
): { readonly roles: readonly Numbered<Role>[]; readonly others: readonly Numbered<T>[] } {
  const roles = numbersOf(weights).map(([to, number]) => ({ to, number }));
  if (others.length === 0) return { roles, others };
  const whole = roles.reduce((sum, { number }) => sum + number, 0);
  const large = {
    roles: roles.map(({ to, number }) => ({ to, number: number * own })),
    others: others.map(({ to, number }) => ({ to, number: number * whole })),
  };
  const divisor = [...large.roles, ...large.others].reduce((found, { number }) => greatest(found, number), 0) || 1;
  return {
    roles: large.roles.map(({ to, number }) => ({ to, number: number / divisor })),
    others: large.others.map(({ to, number }) => ({ to, number: number / divisor })),
  };
}

function greatest(one: number, other: number): number {
  return other === 0 ? one : greatest(other, one % other);
}
