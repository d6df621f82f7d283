// How does a route of the Gateway API say which requests are meant?
import type { Condition, Match, ValueIs } from "../../../../core/match.ts";
import { cookieExpression } from "../cookies.ts";
import { both, bothPaths, expression, segments, type Both, type PathIs } from "../values.ts";
import { unwritable } from "../weave.ts";
import type { NamedMatch, RouteMatch } from "./objects.ts";

/** Methods that an HTTPRoute knows. */
const METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
]);

/**
 * What a match and all conditions together are: one match for each method that is meant; none when no request is both.
 * Throws a SerinError when that cannot be said.
 */
export function narrowed(match: RouteMatch, when: readonly Condition[]): readonly RouteMatch[] {
  const headers = named(match.headers, when, "header");
  const queryParams = named(match.queryParams, when, "query");
  const path = pathOf(match, when);
  const methods = methodsOf(match, when);
  if (headers === "never" || queryParams === "never" || path === "never" || methods.length === 0) return [];
  const { headers: _headers, queryParams: _query, path: _path, method: _method, ...rest } = match;
  const common = {
    ...rest,
    path,
    ...(headers.length > 0 && { headers }),
    ...(queryParams.length > 0 && { queryParams }),
  };
  return methods.map((method): RouteMatch => Object.assign({ method }, common));
}

function known<T>(value: Both<T>, what: string): T | "never" {
  if (value === "unknown") throw unwritable(`${what} has to match two expressions, the route's and the rule's`);
  return value;
}

function named(
  own: readonly NamedMatch[] | undefined,
  when: readonly Condition[],
  on: "header" | "query",
): readonly NamedMatch[] | "never" {
  const values = new Map((own ?? []).map((one) => [keyOf(one.name, on), valueOf(one)] as const));
  const cookies = when.flatMap((one) => (one.on === "cookie" ? [one] : []));
  const conditions = when.flatMap((one): (readonly [string, ValueIs])[] => (one.on === on ? [[one.name, one.is]] : []));
  if (on === "header" && cookies.length > 0) {
    const regex = known(cookieExpression(cookies), "a cookie, or more than 3 of them,");
    if (regex === "never") return "never";
    conditions.push(["cookie", { regex }]);
  }
  for (const [name, is] of conditions) {
    const before = values.get(keyOf(name, on));
    const value = before === undefined ? is : known(both(before, is), name);
    if (value === "never") return "never";
    values.set(keyOf(name, on), value);
  }
  return [...values].map(([name, is]) => matchOf(name, is));
}

/** Upper and lower case of a header's name are the same. */
function keyOf(name: string, on: "header" | "query"): string {
  return on === "header" ? name.toLowerCase() : name;
}

function valueOf({ type, value }: NamedMatch): ValueIs {
  return type === "RegularExpression" ? { regex: value } : { exact: value };
}

/** Some controllers look for an expression anywhere in the value: this one has its ends. */
function matchOf(name: string, is: ValueIs): NamedMatch {
  if ("exact" in is && is.exact !== "") return { name, type: "Exact", value: is.exact };
  const whole = expression(is);
  const value = whole.startsWith("^") && whole.endsWith("$") ? whole : `^(?:${whole})$`;
  return { name, type: "RegularExpression", value };
}

function pathOf(match: RouteMatch, when: readonly Condition[]): RouteMatch["path"] | "never" {
  let path = match.path && pathIs(match.path);
  let isChanged = false;
  for (const condition of when) {
    if (condition.on !== "path") continue;
    const is = "prefix" in condition.is ? segments(condition.is.prefix) : condition.is;
    const value: PathIs | "never" | undefined = known(bothPaths(path, is), "the path");
    if (value === "never") return "never";
    path = value;
    isChanged = true;
  }
  return isChanged && path ? writtenPath(path) : match.path;
}

function pathIs({ type = "PathPrefix", value = "/" }: NonNullable<RouteMatch["path"]>): PathIs {
  if (type === "Exact") return { exact: value };
  return type === "RegularExpression" ? { regex: value } : segments(value);
}

function writtenPath(is: PathIs): RouteMatch["path"] {
  if ("exact" in is) return { type: "Exact", value: is.exact };
  if ("segments" in is) return { type: "PathPrefix", value: is.segments === "" ? "/" : is.segments };
  return { type: "RegularExpression", value: "regex" in is ? is.regex : is.prefix };
}

/** Nothing in the list stands for every method. */
function methodsOf({ method }: RouteMatch, when: readonly Condition[]): readonly unknown[] {
  const asked = when.flatMap((condition) => (condition.on === "method" ? [condition.is] : []));
  // There is no second address.
  if (when.some(({ on }) => on === "listener")) return [];
  const [first, ...others] = asked;
  if (!first) return [method];
  const left = first.filter((name) => others.every((names) => names.includes(name)));
  const unknown = left.find((name) => !METHODS.has(name));
  if (unknown !== undefined) throw unwritable(`method ${unknown}, which an HTTPRoute does not know`);
  return method === undefined ? left : left.filter((name) => name === method);
}

/**
 * Of several rules that hold, such a route follows not the first but the one that says more: a longer path, a method, more
 * headers, more of the query. Where a later rule says more than one above it, what is of both gets a rule of its own.
 */
export function inOrder(matches: readonly Match[]): readonly Match[] {
  const turns = matches.filter(({ to }, at) => at > 0 && matches[at - 1]?.to !== to).length;
  return matches.flatMap((rule, at) => {
    const before = matches.slice(0, at).filter(({ to }) => to !== rule.to);
    const overtaken = before.filter(({ when }) => saysMore(rule.when, when));
    if (overtaken.length > 0 && turns > 1) {
      throw unwritable("rules for several versions in turn, where a later one says more than one above it");
    }
    return [...overtaken.map(({ when, to }): Match => ({ when: when.concat(rule.when), to })), rule];
  });
}

/** What such a route compares, in its order. */
function weightsOf(when: readonly Condition[]): readonly number[] {
  const count = (on: "header" | "query"): number =>
    new Set(when.flatMap((condition) => (condition.on === on ? [condition.name] : []))).size;
  const has = (on: Condition["on"]): number => (when.some((condition) => condition.on === on) ? 1 : 0);
  const paths = when.flatMap((condition) => (condition.on === "path" ? [condition.is] : []));
  const exact = paths.some((is) => !("prefix" in is)) ? 1 : 0;
  const longest = Math.max(0, ...paths.map((is) => ("prefix" in is ? is.prefix.replace(/\/$/u, "").length : 0)));
  // Several cookies are one header.
  return [exact, exact === 1 ? 0 : longest, has("method"), count("header") + has("cookie"), count("query")];
}

function saysMore(one: readonly Condition[], other: readonly Condition[]): boolean {
  const [mine, theirs] = [weightsOf(one), weightsOf(other)];
  const at = mine.findIndex((value, index) => value !== theirs[index]);
  return at >= 0 && (mine[at] ?? 0) > (theirs[at] ?? 0);
}
