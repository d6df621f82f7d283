// How are the rules of a route of the Gateway API read and changed?
import type { Condition } from "../../../../core/match.ts";
import type { Mirror } from "../../../../core/mirror.ts";
import type { Role, Weights } from "../../../../core/split.ts";
import { beside, sharesOf } from "../shares.ts";
import type { Roles } from "../slots.ts";
import { roleOfService, serviceOf, type Called } from "../target.ts";
import { unwritable, type Dialect } from "../weave.ts";
import { inOrder, narrowed } from "./match.ts";
import type { BackendRef, Filter, RouteMatch, Rule } from "./objects.ts";

/** Rules of HTTPRoutes and GRPCRoutes. */
export function ruleDialect(called: Called): Dialect<Rule> {
  return {
    leads: (rule) => portion(called, rule) > 0,
    nameOf: ({ name }) => name,
    named: (rule, name) => ({ ...rule, name }),
    // A role's that gets nothing is there to be known, and nobody's wish.
    targetsOf: ({ backendRefs = [] }) =>
      backendRefs.filter((ref) => weightOf(ref) > 0 || roleOf(called, ref) === undefined),
    withTargets: (rule, targets) => ({ ...rule, backendRefs: targets as readonly BackendRef[] }),
    sharesOf: (rule) => shares(called, rule),
    shared: (rule, weights) => shared(called, rule, weights),
    only,
    copied: (rule, mirror) => copied(called, rule, mirror),
    inOrder,
  };
}

/** The name of a Service of the namespace. */
function nameOf(
  { namespace }: Called,
  { group = "", kind = "Service", namespace: at, name }: BackendRef,
): string | undefined {
  return group === "" && kind === "Service" && (at === undefined || at === namespace) ? name : undefined;
}

function roleOf(called: Called, ref: BackendRef): Role | undefined {
  const name = nameOf(called, ref);
  return name === undefined ? undefined : roleOfService(called, name);
}

function isOwn(called: Called, ref: BackendRef): boolean {
  return nameOf(called, ref) === called.name || roleOf(called, ref) !== undefined;
}

function weightOf({ weight = 1 }: BackendRef): number {
  return weight;
}

/** What the service gets of a rule. */
function portion(called: Called, { backendRefs = [] }: Rule): number {
  return backendRefs.reduce((sum, ref) => (isOwn(called, ref) ? sum + weightOf(ref) : sum), 0);
}

function shares(called: Called, { backendRefs = [] }: Rule): Weights | undefined {
  const own = backendRefs.filter(
    (ref) => isOwn(called, ref) && (weightOf(ref) > 0 || nameOf(called, ref) !== called.name),
  );
  const numbers = own.flatMap((ref): (readonly [Role, number])[] => {
    const role = roleOf(called, ref);
    return role === undefined ? [] : [[role, weightOf(ref)]];
  });
  return numbers.length < own.length ? undefined : sharesOf(numbers);
}

/** The largest weight that a backend takes. */
const LARGEST = 1_000_000;

function shared(called: Called, rule: Rule, weights: Weights): Rule {
  const all = rule.backendRefs ?? [];
  const like = all.find((ref) => isOwn(called, ref));
  if (!like) return rule;
  const others = all.filter((ref) => !isOwn(called, ref)).map((to) => ({ to, number: weightOf(to) }));
  const numbers = beside(weights, portion(called, rule), others);
  const backendRefs = [
    ...numbers.roles.map(({ to, number }) => weighted(named(like, serviceOf(called, to)), number)),
    ...numbers.others.map(({ to, number }) => weighted(to, number)),
  ];
  if (backendRefs.some((ref) => weightOf(ref) > LARGEST))
    throw unwritable("weights that are larger than the Gateway API takes");
  return { ...rule, backendRefs };
}

function named(ref: BackendRef, name: string): BackendRef {
  return { ...ref, name };
}

/** With what the API server fills in, so that what is read back is what was written. */
function weighted({ group = "", kind = "Service", ...ref }: BackendRef, weight: number): BackendRef {
  return { group, kind, ...ref, weight };
}

