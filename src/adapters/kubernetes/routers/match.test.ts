// Does a route take exactly the requests that a rule and the route before it mean?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RE2JS } from "re2js";
import { SerinError } from "../../../core/issues.ts";
import type { Condition, Match, ValueIs } from "../../../core/match.ts";
import { inOrder, narrowed as narrowedRoute } from "./gateway/match.ts";
import type { NamedMatch, RouteMatch } from "./gateway/objects.ts";
import { narrowed } from "./istio/match.ts";
import type { HttpMatch, StringMatch } from "./istio/objects.ts";

interface Request {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}

const texts = fc.constantFrom("", "1", "12", "eu", "v1");
const request: fc.Arbitrary<Request> = fc
  .record({
    path: fc.constantFrom("/", "/cart", "/cart/1", "/carts", "/a"),
    method: fc.constantFrom("GET", "POST", "PUT"),
    headers: fc.dictionary(fc.constantFrom("x-a", "x-b"), texts),
    cookie: fc.option(texts, { nil: undefined }),
    query: fc.dictionary(fc.constantFrom("q", "r"), texts),
  })
  .map(({ cookie, headers, ...rest }) => {
    const cookies = cookie === undefined ? {} : { cookie: `z=1; c=${cookie}` };
    return Object.assign(rest, { headers: Object.assign(headers, cookies) });
  });

const value: fc.Arbitrary<ValueIs> = fc.oneof(
  texts.map((exact) => ({ exact })),
  fc.constantFrom("1", "v").map((prefix) => ({ prefix })),
  fc.constantFrom("[0-9]+", "e.").map((regex) => ({ regex })),
  fc.constant({ present: true } as const),
);
const path = fc.oneof(
  fc.constantFrom("/cart", "/").map((exact) => ({ exact })),
  fc.constantFrom("/cart", "/cart/1", "/").map((prefix) => ({ prefix })),
);
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ on: fc.constant("header" as const), name: fc.constantFrom("x-a", "x-b"), is: value }),
  fc.record({ on: fc.constant("cookie" as const), name: fc.constant("c"), is: value }),
  fc.record({ on: fc.constant("query" as const), name: fc.constantFrom("q", "r"), is: value }),
  fc.record({ on: fc.constant("path" as const), is: path }),
  fc.record({ on: fc.constant("method" as const), is: fc.subarray(["GET", "POST"], { minLength: 1 }) }),
);
const when = fc.uniqueArray(condition, {
  maxLength: 3,
  selector: (one) => `${one.on} ${"name" in one ? one.name : ""}`,
});

const whole = (regex: string, text: string): boolean => RE2JS.matches(regex, text);

function isValue(is: ValueIs, text: string | undefined): boolean {
  if (text === undefined) return false;
  if ("exact" in is) return text === is.exact;
  if ("prefix" in is) return text.startsWith(is.prefix);
  return "regex" in is ? whole(is.regex, text) : true;
}

/** As `core/match.ts` says it. */
function isMeant(one: Condition, { path: at, method, headers, query }: Request): boolean {
  if (one.on === "method") return one.is.includes(method);
  if (one.on === "listener") return false;
  if (one.on === "path") {
    const prefix = "prefix" in one.is ? one.is.prefix.replace(/\/$/u, "") : undefined;
    return prefix === undefined ? isValue(one.is, at) : at === prefix || at.startsWith(`${prefix}/`);
  }
  if (one.on === "cookie") return isValue(one.is, /c=(.*)$/u.exec(headers["cookie"] ?? "")?.[1]);
  return isValue(one.is, one.on === "header" ? headers[one.name] : query[one.name]);
}

/** As Istio says it. */
function isIstios(match: HttpMatch, { path: at, method, headers, query }: Request): boolean {
  const is = (one: StringMatch | undefined, text: string | undefined): boolean => {
    if (one === undefined) return true;
    if (text === undefined) return false;
    if (one.exact !== undefined) return text === one.exact;
    if (one.prefix !== undefined) return text.startsWith(one.prefix);
    return one.regex === undefined || whole(one.regex, text);
  };
  const all = (of: Readonly<Record<string, StringMatch>> = {}, from: Readonly<Record<string, string>>): boolean =>
    Object.entries(of).every(([name, one]) => is(one, from[name]));
  return is(match.uri, at) && is(match.method, method) && all(match.headers, headers) && all(match.queryParams, query);
}

/** As the Gateway API says it. */
function isRoutes({ path: asked, method, headers, queryParams }: RouteMatch, request_: Request): boolean {
  const at = request_.path;
  const prefix = (asked?.value ?? "/").replace(/\/$/u, "");
  const isPath = asked?.type === "Exact" ? at === asked.value : at === prefix || at.startsWith(`${prefix}/`);
  const all = (of: readonly NamedMatch[] = [], from: Readonly<Record<string, string>>): boolean =>
    of.every(({ name, type, value: is }) => {
      const text = from[name.toLowerCase()];
      return text !== undefined && (type === "RegularExpression" ? whole(is, text) : text === is);
    });
  const isMethod = method === undefined || method === request_.method;
  return isPath && isMethod && all(headers, request_.headers) && all(queryParams, request_.query);
}

