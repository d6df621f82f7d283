// How do Serin's rules and weights get into a list of routes, and out of it again?
//
// Somebody's list of routes stays theirs. Before each route that leads to the service stand Serin's own, named `serin-1`,
// `serin-2` and so on: copies of it for the requests of a rule, and for those that are copied. In the route itself only the
// destinations are Serin's, and those that it had before are kept in a note. So a list is never edited step by step: it is
// taken apart into what its owner wrote, and woven anew with what is wanted now.
import { createHash } from "node:crypto";
import { SerinError } from "../../../core/issues.ts";
import { canonical, type Condition, type Match } from "../../../core/match.ts";
import type { Mirror } from "../../../core/mirror.ts";
import { all, sameWeights, type Weights } from "../../../core/split.ts";

/** How one kind of route is read and changed. */
export interface Dialect<R> {
  /** Whether it sends requests to the service, in whatever way. */
  readonly leads: (route: R) => boolean;
  readonly nameOf: (route: R) => string | undefined;
  readonly named: (route: R, name: string) => R;
  readonly targetsOf: (route: R) => readonly unknown[];
  readonly withTargets: (route: R, targets: readonly unknown[]) => R;
  /** The shares that its destinations make; nothing when some of what leads to the service leads to no role. */
  readonly sharesOf: (route: R) => Weights | undefined;
  readonly shared: (route: R, weights: Weights) => R;
  /** The same route for those of its requests of which all conditions of any entry hold; nothing when there are none. */
  readonly only?: ((route: R, when: readonly (readonly Condition[])[]) => R | undefined) | undefined;
  readonly copied?: ((route: R, mirror: Mirror) => R) | undefined;
  /** Rules in the order in which this kind of route decides among them as the list of rules would. */
  readonly inOrder?: ((matches: readonly Match[]) => readonly Match[]) | undefined;
}

/** What is wanted of all routes that lead to the service. */
export interface Wish {
  readonly weights: Weights;
  readonly matches?: readonly Match[] | undefined;
  readonly mirror?: Mirror | undefined;
}

/** What Serin notes on an object: whose destinations it has taken the place of, and which rules it has woven in. */
export interface Note {
  readonly before: Readonly<Record<string, readonly unknown[]>>;
  readonly matches?: readonly Match[] | undefined;
  readonly mirror?: Mirror | undefined;
}

export const NO_NOTE: Note = { before: {} };

const OWN = /^serin-[0-9]+$/u;

/** Which of the routes that lead to the service are meant: those of these names, or all. */
export type Names = readonly string[] | undefined;

function isMeant<R>(dialect: Dialect<R>, route: R, names: Names): boolean {
  if (!dialect.leads(route)) return false;
  return names === undefined || names.includes(dialect.nameOf(route) ?? "");
}

/** By what a route is known again: its name, or what it says besides its destinations. */
function keysOf<R>(dialect: Dialect<R>, routes: readonly R[]): readonly string[] {
  const seen = new Map<string, number>();
  return routes.map((route) => {
    const text = canonical(dialect.withTargets(route, []));
    const key = dialect.nameOf(route) ?? createHash("sha256").update(text).digest("hex").slice(0, 12);
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key}/${count}`;
  });
}

/** The list as its owner has it. */
export function unwoven<R>(dialect: Dialect<R>, routes: readonly R[], { before }: Note): readonly R[] {
  const own = routes.filter((route) => !OWN.test(dialect.nameOf(route) ?? ""));
  const keys = keysOf(dialect, own);
  return own.map((route, at) => {
    const targets = before[keys[at] ?? ""];
    if (!targets) return route;
    // Destinations that are no role's are what the owner has written since.
    return dialect.withTargets(route, dialect.sharesOf(route) === undefined ? dialect.targetsOf(route) : targets);
  });
}

/** The list with what is wanted, made of the owner's, and what is to be noted of it. */
export function woven<R>(
  dialect: Dialect<R>,
  owners: readonly R[],
  { names, wish }: { readonly names: Names; readonly wish: Wish },
): { readonly routes: readonly R[]; readonly before: Note["before"] } {
  const keys = keysOf(dialect, owners);
  const before: Record<string, readonly unknown[]> = {};
  const routes: R[] = [];
  let count = 0;
  for (const [at, route] of owners.entries()) {
    if (!isMeant(dialect, route, names)) {
      routes.push(route);
      continue;
    }
    before[keys[at] ?? ""] = dialect.targetsOf(route);
    for (const one of ownOf(dialect, route, wish)) routes.push(dialect.named(one, `serin-${(count += 1)}`));
    routes.push(dialect.shared(route, wish.weights));
  }
  return { routes, before };
}

/** Serin's own routes before one that leads to the service. */
function ownOf<R>(dialect: Dialect<R>, route: R, { weights, matches = [], mirror }: Wish): readonly R[] {
  const ruled = (dialect.inOrder?.(matches) ?? matches).flatMap(({ when, to }) => {
    const one = dialect.only?.(route, [when]);
    return one === undefined ? [] : [dialect.shared(one, all(to))];
  });
  if (!mirror) return ruled;
  const when = (mirror.when ?? [[]]).map((conditions) => copiable(conditions, mirror));
  const one = when.some((conditions) => conditions.length > 0) ? dialect.only?.(route, when) : route;
  const copied = one === undefined ? undefined : dialect.copied?.(dialect.shared(one, weights), mirror);
  return copied === undefined ? ruled : [...ruled, copied];
}

const SAFE = ["GET", "HEAD", "OPTIONS"];

function copiable(conditions: readonly Condition[], { methods }: Mirror): readonly Condition[] {
  return methods === "safe" ? [...conditions, { on: "method", is: SAFE }] : conditions;
}

/** The shares that all routes that lead to the service agree on; nothing when they do not, or when there is none. */
export function agreed<R>(dialect: Dialect<R>, routes: readonly R[], names: Names): Weights | "differ" | undefined {
  const own = routes.filter((route) => !OWN.test(dialect.nameOf(route) ?? ""));
  const shares = own.filter((route) => isMeant(dialect, route, names)).map((route) => dialect.sharesOf(route));
  const [first] = shares;
  if (shares.length === 0) return undefined;
  return first && shares.every((one) => one && sameWeights(one, first)) ? first : "differ";
}

/** A rule that these routes cannot have. */
export function unwritable(what: string): SerinError {
  return new SerinError({
    code: "SERIN_BAD_RULE",
    what: "a rule cannot be written into the route",
    found: what,
    now: "the last route stays in force",
    next: "say it in another way below match, or in the route itself",
    hopeless: true,
  });
}

/** What is made of routes, or why they cannot be made: then what is noted of them is no longer true. */
export function madeOr<T>(make: () => T): T | string {
  try {
    return make();
  } catch (error) {
    if (error instanceof SerinError) return error.trouble.found ?? error.trouble.what;
    throw error;
  }
}
