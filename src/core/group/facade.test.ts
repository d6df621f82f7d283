// Do routes move one by one, and stay with legacy when they are worse?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GroupDesk, type Mishap, type Turns } from "../../../test/support/group.ts";
import { lastMinute } from "./legacy.ts";
import type { FacadePlan } from "./state.ts";

const REST = "shop";

function planOf(desk: GroupDesk, routes: readonly string[], order: FacadePlan["order"] = "one-by-one"): FacadePlan {
  return {
    kind: "facade",
    order,
    rest: REST,
    line: routes.map((route) => ({ service: `shop-${route}`, route, requests: `path begins with /${route}` })),
    legacy: desk.target("v1").revision,
    former: [],
  };
}

function apply(
  desk: GroupDesk,
  routes: readonly string[],
  more: { order?: FacadePlan["order"]; revision?: string } = {},
) {
  const targets = routes.map((route) => [`shop-${route}`, desk.target(more.revision ?? "v2")] as const);
  const all = Object.fromEntries([[REST, desk.target("v1")] as const, ...targets]);
  return desk.apply(planOf(desk, routes, more.order), all);
}

function facade(routes: readonly string[], order?: FacadePlan["order"]): GroupDesk {
  const bare: FacadePlan = {
    kind: "facade",
    order: "one-by-one",
    rest: REST,
    line: [],
    legacy: { id: "v1", template: {} },
    former: [],
  };
  const desk = new GroupDesk("facade/shop", bare);
  expect(apply(desk, routes, { ...(order && { order }) }).refused).toBeUndefined();
  return desk;
}

const stable = (desk: GroupDesk, route: string): string | undefined =>
  desk.desk(`shop-${route}`).state.stable?.revision;
const isOver = (desk: GroupDesk, route: string) => (): boolean =>
  desk.desk(`shop-${route}`).state.rollout?.candidate === "v2" &&
  desk.desk(`shop-${route}`).state.rollout?.phase === "ended";
const texts = (desk: GroupDesk): readonly string[] => desk.records.map(({ text }) => text);

