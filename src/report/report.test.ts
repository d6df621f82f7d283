// Does a report tell what happened?
import { expect, test } from "vitest";
import {
  after,
  empty,
  ERRORS,
  fine,
  held,
  LATENCY,
  NOTHING,
  promoted,
  recordsOf,
  rolledBack,
  SAMPLES,
  START,
  trailOf,
  verdictOf,
} from "../../test/support/report.ts";
import type { MetricVerdict } from "../core/stats/plan.ts";
import { ms } from "../core/units.ts";
import { reportOf } from "./report.ts";
import { harmed, roleOf, shortList, took } from "./told.ts";

const report = (name: keyof typeof SAMPLES) => reportOf(SAMPLES[name]().records, SAMPLES[name]().view);

test.each([
  ["rolledBack", "shop/2 was rolled back after 40s: errors 3.1% against 0.10%, over 99.9% sure"],
  ["promoted", "shop/2 was promoted after 2m: no worse on success-rate and latency-p99"],
  ["held", "shop/2 is under way for 10m, canary at 10%, undecided, waits for a person"],
  ["empty", "shop/1 is under way for 0s, canary at 0%, nothing judged yet"],
] as const)("the headline of one that is %s", (name, headline) => {
  expect(report(name).headline).toBe(headline);
});

test("who brought what, how long it took, and what users met", () => {
  const told = report("rolledBack");
  expect(told).toMatchObject({
    state: "rolled-back",
    candidate: "bbbb",
    replaces: "aaaa",
    strategy: "canary",
    startedBy: "ann",
    startReason: "one click",
    decidedMs: after(40),
    untilMs: after(46),
    isOver: true,
    decidedBy: "success-rate",
    harm: { canaryRequests: 412, failed: { count: 13, of: 412, expected: 0 } },
  });
  expect(took(told)).toBe("40s to the decision, 46s to the end");
  expect(harmed(told)).toBe("412 requests went to the canary; 13 failed; at stable's share none would have");
  expect(took(report("held"))).toBe("10m so far");
  expect(harmed(report("empty"))).toBe("no request to the canary was counted");
});

test("the share that was measured, of a rollout under way and of one that is over", () => {
  const points = [0, 0.1, 0.1, 0.1, 0].map((share, index) => ({ atMs: after(Math.min(46, 10 * (index + 1))), share }));
  const { records } = rolledBack();
  expect(report("rolledBack").measured).toEqual(points);
  const { view } = held();
  const live = { ...view, rollout: view.rollout && { ...view.rollout, measured: records.at(-1)?.measured } };
  expect(reportOf(held().records, live).measured.map(({ share }) => share)).toEqual(points.map(({ share }) => share));
  expect(report("promoted").measured).toEqual([]);
});

test("each metric: what it did, since when, what was missing", () => {
  const told = report("rolledBack");
  const [errors, latency] = told.metrics;
  expect(errors).toMatchObject({
    label: "errors",
    did: "rollBack",
    sinceMs: after(20),
    missing: "is not within its margin so far",
  });
  expect(latency).toMatchObject({
    did: undefined,
    sinceMs: undefined,
    missing: "needs about 900 more canary requests",
  });
  expect(told.metrics.map((metric) => roleOf(metric, told))).toEqual(["decided", "undecided"]);
  expect(report("held").metrics.map(({ missing }) => missing)).toEqual([
    "is not within its margin so far",
    "has nothing to go by yet",
  ]);
});

test("an interval of shares lies around stable's estimate, one of levels is relative", () => {
  const said = { canary: 120, baseline: 100, interval: [0.1, 0.3] as const, logBad: 0, logGo: 0 };
  const memory: MetricVerdict = { ...ERRORS, name: "memory", kind: "gauge", unit: "MiB" };
  const trail = trailOf(1, () => ({ memory: said, "success-rate": { ...said, canary: 0.03, baseline: 0.001 } }));
  const verdict = verdictOf("undecided", [memory, ERRORS]);
  const { metrics } = reportOf(
    recordsOf([
      [0, "started", "x"],
      [20, "back", "y", { verdict, trail }],
    ]),
    NOTHING,
  );
  expect(metrics[0]?.points[0]?.band?.map(Math.round)).toEqual([110, 130]);
  expect(metrics[1]?.points[0]?.band).toEqual([0.101, 0.301]);
});

test("a verdict counts from the beginning of its analysis", () => {
  const told = { ...ERRORS, sinceMs: ms(12_000) };
  const trail = trailOf(30, () => ({ "success-rate": { logBad: 5, logGo: 0 } }));
  const verdict = verdictOf("worse", [told]);
  const records = recordsOf([
    [0, "started", "x"],
    [40, "back", "y", { verdict, trail }],
  ]);
  expect(reportOf(records, NOTHING).metrics[0]?.sinceMs).toBe(START + 22_000);
});

