// Are the parts of the simulated world what their figures say?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BUCKETS, bucketOf } from "../core/histogram.ts";
import { ms } from "../core/units.ts";
import { clopperPearson } from "./interval.ts";
import { latencies } from "./latency.ts";
import { quantileOfNormal } from "./normal.ts";
import { random } from "./random.ts";
import { Meters } from "./signals.ts";

describe("chance", () => {
  test.each([5, 60, 400, 20_000])("a Poisson count of mean %d has that mean and that variance", (mean) => {
    const [chance, n] = [random(3), 20_000];
    const draws = Array.from({ length: n }, () => chance.poisson(mean));
    const average = draws.reduce((sum, x) => sum + x, 0) / n;
    const variance = draws.reduce((sum, x) => sum + (x - average) ** 2, 0) / (n - 1);
    expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(mean / n));
    // The variance of a sample variance of a Poisson count is about (2 μ² + μ) / n.
    expect(Math.abs(variance - mean)).toBeLessThan(5 * Math.sqrt((2 * mean * mean + mean) / n));
  });

  test("quantiles of the normal distribution", () => {
    expect(quantileOfNormal(0.5)).toBeCloseTo(0, 8);
    expect(quantileOfNormal(0.975)).toBeCloseTo(1.959_963_985, 6);
    expect(quantileOfNormal(0.001)).toBeCloseTo(-3.090_232_306, 6);
  });

  test("exact intervals of a share", () => {
    expect(clopperPearson(0, 20)).toEqual([0, expect.closeTo(0.168_433, 5)]);
    expect(clopperPearson(7, 20)).toEqual([expect.closeTo(0.153_909, 5), expect.closeTo(0.592_189, 5)]);
    expect(clopperPearson(20, 20)[1]).toBe(1);
  });
});

describe("latencies", () => {
  const drawn = (requests: number, batch: number) => {
    const [into, chance] = [new Float64Array(BUCKETS), random(8)];
    const draw = latencies({ p50Ms: 20, p99Ms: 120, slowest: { share: 0.05, factor: 2 } });
    for (let left = requests; left > 0; left -= batch) draw(chance, batch, into);
    return into;
  };
  const above = (counts: Float64Array, latencyMs: number) =>
    counts.slice(bucketOf(latencyMs * 1_000) + 1).reduce((sum, count) => sum + count, 0);

  test.each([10, 1_000])("%d at once have their median and their slowest part", (batch) => {
    const n = 40_000;
    const counts = drawn(n, batch);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(n);
    expect(Math.abs(above(counts, 20) / n - 0.5)).toBeLessThan(0.05);
    // The slowest 5 % begin at 71 ms and take twice as long: nothing is left between that and 142 ms.
    const slow = above(counts, 130) / n;
    expect(Math.abs(slow - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / n));
  });

  test("however many are drawn, so many are counted", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 1, max: 1e6 }), (requests, seed) => {
        const into = new Float64Array(BUCKETS);
        latencies({ p50Ms: 5, p99Ms: 50 })(random(seed), requests, into);
        expect(into.reduce((sum, count) => sum + count, 0)).toBe(requests);
      }),
      { seed: 11, numRuns: 200 },
    );
  });
});

describe("signals", () => {
  const HOUR = 3_600_000;
  const replica = { id: "a", host: "", port: 1, state: "ready" as const, readySinceMs: ms(0), restarts: 2 };
  const pools = [{ pool: "1-canary", revision: "v2", replicas: [replica] }];
  const wanted = [
    { name: "process.memory", kind: "gauge" },
    { name: "process.cpu", kind: "counter" },
    { name: "process.restarts", kind: "counter" },
    { name: "process.logErrors", kind: "counter" },
    { name: "depth", kind: "gauge" },
    { name: "orders", kind: "counter" },
    { name: "nothing", kind: "gauge" },
    { name: "depth", kind: "counter" },
  ] as const;

  test("memory grows, counters count, and what is missing is named", () => {
    const answered = new Map([["a", { requests: 0, failed: 0 }]]);
    const meters = new Meters({
      answered,
      chance: random(5),
      tells: () => ({
        memory: { bytes: 200e6, perHour: 100e6 },
        cpu: 2,
        logErrors: 3,
        gauges: { depth: { value: 120, noise: 0 } },
        counts: { orders: 3 },
      }),
    });
    meters.read(wanted, pools, ms(HOUR));
    answered.set("a", { requests: 100_000, failed: 500 });
    const { series, troubles } = meters.read(wanted, pools, ms(2 * HOUR));
    const values = series[0]?.values ?? {};
    const valueOf = (name: string) => {
      const reading = values[name];
      return reading?.kind === "histogram" ? NaN : (reading?.value ?? NaN);
    };
    // 400 MB, 2 % noise.
    expect(Math.abs(valueOf("process.memory") / 400e6 - 1)).toBeLessThan(0.1);
    // 4 ms for each request and 5 ms for each second, twice, 5 % noise.
    expect(Math.abs(valueOf("process.cpu") / (2 * (400 + 18)) - 1)).toBeLessThan(0.25);
    expect(valueOf("process.restarts")).toBe(2);
    const errors = 3 * (500 + 7.2);
    expect(Math.abs(valueOf("process.logErrors") - errors)).toBeLessThan(5 * Math.sqrt(errors));
    expect(valueOf("depth")).toBe(120);
    expect(Math.abs(valueOf("orders") - 10_800)).toBeLessThan(5 * Math.sqrt(10_800));
    expect(troubles).toEqual(["nothing: a has no such series", "depth: a has a gauge, no counter"]);
  });

  test("a replica that is not ready tells nothing", () => {
    const meters = new Meters({ answered: new Map(), chance: random(5), tells: () => ({}) });
    const { readySinceMs: _since, ...starting } = replica;
    const { series } = meters.read(wanted, [{ pool: "p", revision: "v2", replicas: [starting] }], ms(HOUR));
    expect(series).toEqual([]);
  });
});
