// Does the interval hold the true difference, at every look?
import { expect, test } from "vitest";
import { random } from "../../rehearse/random.ts";
import { addCounts, NO_COUNTS } from "./arms.ts";
import { differ, intervalOf, startDifference } from "./interval.ts";

/** Whether any of 300 looks showed an interval without the true difference. */
function missed(canary: number, baseline: number, seed: number): boolean {
  const chance = random(seed);
  let seen = startDifference();
  let totals = NO_COUNTS;
  for (let look = 0; look < 300; look++) {
    const counts = {
      canaryN: 100,
      canaryX: chance.binomial(100, canary),
      baselineN: 900,
      baselineX: chance.binomial(900, baseline),
    };
    totals = addCounts(totals, counts);
    seen = differ(seen, counts, { ...totals, phi: 1, between: 0 });
    const interval = intervalOf(seen, { ...totals, phi: 1, between: 0 });
    if (interval && (canary - baseline < interval[0] || canary - baseline > interval[1])) return true;
  }
  return false;
}

test.each([
  [0.01, 0.01],
  [0.03, 0.001],
  [0.002, 0.02],
])("with %d against %d it misses in fewer than 7 of 100 runs of 300 looks", (canary, baseline) => {
  const runs = Array.from({ length: 500 }, (_, seed) => missed(canary, baseline, seed));
  expect(runs.filter(Boolean).length).toBeLessThanOrEqual(35);
});

test("a canary that has not failed by chance is not known exactly", () => {
  const counts = { canaryN: 500, canaryX: 0, baselineN: 9_500, baselineX: 50 };
  const totals = { ...counts, phi: 1, between: 0 };
  const [low, high] = intervalOf(differ(startDifference(), counts, totals), totals) ?? [NaN, NaN];
  expect(low).toBeLessThan(-0.005);
  expect(high).toBeGreaterThan(0.005);
});

test("none before twenty failures", () => {
  const counts = { canaryN: 100, canaryX: 9, baselineN: 100, baselineX: 10 };
  const few = { ...counts, phi: 1, between: 0 };
  expect(intervalOf(differ(startDifference(), counts, few), few)).toBeUndefined();
  const more = { ...few, canaryX: 10 };
  expect(intervalOf(differ(startDifference(), more, more), more)).toBeDefined();
});
