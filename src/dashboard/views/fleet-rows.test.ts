// Which services come first, and which are left out?
import { expect, test } from "vitest";
import type { ServiceSummary } from "../../api/contract.ts";
import { countsOf, readFleetSearch, sorted } from "./fleet-rows.ts";
import { ms } from "../../core/units.ts";

const row = (service: string, more: Partial<ServiceSummary> = {}): ServiceSummary => ({
  service,
  version: 1,
  health: "well",
  ready: 1,
  wanted: 1,
  weights: {},
  troubles: {},
  ...more,
});

const busy = {
  number: 1,
  strategy: "canary",
  candidate: "a",
  phase: "forward",
  cursor: 0,
  steps: 3,
  startedMs: ms(0),
} as const;

const rows = [
  row("zoo"),
  row("beta", { rollout: busy }),
  row("alpha"),
  row("late", { rollout: { ...busy, strategy: "rolling" }, attention: { for: "paused", text: "" } }),
  row("lost", { health: "down", attention: { for: "down", text: "" } }),
];
const names = (search: Parameters<typeof sorted>[1]): string[] => sorted(rows, search).map(({ service }) => service);

test("what needs attention comes first, the most urgent of it before all, then what is under way", () => {
  expect(names({})).toEqual(["lost", "late", "beta", "alpha", "zoo"]);
});

test("filters", () => {
  expect(names({ q: "L" })).toEqual(["lost", "late", "alpha"]);
  expect(names({ show: "under-way", strategy: "rolling" })).toEqual(["late"]);
  expect(names({ show: "unwell" })).toEqual(["lost"]);
  expect(countsOf(rows)).toEqual({ all: 5, attention: 2, "under-way": 2, unwell: 1 });
});

test("an address that says something else says nothing", () => {
  expect(readFleetSearch({ q: 42, show: "everything", strategy: {}, more: 1 })).toEqual({ q: "42" });
  expect(readFleetSearch({ show: "attention" })).toEqual({ show: "attention" });
});
