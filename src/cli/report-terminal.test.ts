// Does the end of `serin explain` say of each metric what it must?
import { expect, test } from "vitest";
import { SAMPLES } from "../../test/support/report.ts";
import { painter } from "./paint.ts";
import { reportOf } from "../report/report.ts";
import { summaryLines } from "./report-terminal.ts";

const linesOf = (name: keyof typeof SAMPLES, width = 100): string[] => {
  const { records, view } = SAMPLES[name]();
  return summaryLines(reportOf(records, view), { width, paint: painter(false) });
};

test("a rollout that was rolled back", () => {
  expect(linesOf("rolledBack").join("\n")).toMatchInlineSnapshot(`
    "shop/2 was rolled back after 40s: errors 3.1% against 0.10%, over 99.9% sure.
      decided by  success-rate
      harm        412 requests went to the canary; 13 failed; at stable's share none would have

    success-rate  decided
      found       3.1% of 412 canary requests failed against 0.10% of 3 708 on stable
      estimate    canary 3.1%, stable 0.10%
      interval    +2.1 to +3.9 points, 95% at whatever moment one looks
      worse       over 99.9% sure, 1 100:1 at its strongest
      no worse    0% sure, 1:7
      rose since  20s after the beginning

    latency-p99  undecided
      found       99th percentile 310 ms against 300 ms on stable
      estimate    canary 310 ms, stable 300 ms
      interval    none yet
      worse       18.1% sure, 1:1 at its strongest
      no worse    77.6% sure, 5:1
      rose since  never
      missing     needs about 900 more canary requests"
  `);
});

test("nothing is wider than the terminal", () => {
  for (const name of Object.keys(SAMPLES) as (keyof typeof SAMPLES)[]) {
    expect(Math.max(...linesOf(name, 60).map((line) => line.length))).toBeLessThanOrEqual(60);
  }
});

test("a rollout without metrics", () => {
  expect(linesOf("empty")).toEqual([
    "shop/1 is under way for 0s, canary at 0%, nothing judged yet.",
    "  decided by  nothing yet",
    "  harm        no request to the canary was counted",
  ]);
});
