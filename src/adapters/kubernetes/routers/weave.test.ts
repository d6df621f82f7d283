// Is nothing of somebody's route lost, and is what was written read back, whatever the route and the split?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SerinError } from "../../../core/issues.ts";
import { canonical, type Condition, type Match, type ValueIs } from "../../../core/match.ts";
import type { Mirror } from "../../../core/mirror.ts";
import { sameSplit, type Role, type Weights } from "../../../core/split.ts";
import { weight, WHOLE } from "../../../core/units.ts";
import type { GatewayRoute, Rule } from "./gateway/objects.ts";
import { ownersRules, patchOf as patchOfRoute, readSplit as readRoute, writtenRules } from "./gateway/route.ts";
import type { Lists, VirtualService } from "./istio/objects.ts";
import type { Aim } from "./istio/routes.ts";
import { ownersLists, patchOf, readSplit, writtenLists } from "./istio/virtual-service.ts";
import { NOTE } from "./note.ts";
import type { Wish } from "./weave.ts";

const called = { namespace: "prod", name: "shop" };

/** Shares of a whole: of percents, or of millionths. */
const weights: fc.Arbitrary<Weights> = fc
  .tuple(fc.constantFrom(1, 10_000), fc.nat(WHOLE), fc.nat(WHOLE), fc.nat(WHOLE))
  .map(([unit, ...parts]) => {
    const whole = WHOLE / unit;
    const [first, second, third] = parts.map((part) => part % (Math.floor(whole / 3) + 1));
    const others: readonly (readonly [Role, number])[] = [
      ["canary", first ?? 0],
      ["canary-2", second ?? 0],
      ["baseline", third ?? 0],
    ];
    const rest = whole - others.reduce((sum, [, part]) => sum + part, 0);
    const all = [...others, ["stable", rest] as const].filter(([, part]) => part > 0);
    return Object.fromEntries(all.map(([role, part]) => [role, weight(part * unit)])) as Weights;
  });

const value: fc.Arbitrary<ValueIs> = fc.oneof(
  fc.constantFrom("1", "a.b", "eu").map((exact) => ({ exact })),
  fc.constantFrom("", "v", "(").map((prefix) => ({ prefix })),
  fc.constantFrom("v[0-9]+", "a|b").map((regex) => ({ regex })),
  fc.constant({ present: true } as const),
);
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ on: fc.constant("header" as const), name: fc.constantFrom("x-a", "x-b"), is: value }),
  fc.record({ on: fc.constant("cookie" as const), name: fc.constantFrom("c", "d"), is: value }),
  fc.record({ on: fc.constant("query" as const), name: fc.constantFrom("q", "r"), is: value }),
  fc.record({ on: fc.constant("method" as const), is: fc.subarray(["GET", "POST"], { minLength: 1 }) }),
);
const when = fc.uniqueArray(condition, {
  maxLength: 3,
  minLength: 1,
  selector: (one) => `${one.on} ${"name" in one ? one.name : ""}`,
});
const match: fc.Arbitrary<Match> = fc.record({ when, to: fc.constantFrom("canary" as const, "stable" as const) });
const mirror: fc.Arbitrary<Mirror> = fc.record({
  to: fc.constantFrom(["canary"] as const, ["canary", "baseline"] as const),
  share: fc.integer({ min: 1, max: WHOLE }).map(weight),
  methods: fc.constantFrom("safe" as const, "all" as const),
  when: fc.option(fc.array(when, { minLength: 1, maxLength: 2 }), { nil: undefined }),
});
const wish: fc.Arbitrary<Wish> = fc.record({
  weights,
  matches: fc.oneof(fc.constant(undefined), fc.array(match, { minLength: 1, maxLength: 2 })),
  mirror: fc.option(mirror, { nil: undefined }),
});

const extra = fc.dictionary(
  fc.constantFrom("timeout", "retries", "fault", "corsPolicy"),
  fc.jsonValue({ maxDepth: 2 }),
);
const host = fc.constantFrom("shop", "shop.prod", "shop.prod.svc.cluster.local", "shop.other", "legacy", "shop-canary");
const subset = fc.option(fc.constantFrom("v1", "canary", "stable"), { nil: undefined });
const destination = fc
  .record({ host, subset, weight: fc.integer({ min: 1, max: 100 }), more: extra })
  .map(({ weight: number, more, ...at }) => Object.assign({}, more, { destination: at, weight: number }));
const httpMatch = fc.record({
  headers: fc.option(fc.constant({ "x-a": { exact: "1" } }), { nil: undefined }),
  uri: fc.option(fc.constantFrom({ prefix: "/cart" }, { exact: "/" }), { nil: undefined }),
  sourceLabels: fc.option(fc.constant({ app: "web" }), { nil: undefined }),
});
const httpRoute = fc
  .record({
    name: fc.option(fc.constantFrom("one", "two", "three"), { nil: undefined }),
    match: fc.option(fc.array(httpMatch, { maxLength: 2 }), { nil: undefined }),
    route: fc.option(fc.array(destination, { maxLength: 3 }), { nil: undefined }),
    mirror: fc.option(fc.constant({ host: "audit" }), { nil: undefined }),
    more: extra,
  })
  .map(({ more, ...one }) => plain(Object.assign({}, more, one)));
const streamRoute = fc
  .record({
    match: fc.option(fc.constant([{ port: 443 }]), { nil: undefined }),
    route: fc.array(destination, { maxLength: 3 }),
  })
  .map(plain);

