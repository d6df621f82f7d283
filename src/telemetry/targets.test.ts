// Is every replica with a metrics page a target, with what it is for?
import { expect, test } from "vitest";
import { Desk } from "../../test/support/engine.ts";
import type { Seen } from "../runtime/controller.ts";
import { targetsOf } from "./targets.ts";

function seenOf(desk: Desk, metrics?: object): Seen {
  const { pools, traffic } = desk.input();
  const { spec } = desk.state.spec;
  const process = { ...spec.workload.process, ...(metrics && { metrics }) };
  const state = { ...desk.state, spec: { ...desk.state.spec, spec: { ...spec, workload: { process } } } };
  return { state: state as Seen["state"], world: { pools, traffic }, measured: undefined, troubles: {} };
}

test("by pool, role and revision", () => {
  const desk = Desk.serving();
  desk.apply("v2");
  desk.passUntil(() => desk.canary > 0);
  const groups = targetsOf([seenOf(desk, { path: "/q/metrics?all=1" })]);
  const roles = groups.map(({ labels }) => `${labels["role"]} ${labels["revision"]}`);
  expect(roles.toSorted()).toEqual(["canary v2", "stable v1", "stable v1", "stable v1", "stable v1"]);
  expect(groups[0]?.labels).toMatchObject({
    __metrics_path__: "/q/metrics",
    __param_all: "1",
    service: "shop",
    pool: desk.state.stable?.pool,
  });
  expect(groups[0]?.targets).toEqual(["127.0.0.1:20000"]);
});

test("at the port of the page, where it has one of its own", () => {
  const groups = targetsOf([seenOf(Desk.serving(), { path: "/metrics", port: 9_000 })]);
  expect(groups.every(({ targets }) => targets[0] === "127.0.0.1:9000")).toBe(true);
});

test("none of a service that names no page, or that nobody has looked at", () => {
  const desk = Desk.serving();
  expect(targetsOf([seenOf(desk)])).toEqual([]);
  expect(targetsOf([{ ...seenOf(desk, { path: "/metrics" }), world: undefined }])).toEqual([]);
});
