// Is as little sent as can be, and all that must be?
import { expect, test } from "vitest";
import { EnvoySchema } from "../../core/spec/envoy.ts";
import type { Route, RoutePool } from "../../core/split.ts";
import { weightOf } from "../../core/units.ts";
import { nextOf } from "./next.ts";

const pool = (name: string, ...hosts: readonly string[]): RoutePool => ({
  pool: name,
  backends: hosts.map((host, at) => ({ replica: `${name}-${at}`, host, port: 80 })),
});
const spec = EnvoySchema.parse({ listen: 8080 });
const subject = { service: "shop", front: "shop", spec };
const route = (canary: number, more: Partial<Route["split"]> = {}, host = "127.0.0.1"): Route => ({
  split: { weights: { canary: weightOf(canary), stable: weightOf(1 - canary) }, ...more },
  pools: { stable: pool("one", host), canary: pool("two", "127.0.0.2") },
});
const first = nextOf(undefined, { ...subject, route: route(0.1) }).served;

test("the first route is all new, with its shares in it", () => {
  const next = nextOf(undefined, { ...subject, route: route(0.1) });
  expect(next.change).toBe("routes");
  expect(next.served.base).toEqual(route(0.1).split.weights);
});

test("the same again is nothing, shares are shares, replicas are replicas", () => {
  expect(nextOf(first, { ...subject, route: route(0.1) }).change).toBe("nothing");
  const shares = nextOf(first, { ...subject, route: route(0.2) });
  expect(shares.change).toBe("shares");
  expect([shares.served.base, shares.served.generation]).toEqual([first.base, first.generation]);
  expect(nextOf(first, { ...subject, route: route(0.1, {}, "127.0.0.9") }).change).toBe("replicas");
});

test("anything else is in the routes, under another generation, also on the way back", () => {
  const sticky = { key: { kind: "header" as const, name: "x" }, salt: "1" };
  const second = nextOf(first, { ...subject, route: route(0.1, { sticky }) });
  expect(second.change).toBe("routes");
  const back = nextOf(second.served, { ...subject, route: route(0.1) });
  expect(back.change).toBe("routes");
  expect(new Set([first.generation, second.served.generation, back.served.generation]).size).toBe(3);
  const other = EnvoySchema.parse({ listen: 8080, hosts: ["shop.example.org"] });
  expect(nextOf(first, { ...subject, spec: other, route: route(0.1) }).change).toBe("routes");
});

test("replicas by name stand in the cluster, and a role without any leaves the routes", () => {
  const named = nextOf(undefined, { ...subject, route: route(0.1, {}, "replica.local") }).served;
  expect(nextOf(named, { ...subject, route: route(0.1, {}, "other.local") }).change).toBe("routes");
  const gone = { ...route(0.1), pools: { stable: pool("one", "127.0.0.1"), canary: pool("two") } };
  const next = nextOf(first, { ...subject, route: gone });
  expect(next.change).toBe("routes");
  expect(next.served.base).toEqual({ stable: weightOf(1) });
});