/** Without what is not said: what comes from an API server says everything that it has. */
function plain<T>(value_: T): T {
  return JSON.parse(JSON.stringify(value_)) as T;
}

const lists = fc.record({
  http: fc.array(httpRoute, { maxLength: 4 }),
  tls: fc.array(streamRoute, { maxLength: 2 }),
  tcp: fc.array(streamRoute, { maxLength: 2 }),
}) as unknown as fc.Arbitrary<Lists>;
const aim = fc.constantFrom<Aim>({ called, by: "subsets" }, { called, by: "services" });

function virtualService(spec: Lists, note?: string): VirtualService {
  return {
    metadata: { name: "front", ...(note !== undefined && { annotations: { [NOTE]: note } }) },
    spec: plain(spec),
  };
}

/** What cannot be said is refused before anything is written. */
function orRefused<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof SerinError && error.trouble.code === "SERIN_BAD_RULE") return undefined;
    throw error;
  }
}

const same = (one: unknown, other: unknown): boolean => canonical(plain(one)) === canonical(plain(other));

/** How often a property has been asked of a list into which something was woven. */
function counted() {
  let woven = 0;
  return { woven: () => woven, count: (): void => void (woven += 1) };
}

describe("a VirtualService of somebody's", () => {
  const all = fc.record({ owners: lists, at: aim, first: wish, second: wish });
  test("is whole again once the split is taken out, after however many of them", () => {
    const runs = counted();
    fc.assert(
      fc.property(all, ({ owners, at, first, second }) => {
        const one = orRefused(() => writtenLists(owners, at, { names: undefined, wish: first }));
        if (!one) return true;
        if (!same(one.lists, owners)) runs.count();
        const during = virtualService(one.lists, one.note);
        const two = orRefused(() => writtenLists(ownersLists(during, at), at, { names: undefined, wish: second }));
        const later = two ? virtualService(two.lists, two.note) : during;
        return same(ownersLists(during, at), owners) && same(ownersLists(later, at), owners);
      }),
    );
    expect(runs.woven()).toBeGreaterThan(20);
  });
  test("says the split that was written into it, and is not written twice", () => {
    const runs = counted();
    fc.assert(
      fc.property(all, ({ owners, at, first }) => {
        const written = orRefused(() => writtenLists(owners, at, { names: undefined, wish: first }));
        if (!written) return true;
        const during = virtualService(written.lists, written.note);
        const read = readSplit(during, at, undefined);
        if (typeof read !== "string") runs.count();
        const isRead = typeof read === "string" ? read.startsWith("no route") : sameSplit(read, first);
        return isRead && patchOf(during, written) === undefined;
      }),
    );
    expect(runs.woven()).toBeGreaterThan(20);
  });
  test("keeps every field of every route, and every route in its order", () => {
    const without = (routes: Lists["http"] = []) => routes.map((one) => Object.assign({}, one, { route: [] }));
    const runs = counted();
    fc.assert(
      fc.property(all, ({ owners, at, first }) => {
        const written = orRefused(() => writtenLists(owners, at, { names: undefined, wish: first }));
        const kept = (written?.lists.http ?? []).filter(({ name }) => !name?.startsWith("serin-"));
        if (kept.length < (written?.lists.http ?? []).length) runs.count();
        return !written || same(without(kept), without(owners.http));
      }),
    );
    expect(runs.woven()).toBeGreaterThan(10);
  });
});

const backend = fc.record({
  group: fc.constant(""),
  kind: fc.constant("Service"),
  name: fc.constantFrom("shop", "legacy", "other"),
  port: fc.constant(80),
  weight: fc.integer({ min: 1, max: 10 }),
});
const routeMatch = fc.record({
  path: fc.constantFrom({ type: "PathPrefix", value: "/" }, { type: "Exact", value: "/a" }),
  headers: fc.constantFrom([{ name: "x-a", type: "Exact", value: "1" }], [{ name: "x-c", type: "Exact", value: "2" }]),
});
const rules = fc.array(
  fc
    .record({
      name: fc.option(fc.constantFrom("one", "two"), { nil: undefined }),
      matches: fc.array(routeMatch, { minLength: 1, maxLength: 2 }),
      filters: fc.option(fc.constant([{ type: "URLRewrite", urlRewrite: { hostname: "other" } }]), { nil: undefined }),
      timeouts: fc.option(fc.constant({ request: "5s" }), { nil: undefined }),
      backendRefs: fc.array(backend, { minLength: 1, maxLength: 3 }),
    })
    .map(plain),
  { minLength: 1, maxLength: 3 },
) as unknown as fc.Arbitrary<readonly Rule[]>;

function route(of: readonly Rule[], note?: string): GatewayRoute {
  return {
    metadata: { name: "front", ...(note !== undefined && { annotations: { [NOTE]: note } }) },
    spec: { rules: plain(of) },
  };
}

test("an HTTPRoute of somebody's is whole again once the split is taken out, and says it until then", () => {
  const runs = counted();
  fc.assert(
    fc.property(rules, wish, (owners, asked) => {
      const written = orRefused(() => writtenRules(owners, called, { names: undefined, wish: asked }));
      if (!written) return true;
      const during = route(written.rules, written.note);
      const read = readRoute(during, called, undefined);
      if (typeof read !== "string") runs.count();
      const isRead = typeof read === "string" ? read.startsWith("no rule") : sameSplit(read, asked);
      return isRead && same(ownersRules(during, called), owners) && patchOfRoute(during, written) === undefined;
    }),
  );
  expect(runs.woven()).toBeGreaterThan(20);
});
