// Are slowdowns told from what stands in the buckets?
import { describe, expect, test } from "vitest";
import { bucketOf, BUCKETS, upperBoundUs } from "../histogram.ts";
import { ms } from "../units.ts";
import { GO_FACTOR, HARM_FACTOR } from "./defaults.ts";
import type { LatencyMetric } from "./plan.ts";
import { courseOf, detectable, requestsFor } from "./power.ts";
import { chanceNotSlower, chanceSlower, lognormal, measured, slowed } from "./power-latency.ts";

const METRIC: LatencyMetric = {
  name: "latency-p99",
  kind: "latency",
  quantile: 0.99,
  omega: 1,
  warmupMs: ms(0),
  harmFactor: HARM_FACTOR,
  goFactor: GO_FACTOR,
};

const AT = { share: 0.1, canaryReplicas: 2, baselineReplicas: 4 };
const STABLE = lognormal(60, 300);
const KNOWN = { stable: STABLE, known: 100_000, needed: Math.log(100) };

describe("shares beyond a latency", () => {
  test("of a lognormal", () => {
    expect(STABLE(60_000)).toBeCloseTo(0.5, 12);
    expect(STABLE(300_000)).toBeCloseTo(0.01, 12);
  });

  test("of a histogram: exact at the ends of buckets, even between", () => {
    const histogram = { [bucketOf(50_000)]: 90, [bucketOf(400_000)]: 10 };
    const slower = measured(histogram);
    const end = upperBoundUs(bucketOf(50_000));
    expect(slower?.(end)).toBeCloseTo(0.1, 12);
    expect(slower?.(end / 2 ** (1 / 16))).toBeCloseTo(0.1 + 0.45, 6);
    expect(slower?.(0)).toBe(1);
    expect(slower?.(upperBoundUs(BUCKETS - 2) * 2)).toBe(0);
    expect(measured({})).toBeUndefined();
  });

  test("after a slowdown of all, and of the slowest", () => {
    const all = slowed(STABLE, { factor: 2, share: 1 });
    expect(all(600_000)).toBeCloseTo(0.01, 12);
    const few = slowed(STABLE, { factor: 2, share: 0.05 });
    expect(few(60_000)).toBe(STABLE(60_000));
    expect(few(600_000)).toBeCloseTo(0.01, 12);
    expect(few(300_000)).toBeCloseTo(0.05, 12);
  });
});

describe("chances", () => {
  const needs = (factor: number, share: number): number =>
    requestsFor(0.9, chanceSlower(METRIC, { factor, share }, KNOWN), AT);

  test("slower is sooner shown, and all of it sooner than the slowest", () => {
    expect(needs(2, 1)).toBeLessThan(needs(1.4, 1));
    expect(needs(1.4, 1)).toBeLessThan(needs(1.4, 0.05));
  });

  test("a slowdown within the margin is not shown", () => {
    expect(chanceSlower(METRIC, { factor: 1.05, share: 1 }, KNOWN)(courseOf([{ ...AT, requests: 1e6 }]))).toBe(0);
  });

  test("the smallest slowdown lies beyond the margin and shrinks with the requests", () => {
    const least = (requests: number): number => {
      const course = courseOf([{ ...AT, requests }]);
      return detectable(0.9, (factor) => chanceSlower(METRIC, { factor, share: 1 }, KNOWN)(course), [1, 100]);
    };
    expect(least(10_000)).toBeGreaterThan(HARM_FACTOR);
    expect(least(10_000)).toBeLessThan(least(200));
  });

  test("a bound shows what the comparison cannot: hardly any requests of stable", () => {
    const course = courseOf([{ ...AT, share: 0.999, requests: 2_000 }]);
    const unknown = { ...KNOWN, known: 0 };
    const down = { factor: 4, share: 1 };
    expect(chanceSlower(METRIC, down, unknown)(course)).toBeLessThan(0.1);
    expect(chanceSlower({ ...METRIC, maxMs: ms(500) }, down, unknown)(course)).toBeGreaterThan(0.9);
  });

  test("an equally fast version is shown to be no slower, also when stable hardly varies", () => {
    for (const stable of [STABLE, lognormal(60, 66)]) {
      const chance = chanceNotSlower(METRIC, { stable, known: 100_000, needed: Math.log(20) });
      expect(chance(courseOf([{ ...AT, requests: 20_000 }]))).toBeGreaterThan(0.9);
      expect(chance(courseOf([{ ...AT, requests: 20 }]))).toBeLessThan(0.5);
    }
  });
});
