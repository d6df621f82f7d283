// Does a reading's text say what the figures say, and what was left out?
import { expect, test } from "vitest";
import { gatherCounts, gatherUsers, NOTHING_GATHERED, type Settled } from "../stats/ab/gather.ts";
import { type AbPlan, sampleOf } from "../stats/ab/judge.ts";
import { readingOf } from "./reading.ts";

const PLAN: AbPlan = {
  names: { control: "blue", treatment: "green" },
  alpha: 0.05,
  split: 0.5,
  sample: { baseline: 0.1, lift: { kind: "relative", value: 0.5 }, power: 0.9 },
};

/** So many users of each, of whom so many in a hundred converted. */
function users(each: number, [control, treatment]: readonly [number, number]): readonly Settled[] {
  return Array.from({ length: each }, (_, i): readonly Settled[] => [
    { variant: "control", converted: i % 100 < control },
    { variant: "treatment", converted: i % 100 < treatment },
  ]).flat();
}

test("z, p, interval and plain words", () => {
  const gathered = gatherUsers(NOTHING_GATHERED, users(918, [10, 15]), sampleOf(PLAN));
  const { report, text } = readingOf(PLAN, gathered, { counted: "users" });
  expect(report.decision).toEqual({ kind: "better", which: "treatment", by: "fixed" });
  expect(text).toBe(
    "Green converts 16.3% against blue's 10.9% (difference +2.3 to +8.6 points); p = 0.0007 at the planned sample. Take green. (z = 3.40; the difference is a 95% interval.)",
  );
});

test("before the planned sample no figures, but what was left out", () => {
  const gathered = gatherUsers(NOTHING_GATHERED, users(900, [10, 15]), sampleOf(PLAN));
  const leftOut = [
    ["users who saw both variants", 1_200],
    ["conversions told after their time", 0],
  ] as const;
  const { text } = readingOf(PLAN, gathered, { counted: "users", leftOut });
  expect(text).toMatch(
    /^Not decided: 18 more users per variant are needed .*Not counted: users who saw both variants: 1 200\.$/u,
  );
  expect(text).not.toContain("z =");
});

test("counters say when they were judged", () => {
  const more = { control: { users: 930, converted: 93 }, treatment: { users: 921, converted: 140 } };
  const { text } = readingOf(PLAN, gatherCounts(NOTHING_GATHERED, more, sampleOf(PLAN)), { counted: "counters" });
  expect(text).toMatch(
    /Judged once, at the first reading that had the planned sample: 930 users of blue, 921 of green\.$/u,
  );
});