/** Rules of which one names further Services, which get nothing; nothing where all of them are named already. */
export function listing(
  rules: readonly Rule[],
  called: Called,
  services: readonly string[],
): readonly Rule[] | undefined {
  const refs = rules.flatMap(({ backendRefs = [] }) => backendRefs);
  const missing = services.filter((name) => !refs.some((ref) => nameOf(called, ref) === name));
  const at = rules.findIndex((rule) => portion(called, rule) > 0);
  const [rule, like] = [rules[at], rules[at]?.backendRefs?.find((ref) => isOwn(called, ref))];
  if (!rule || !like || missing.length === 0) return undefined;
  const backendRefs = [...(rule.backendRefs ?? []), ...missing.map((name) => weighted(named(like, name), 0))];
  return rules.with(at, { ...rule, backendRefs });
}

/** The Services of the namespace that requests or copies are sent to. */
export function servicesIn(rules: readonly Rule[], called: Called): readonly string[] {
  const { shared, copies } = refsOf(rules);
  const all = [...shared.filter((ref) => weightOf(ref) > 0), ...copies].filter((ref) => isOwn(called, ref));
  return [...new Set(all.map(({ name }) => name))];
}

/** Rules without the Service that clients call, where it is named and gets nothing. */
export function unlisted(rules: readonly Rule[], called: Called): readonly Rule[] {
  return rules.map((rule) => {
    const kept = rule.backendRefs?.filter((ref) => weightOf(ref) > 0 || nameOf(called, ref) !== called.name);
    return kept && kept.length < (rule.backendRefs?.length ?? 0) ? { ...rule, backendRefs: kept } : rule;
  });
}

function refsOf(rules: readonly Rule[]) {
  return {
    shared: rules.flatMap(({ backendRefs = [] }) => backendRefs),
    copies: rules.flatMap(({ filters = [] }) =>
      filters.flatMap(({ requestMirror }) => requestMirror?.backendRef ?? []),
    ),
  };
}

function only(rule: Rule, when: readonly (readonly Condition[])[]): Rule | undefined {
  const replaces = rule.filters?.some(({ urlRewrite }) => urlRewrite?.path?.type === "ReplacePrefixMatch") ?? false;
  if (replaces && when.flat().some(({ on }) => on === "path")) {
    throw unwritable("a path, in a rule that rewrites paths: what is rewritten is the part that matched");
  }
  const own = rule.matches && rule.matches.length > 0 ? rule.matches : [{}];
  const matches = own.flatMap((match) =>
    when.flatMap((conditions): readonly RouteMatch[] => narrowed(match, conditions)),
  );
  return matches.length === 0 ? undefined : { ...rule, matches };
}

function copied(called: Called, rule: Rule, { to, share }: Mirror): Rule {
  const like = rule.backendRefs?.find((ref) => isOwn(called, ref));
  if (!like) return rule;
  const { group = "", kind = "Service", namespace, port } = like;
  const mirrors = to.map((role): Filter => {
    const backendRef = { group, kind, name: serviceOf(called, role), namespace, port };
    return { type: "RequestMirror", requestMirror: Object.assign({ backendRef }, part(share)) };
  });
  return { ...rule, filters: [...(rule.filters ?? []), ...mirrors] };
}

/** All of them is what is meant where nothing is said, also by older definitions. */
function part(share: Mirror["share"]): Pick<NonNullable<Filter["requestMirror"]>, "percent" | "fraction"> {
  if (share === 1_000_000) return {};
  if (share % 10_000 === 0) return { percent: share / 10_000 };
  return { fraction: { numerator: share, denominator: 1_000_000 } };
}

/** The roles that any rule sends requests or copies to, and those that are named and get nothing. */
export function rolesIn(rules: readonly Rule[], called: Called): { readonly named: Roles; readonly listed: Roles } {
  const { shared: refs, copies } = refsOf(rules);
  const of = (some: readonly BackendRef[]): Roles => new Set(some.flatMap((ref) => roleOf(called, ref) ?? []));
  return {
    named: of([...refs.filter((ref) => weightOf(ref) > 0), ...copies]),
    listed: of(refs.filter((ref) => weightOf(ref) === 0)),
  };
}