test("the canary's share, from the trail and from what was written down", () => {
  const shares = (name: keyof typeof SAMPLES) =>
    report(name).shares.map(({ atMs, share }) => [(atMs - START) / 1_000, share]);
  expect(shares("rolledBack")).toEqual([
    [0, 0],
    [10, 0.1],
    [40, 0],
    [46, 0],
  ]);
  expect(shares("promoted")).toEqual([
    [0, 0],
    [10, 0.1],
    [112, 1],
    [125, 1],
  ]);
  expect(shares("empty")).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

test("a journal without trails tells what it can", () => {
  const { records, view } = rolledBack();
  const old = records.map(({ trail: _trail, ...record }) => record);
  const told = reportOf(old, view);
  expect(told.headline).toBe(report("rolledBack").headline);
  expect(told.shares.map(({ share }) => share)).toEqual([0, 0.1, 0, 0]);
  expect(told.metrics.map(({ points, sinceMs }) => [points, sinceMs])).toEqual([
    [[], undefined],
    [[], undefined],
  ]);
});

test("what JSON made of infinity is beyond measure, not nothing", () => {
  const slow = { ...LATENCY, canary: Infinity, blamed: true, logBad: 9 };
  const verdict = verdictOf("worse", [slow]);
  const records = recordsOf([
    [0, "started", "x"],
    [9, "back", "slow", { verdict }],
  ]);
  const told = reportOf(JSON.parse(JSON.stringify(records)) as typeof records, NOTHING);
  expect(told.headline).toBe(
    "shop/2 goes back to stable after 9s: latency-p99 over 134 s against 300 ms, over 99.9% sure",
  );
});

test("one that was rolled back by no metric, and one that a person stopped", () => {
  const lost = recordsOf([
    [0, "started", "x"],
    [30, "back", "canary has 0 of 1 ready"],
    [31, "ended", "shop/2 rolled-back"],
  ]);
  expect(reportOf(lost, NOTHING)).toMatchObject({
    headline: "shop/2 was rolled back after 30s: canary has 0 of 1 ready",
    decidedBy: "no metric: canary has 0 of 1 ready",
    candidate: undefined,
  });
  const stopped = recordsOf([
    [0, "started", "x"],
    [5, "back", "aborted by ben: lunch"],
    [6, "ended", "shop/2 stopped"],
  ]);
  expect(reportOf(stopped, NOTHING).headline).toBe("shop/2 was stopped after 5s: aborted by ben: lunch");
});

test("a metric that only holds, one whose bound was seen broken, and several that decide together", () => {
  const at = (kind: "worse" | "undecided", metrics: readonly MetricVerdict[]) =>
    reportOf(
      recordsOf([
        [0, "started", "x"],
        [9, "back", "y", { verdict: verdictOf(kind, metrics) }],
        [9, "ended", "shop/2 rolled-back"],
      ]),
      NOTHING,
    );
  const memory: MetricVerdict = {
    ...ERRORS,
    name: "memory",
    kind: "gauge",
    unit: "B",
    canary: 2 ** 31,
    baseline: 2 ** 30,
  };
  const bound = at("worse", [{ ...memory, by: "bound", logBad: 0 }]);
  expect(bound.headline).toBe("shop/2 was rolled back after 9s: memory 2.0 GiB beyond the bound against 1.0 GiB");
  expect(bound.decidedBy).toBe("memory (its bound)");
  const together = at("worse", [fine(ERRORS), { ...LATENCY, logBad: 4 }]);
  expect(together.decidedBy).toBe("all metrics together, latency-p99 foremost");
  const holds = at("undecided", [{ ...memory, effect: "hold" }]);
  expect(holds.metrics.map((metric) => roleOf(metric, holds))).toEqual(["holds"]);
});

test("a long list keeps its beginning and its end", () => {
  const decisions = Array.from({ length: 50 }, (_, atMs) => ({ atMs, kind: "note" as const, text: "" }));
  const { first, leftOut, last } = shortList(decisions, 9);
  expect([...first, ...last].map(({ atMs }) => atMs)).toEqual([0, 1, 2, 44, 45, 46, 47, 48, 49]);
  expect(leftOut).toBe(41);
  expect(shortList(decisions.slice(0, 9), 9)).toMatchObject({ leftOut: 0, last: [] });
});

test("no decisions are no rollout", () => {
  expect(() => reportOf([], NOTHING)).toThrow(RangeError);
  expect([promoted, held, empty].map((sample) => sample().records.length > 0)).toEqual([true, true, true]);
});