/** What cannot be said in one is refused, and not said wrongly. */
function orRefused<T>(make: () => T): T | "refused" {
  try {
    return make();
  } catch (error) {
    if (error instanceof SerinError && error.trouble.code === "SERIN_BAD_RULE") return "refused";
    throw error;
  }
}

/** How often a property has been asked of something that could be said. */
function counted() {
  let said = 0;
  return { said: () => said, holds: (isHeld: boolean): boolean => ((said += 1), isHeld) };
}

describe("a match of Istio's", () => {
  const own: fc.Arbitrary<HttpMatch> = fc.record(
    {
      uri: fc.constantFrom({ prefix: "/" }, { prefix: "/cart" }, { exact: "/cart" }),
      method: fc.constantFrom({ exact: "GET" }, { regex: "GET|PUT" }),
      headers: fc.constantFrom({ "x-a": { exact: "1" } }, { "x-a": {} }, { "x-b": { prefix: "e" } }),
    },
    { requiredKeys: [] },
  );
  test("takes what the route's takes and all conditions mean", () => {
    const runs = counted();
    fc.assert(
      fc.property(own, when, request, (match, conditions, asked) => {
        const found = orRefused(() => narrowed(match, conditions) ?? "none");
        if (found === "refused") return true;
        const isTaken = found !== "none" && isIstios(found, asked);
        return runs.holds(isTaken === (isIstios(match, asked) && conditions.every((one) => isMeant(one, asked))));
      }),
      { numRuns: 2_000 },
    );
    expect(runs.said()).toBeGreaterThan(1_000);
  });
});

describe("matches of the Gateway API's", () => {
  const own: fc.Arbitrary<RouteMatch> = fc.record(
    {
      path: fc.constantFrom(
        { type: "PathPrefix", value: "/" },
        { type: "PathPrefix", value: "/cart" },
        { type: "Exact", value: "/a" },
      ),
      method: fc.constantFrom("GET", "PUT"),
      headers: fc.constantFrom([{ name: "X-A", type: "Exact", value: "1" }], [{ name: "x-b", value: "eu" }]),
    },
    { requiredKeys: ["path"] },
  );
  test("take what the route's takes and all conditions mean", () => {
    const runs = counted();
    fc.assert(
      fc.property(own, when, request, (match, conditions, asked) => {
        const found = orRefused(() => narrowedRoute(match, conditions));
        if (found === "refused") return true;
        const isTaken = found.some((one) => isRoutes(one, asked));
        return runs.holds(isTaken === (isRoutes(match, asked) && conditions.every((one) => isMeant(one, asked))));
      }),
      { numRuns: 2_000 },
    );
    expect(runs.said()).toBeGreaterThan(1_000);
  });
  test("decide among rules as their list does, although what says more goes first", () => {
    const some = when.filter((all) => all.length > 0);
    const rulesTo = (to: "canary" | "stable") =>
      fc.array(
        some.map((all): Match => ({ when: all, to })),
        { maxLength: 3 },
      );
    const runs = counted();
    fc.assert(
      fc.property(rulesTo("canary"), rulesTo("stable"), request, (treatment, control, asked) => {
        const listed = [...treatment, ...control];
        const ordered = orRefused(() => {
          const rules = inOrder(listed).map(({ when: all, to }) => ({ to, matches: narrowedRoute({}, all) }));
          return rules.flatMap(({ to, matches }) => matches.map((match) => ({ to, match })));
        });
        if (ordered === "refused") return true;
        const held = ordered.filter(({ match }) => isRoutes(match, asked));
        const [first] = held.toSorted((one, other) => compare(precision(other.match), precision(one.match)));
        return runs.holds(first?.to === listed.find((rule) => rule.when.every((one) => isMeant(one, asked)))?.to);
      }),
      { numRuns: 2_000 },
    );
    expect(runs.said()).toBeGreaterThan(1_000);
  });
});

/** What the Gateway API compares, in its order. */
function precision({ path: at, method, headers = [], queryParams = [] }: RouteMatch): readonly number[] {
  // Where nothing is said, it is every path.
  const { type = "PathPrefix", value: text = "/" } = at ?? {};
  return [
    type === "Exact" ? 1 : 0,
    type === "Exact" ? 0 : text.length,
    method === undefined ? 0 : 1,
    headers.length,
    queryParams.length,
  ];
}

function compare(one: readonly number[], other: readonly number[]): number {
  return one.map((part, at) => part - (other[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
