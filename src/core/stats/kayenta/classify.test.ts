// Does the classification behave as a comparison of two sides should?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { random } from "../../../rehearse/random.ts";
import { classify, highOrLow, type Direction, type Settings } from "./classify.ts";
import { DEFAULTS } from "./settings.ts";
import { prepared } from "./transform.ts";

const point = fc.oneof(
  fc.integer({ min: 0, max: 6 }),
  fc.double({ min: 0.001, max: 1_000, noNaN: true }),
  fc.constant(NaN),
);
const points = fc.array(point, { maxLength: 30 });
const direction = fc.constantFrom<Direction>("increase", "decrease", "either");

function classified(experiment: readonly number[], control: readonly number[], settings: Partial<Settings> = {}) {
  const all = { ...DEFAULTS, ...settings };
  const sides = { experiment: prepared(experiment, all), control: prepared(control, all) };
  return classify({ name: "m", settings: all }, sides);
}

const MIRROR = { High: "Low", Low: "High", Pass: "Pass", Nodata: "Nodata", NodataFailMetric: "", Error: "Error" };

function distinct(values: readonly number[]): number {
  return new Set(values.filter((value) => !Number.isNaN(value))).size;
}

describe("properties", () => {
  test("swapping the sides swaps high and low, whatever the means", () => {
    // Beyond the reach of the absolute tolerance, that is: within 0.0001 of a limit the root search has a side of its own.
    const chance = random(7);
    const any = { allowedIncrease: 0, allowedDecrease: Infinity };
    const seen = new Set<string>();
    for (let i = 0; i < 600; i++) {
      const side = (level: number): number[] =>
        Array.from({ length: 1 + chance.below(40) }, () => level + 20 * chance.normal());
      const [a, b] = [side(100 + 10 * chance.below(4)), side(100 + 10 * chance.below(4))];
      const found = classified(a, b, any).classification;
      expect(classified(b, a, any).classification).toBe(MIRROR[found]);
      seen.add(found);
    }
    expect(seen).toEqual(new Set(["Pass", "High", "Low"]));
  });
  test("the order of the points within a side says nothing", () => {
    fc.assert(
      fc.property(points, points, fc.integer(), (a, b, seed) => {
        const chance = random(seed);
        const mixed = (values: readonly number[]): number[] =>
          values
            .map((value) => [value, chance.next()] as const)
            .toSorted((x, y) => x[1] - y[1])
            .map(([value]) => value);
        fc.pre(distinct(a) > 1 || distinct(b) > 1);
        expect(classified(mixed(a), mixed(b)).classification).toBe(classified(a, b).classification);
      }),
    );
  });
  test("the quick answer is the same", () => {
    fc.assert(
      fc.property(points, points, direction, (a, b, which) => {
        expect(highOrLow(a, b, which)).toBe(classified(a, b, { direction: which }).classification);
      }),
      { numRuns: 1_000 },
    );
  });
  test("the quick answer is the same for samples that differ", () => {
    const chance = random(3);
    for (let i = 0; i < 200; i++) {
      const side = (level: number): number[] => Array.from({ length: 60 }, () => level + 2 * chance.normal());
      const [a, b] = [side(10 + chance.below(3)), side(10)];
      expect(highOrLow(a, b)).toBe(classified(a, b).classification);
    }
  });
});

describe("two constant sides", () => {
  test("are told apart by noise, the same every time", () => {
    expect(classified([10, 10, 10, 10, 10], [1, 1, 1, 1, 1])).toEqual(
      classified([10, 10, 10, 10, 10], [1, 1, 1, 1, 1]),
    );
    expect(classified([10, 10, 10], [1, 1, 1]).classification).toBe("High");
    expect(classified([1, 1, 1], [10, 10, 10]).classification).toBe("Low");
    expect(classified([1, 1, 1], [10, 10, 10], { direction: "increase" }).classification).toBe("Pass");
  });
  test("a side of zeros gets none", () => {
    expect(classified([10, 10, 10], [0, 0]).classification).toBe("High");
    expect(classified([10], [0]).classification).toBe("Error");
    expect(classified([10], [0]).ratio).toBeUndefined();
  });
});

test("20 metrics of 180 points", () => {
  const chance = random(1);
  const side = (): number[] => Array.from({ length: 180 }, () => 100 + 20 * chance.normal());
  const metrics = Array.from({ length: 20 }, () => [side(), side()] as const);
  const started = performance.now();
  const found = metrics.map(([a, b]) => classified(a, b).classification);
  const full = performance.now() - started;
  const quick = metrics.map(([a, b]) => highOrLow(a, b));
  const both = performance.now() - started;
  console.log(`20 metrics of 180 points: ${full.toFixed(1)} ms; highOrLow ${(both - full).toFixed(1)} ms`);
  expect(quick).toEqual(found);
});
