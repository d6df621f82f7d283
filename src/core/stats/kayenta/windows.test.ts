// Are the runs and the end of a stage those of Orca?
import { expect, test } from "vitest";
import { verdictOfRuns, windowsOf } from "./windows.ts";

const MINUTE_MS = 60_000;

test("a remainder is never judged, and an interval counts in whole minutes", () => {
  expect(windowsOf({ lifetimeMs: 100 * MINUTE_MS, intervalMs: 30 * MINUTE_MS })).toHaveLength(3);
  const runs = windowsOf({ lifetimeMs: 10 * MINUTE_MS, intervalMs: 1.5 * MINUTE_MS });
  expect(runs).toHaveLength(10);
  expect(runs.at(-1)?.endMs).toBe(15 * MINUTE_MS);
});

test("what cannot be planned is refused", () => {
  expect(() => windowsOf({ lifetimeMs: 30_000 })).toThrow("found an interval of 30000 ms, the shortest is one minute");
  expect(() => windowsOf({ lifetimeMs: NaN })).toThrow("lifetimeMs is no time: NaN");
  expect(() => windowsOf({ lifetimeMs: MINUTE_MS, warmupMs: -1 })).toThrow("warmupMs is no time: -1");
});

test("the first run at or below marginal ends the stage", () => {
  expect(verdictOfRuns([100, 75, 100], { pass: 95, marginal: 75 })).toEqual({
    passed: false,
    run: 2,
    reason: "run 2 scored 75, which is not above the marginal score 75",
  });
});

test("an earlier marginal run is forgotten: only the last one must pass", () => {
  expect(verdictOfRuns([76, 95], { pass: 95, marginal: 75 })).toEqual({
    passed: true,
    run: 2,
    reason: "the last run scored 95, which reaches the pass score 95",
  });
});

test("Orca cuts scores and thresholds to whole numbers", () => {
  const thresholds = { pass: 95, marginal: 75 };
  expect(verdictOfRuns([94.99], thresholds).reason).toBe("the last run scored 94, which is below the pass score 95");
  expect(verdictOfRuns([75.5], thresholds).passed).toBe(false);
  expect(verdictOfRuns([75.5], thresholds).run).toBe(1);
  expect(verdictOfRuns([75.5, 99], thresholds, { truncate: false }).passed).toBe(true);
  expect(verdictOfRuns([95.5], { pass: 95.9 }).passed).toBe(true);
  expect(verdictOfRuns([95.5], { pass: 95.9 }, { truncate: false }).passed).toBe(false);
});

test("without a score there is no verdict", () => {
  expect(() => verdictOfRuns([], { pass: 95 })).toThrow(RangeError);
});
