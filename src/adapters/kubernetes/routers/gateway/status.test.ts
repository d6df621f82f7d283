// When has a data plane taken a route?
import { expect, test } from "vitest";
import type { GatewayRoute, SaidCondition } from "./objects.ts";
import { takenOf } from "./status.ts";

const condition = (type: string, more: Partial<SaidCondition> = {}): SaidCondition => {
  return { type, status: "True", observedGeneration: 3, ...more };
};
const route = (...conditions: readonly SaidCondition[]): GatewayRoute => ({
  metadata: { name: "front", generation: 3 },
  spec: { parentRefs: [{ name: "public" }] },
  status: {
    parents: [{ parentRef: { name: "public", kind: "Gateway" }, controllerName: "example.com/gateway", conditions }],
  },
});

test("when it accepts this very version and finds all that it refers to", () => {
  expect(takenOf(route(condition("Accepted"), condition("ResolvedRefs"))).kind).toBe("taken");
});
test("not while it speaks of an older one, or of nothing", () => {
  const old = { observedGeneration: 2 };
  expect(takenOf(route(condition("Accepted", old), condition("ResolvedRefs"))).kind).toBe("asked");
  expect(takenOf(route(condition("Accepted"), condition("ResolvedRefs", old))).kind).toBe("asked");
  expect(takenOf(route()).kind).toBe("asked");
  const { status: _status, ...silent } = route();
  expect(takenOf(silent)).toMatchObject({ kind: "asked", why: expect.stringContaining("public") as string });
});
test("not while one Gateway of two is silent", () => {
  const two = route(condition("Accepted"));
  const silent: GatewayRoute = { ...two, spec: { parentRefs: [{ name: "public" }, { name: "inside" }] } };
  expect(takenOf(silent)).toMatchObject({ kind: "asked", why: expect.stringContaining("inside") as string });
});
test("one that it refuses is told in its own words", () => {
  const words = { status: "False", reason: "UnsupportedValue", message: "regular expressions are not supported" };
  expect(takenOf(route(condition("Accepted", words)))).toEqual({
    kind: "refused",
    isDropped: true,
    why: "example.com/gateway says for Gateway public: UnsupportedValue: regular expressions are not supported",
  });
  const missing = { status: "False", reason: "BackendNotFound", message: "shop-canary" };
  expect(takenOf(route(condition("Accepted"), condition("ResolvedRefs", missing)))).toMatchObject({ isDropped: false });
  expect(takenOf(route(condition("Accepted"), condition("PartiallyInvalid")))).toMatchObject({ isDropped: true });
});
