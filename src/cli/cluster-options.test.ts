// Is it always plain whether a command means a cluster?
import { expect, test } from "vitest";
import { clusterOf } from "./cluster-options.ts";

test.each([
  [{}, "checkout"],
  [{}, "release/shop"],
  [{ state: ".serin" }, "checkout/3"],
])("%j %s is about this machine", (typed, service) => {
  expect(clusterOf(typed, service)).toBeUndefined();
});

test.each([
  [{ kubernetes: true }, "checkout", {}],
  [{ namespace: "prod" }, "checkout", { namespace: "prod" }],
  [{ context: "live" }, undefined, { context: "live" }],
  [{ allNamespaces: true }, undefined, { all: true }],
  [{}, "checkout.prod", {}],
  [{}, "checkout.prod/3", {}],
])("%j %s is about a cluster", (typed, service, chosen) => {
  expect(clusterOf(typed, service)).toEqual(chosen);
});

test.each([
  [{ state: ".serin", kubernetes: true }, "checkout", "this is about a cluster"],
  [{ state: ".serin" }, "checkout.prod", "checkout.prod is in a cluster"],
  [{ allNamespaces: true, namespace: "prod" }, undefined, "all of them"],
])("%j %s is refused", (typed, service, said) => {
  expect(() => clusterOf(typed, service)).toThrow(said);
});