describe("a façade", () => {
  test("has legacy behind every route first, then moves one route after the other", () => {
    const desk = facade(["cart", "search"]);
    desk.passUntil(() => desk.members.size === 3 && [...desk.members.values()].every(({ state }) => state.stable));
    expect([...desk.members.values()].map(({ state }) => state.stable?.revision)).toEqual(["v1", "v1", "v1"]);
    desk.passUntil(() => desk.desk("shop-cart").canary === 50);
    expect(desk.desk("shop-search").state.rollouts).toBe(1);
    desk.passUntil(() => desk.state.run?.phase === "ended");
    expect([stable(desk, "cart"), stable(desk, "search"), desk.desk(REST).state.stable?.revision]).toEqual([
      "v2",
      "v2",
      "v1",
    ]);
    expect(desk.state.run).toMatchObject({ outcome: "promoted", why: "every route has moved" });
  });

  test("stops at a route that is worse; it moves again only when a person says so", () => {
    const desk = facade(["cart", "search"]);
    desk.turns["shop-cart"] = "errors";
    desk.passUntil(() => desk.members.has("shop-cart") && isOver(desk, "cart")());
    desk.pass(120_000);
    expect(stable(desk, "cart")).toBe("v1");
    expect(desk.desk("shop-cart").state.rollouts).toBe(2);
    expect(desk.desk("shop-search").state.rollouts).toBe(1);
    desk.turns["shop-cart"] = "good";
    expect(desk.say({ kind: "retry" }).text).toContain("tries again: shop-cart");
    desk.desk("shop-cart").errors["3-canary"] = 0;
    desk.passUntil(() => desk.state.run?.phase === "ended");
    expect(stable(desk, "cart")).toBe("v2");
  });

  test("leaves a route with legacy and goes on when a person says so", () => {
    const desk = facade(["cart", "search"]);
    expect(desk.say({ kind: "promote" }).refused?.what).toContain("nothing to skip");
    desk.turns["shop-cart"] = "errors";
    desk.passUntil(() => desk.members.has("shop-cart") && isOver(desk, "cart")());
    desk.pass(1_000);
    expect(desk.say({ kind: "promote" }).refused).toBeUndefined();
    desk.passUntil(() => desk.state.run?.phase === "ended");
    expect([stable(desk, "cart"), stable(desk, "search")]).toEqual(["v1", "v2"]);
    expect(desk.state.run?.why).toBe("every route has moved; left with legacy: cart");
  });

  test("moves all at the same time when asked to", () => {
    const desk = facade(["cart", "search"], "together");
    desk.turns["shop-cart"] = "errors";
    desk.passUntil(() => desk.members.size === 3 && stable(desk, "search") === "v2");
    expect(stable(desk, "cart")).toBe("v1");
  });

  test("a route that a person takes back stops the line, and can be moved again", () => {
    const desk = facade(["cart", "search"]);
    desk.passUntil(() => desk.members.has("shop-cart") && stable(desk, "cart") === "v2");
    desk.passUntil(isOver(desk, "cart"));
    desk.passUntil(() => desk.state.run?.phase === "ended");
    expect(desk.desk("shop-cart").say("undo").refused).toBeUndefined();
    desk.pass(60_000);
    expect(stable(desk, "cart")).toBe("v1");
    expect(desk.state.run?.phase).toBe("forward");
    expect(texts(desk)).toContain("cart was taken back");
    desk.say({ kind: "retry" });
    desk.passUntil(() => desk.state.run?.phase === "ended");
    expect(stable(desk, "cart")).toBe("v2");
  });

  test("abort brings the route under way back; undo asks which one is meant", () => {
    const desk = facade(["cart", "search"]);
    desk.passUntil(() => desk.members.has("shop-cart") && desk.desk("shop-cart").canary === 10);
    expect(desk.say({ kind: "abort" }).text).toContain("cart goes back to legacy");
    desk.passUntil(isOver(desk, "cart"));
    desk.pass(60_000);
    expect(desk.desk("shop-cart").state.rollout).toMatchObject({ outcome: "stopped" });
    expect(desk.desk("shop-search").state.rollouts).toBe(1);
    expect(desk.say({ kind: "undo" }).refused?.what).toContain("say which one");
  });

  test("another file adds routes, changes the one that failed, and takes routes away; what has moved stays", () => {
    const desk = facade(["cart", "search"]);
    desk.turns["shop-search"] = "errors";
    desk.passUntil(() => desk.members.has("shop-search") && isOver(desk, "search")());
    desk.pass(1_000);
    const { rollouts } = desk.desk("shop-cart").state;
    const plan = planOf(desk, ["cart", "search", "login"]);
    const targets = { shop: "v1", "shop-cart": "v2", "shop-search": "v3", "shop-login": "v2" };
    const asked = Object.entries(targets).map(([service, revision]) => [service, desk.target(revision)] as const);
    expect(desk.apply(plan, Object.fromEntries(asked)).refused).toBeUndefined();
    desk.passUntil(() => desk.state.run?.phase === "ended");
    expect([stable(desk, "cart"), stable(desk, "search"), stable(desk, "login")]).toEqual(["v2", "v3", "v2"]);
    expect(desk.desk("shop-cart").state.rollouts).toBe(rollouts);
    apply(desk, ["cart"]);
    desk.pass(2_000);
    expect([...desk.members.keys()].toSorted()).toEqual(["shop", "shop-cart"]);
    expect(desk.state.leaving).toEqual([]);
  });

  test("tells its services other settings of the proxy that they share, not while one is under way", () => {
    const desk = facade(["cart"]);
    const other = (revision: string) => {
      const target = desk.target(revision);
      const { traffic } = target.spec.spec;
      const proxy = { ...traffic.proxy, retries: 3 } as NonNullable<typeof traffic.proxy>;
      return { ...target, spec: { ...target.spec, spec: { ...target.spec.spec, traffic: { ...traffic, proxy } } } };
    };
    const change = () => desk.apply(planOf(desk, ["cart"]), { shop: other("v1"), "shop-cart": other("v2") });
    desk.passUntil(() => desk.members.has("shop-cart") && desk.desk("shop-cart").canary === 10);
    expect(change().refused?.code).toBe("SERIN_BUSY");
    desk.passUntil(() => desk.state.run?.phase === "ended");
    desk.pass(5_000);
    expect(change().refused).toBeUndefined();
    desk.pass(2_000);
    const retries = [...desk.members.values()].map(({ state }) => state.spec.spec.traffic.proxy?.retries);
    expect(retries).toEqual([3, 3]);
    expect(stable(desk, "cart")).toBe("v2");
  });

  test("counts what legacy still answers, of each route and of the rest", () => {
    const desk = facade(["cart"]);
    desk.passUntil(() => desk.state.run?.phase === "ended");
    const requests = (service: string): number => {
      const counted = desk.state.legacy[service];
      return counted ? lastMinute(counted).requests : NaN;
    };
    desk.pass(90_000);
    // Every desk counts 50 requests a look of half a second.
    expect(requests(REST)).toBeGreaterThan(5_500);
    expect(requests(REST)).toBeLessThan(7_000);
    expect(requests("shop-cart")).toBe(0);
    expect(desk.state.legacy[REST]?.samples.length).toBeLessThan(20);
    expect(desk.nowMs - (desk.state.legacy["shop-cart"]?.askedMs ?? 0)).toBeGreaterThan(80_000);
  });
});

const asked = fc.record({
  turns: fc.array(fc.constantFrom<Turns>("good", "good", "errors", "never-ready"), { minLength: 3, maxLength: 3 }),
  mishaps: fc.array(fc.constantFrom<Mishap>("none", "none", "lost", "twice"), { minLength: 5, maxLength: 40 }),
});

test("whatever becomes of routes and asks: no route begins before all routes before it have moved", () => {
  fc.assert(
    fc.property(asked, ({ turns, mishaps }) => {
      const routes = ["a", "b", "c"];
      const desk = facade(routes);
      let at = 0;
      desk.mishap = () => mishaps[(at += 1) % mishaps.length] ?? "none";
      routes.forEach((route, index) => (desk.turns[`shop-${route}`] = turns[index] ?? "good"));
      desk.pass(180_000);
      const bad = turns.findIndex((turn) => turn !== "good");
      const moved = routes.slice(0, bad < 0 ? routes.length : bad);
      expect(routes.filter((route) => stable(desk, route) === "v2")).toEqual(moved);
      // Legacy, and one try for each whose turn has come.
      const tries = routes.map((route) => desk.desk(`shop-${route}`).state.rollouts);
      expect(tries).toEqual(routes.map((_route, index) => (bad < 0 || index <= bad ? 2 : 1)));
    }),
    { numRuns: 12 },
  );
});
