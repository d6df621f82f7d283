// Do differences that hang together count less, and late trouble still?
import { expect, test } from "vitest";
import { random } from "../../rehearse/random.ts";
import {
  evidenceOfRun,
  evidenceOfRuns,
  extend,
  extendRuns,
  FEWEST,
  inflationOf,
  intervalOfRun,
  lengthFor,
  type Run,
  startRun,
  startRuns,
} from "./runs.ts";

const UP = { margin: 0, sign: 1 } as const;
const DOWN = { margin: 0, sign: -1 } as const;

/** An autoregression of order 1 with standard deviation 1 around `mean`. */
function series(seed: number, length: number, { rho = 0, mean = 0 } = {}): number[] {
  const chance = random(seed);
  let x = chance.normal();
  return Array.from({ length }, () => {
    x = rho * x + Math.sqrt(1 - rho * rho) * chance.normal();
    return mean + x;
  });
}

const runOf = (values: readonly number[]): Run => values.reduce(extend, startRun());

test("the inflation is (1 + ρ) / (1 − ρ), a little more while there are few", () => {
  const inflation = (rho: number): number => inflationOf(runOf(series(1, 20_000, { rho })));
  expect(inflation(0)).toBeLessThan(1.05);
  expect(inflation(0.5)).toBeGreaterThan(2.8);
  expect(inflation(0.5)).toBeLessThan(3.25);
  expect(inflation(0.9)).toBeGreaterThan(16);
  expect(inflation(0.9)).toBeLessThan(22);
  expect(inflation(-0.5)).toBe(1);
  expect(inflationOf(runOf([1, 2, 1, 2, 1, 2, 1, 2, 1]))).toBe(1);
  expect(inflationOf(runOf([3, 3, 3, 3, 3, 3, 3, 3, 3, 3]))).toBeCloseTo(1.2 / 0.8, 12);
  expect(inflationOf(startRun())).toBe(1);
});

test("a constant added to all differences changes neither inflation nor the width of the interval", () => {
  const values = series(3, 60, { rho: 0.7 });
  const here = runOf(values);
  const there = runOf(values.map((value) => value + 50));
  expect(inflationOf(there)).toBeCloseTo(inflationOf(here), 6);
  const [low, high] = intervalOfRun(here, 0.05) ?? [NaN, NaN];
  const [low2, high2] = intervalOfRun(there, 0.05) ?? [NaN, NaN];
  expect(low2 - low).toBeCloseTo(50, 6);
  expect(high2 - high).toBeCloseTo(50, 6);
});

test("both signs are mirror images", () => {
  const values = series(5, 40, { mean: 0.8, rho: 0.3 });
  const mirrored = runOf(values.map((value) => -value));
  expect(evidenceOfRun(mirrored, { margin: -0.2, sign: -1 })).toBeCloseTo(
    evidenceOfRun(runOf(values), { margin: 0.2, sign: 1 }),
    9,
  );
  expect(evidenceOfRun(runOf(values), DOWN)).toBeLessThan(0);
});

test(`fewer than ${FEWEST} differences say nothing`, () => {
  const values = series(2, FEWEST, { mean: 5 });
  expect(evidenceOfRun(runOf(values.slice(1)), UP)).toBe(0);
  expect(intervalOfRun(runOf(values.slice(1)), 0.05)).toBeUndefined();
  expect(evidenceOfRun(runOf(values), UP)).toBeGreaterThan(2);
});

test("the mean is outside of the interval, at any of 200 looks, in at most 5 % of 1 000 series", () => {
  let missed = 0;
  for (let seed = 1; seed <= 1_000; seed++) {
    let run = startRun();
    let out = false;
    for (const value of series(seed, 200, { mean: 2 })) {
      run = extend(run, value);
      const interval = intervalOfRun(run, 0.05);
      out ||= interval !== undefined && (interval[0] > 2 || interval[1] < 2);
    }
    if (out) missed++;
  }
  expect(missed).toBeLessThanOrEqual(50);
});

test("the length that is said to be needed is about the one that is", () => {
  // Two up, two down: neighbours are not correlated, and every stretch is like every other one.
  const values = Array.from({ length: 400 }, (_, index) => 0.5 + (index % 4 < 2 ? 1 : -1));
  const needed = lengthFor(runOf(values.slice(0, 30)), UP, Math.log(100)) ?? NaN;
  let run = startRun();
  const crossed = values.findIndex((value) => {
    run = extend(run, value);
    return evidenceOfRun(run, UP) >= Math.log(100);
  });
  expect(needed / (crossed + 1)).toBeGreaterThan(0.75);
  expect(needed / (crossed + 1)).toBeLessThan(1.33);
  expect(lengthFor(runOf(values), DOWN, 3)).toBeUndefined();
  expect(lengthFor(startRun(), UP, 3)).toBeUndefined();
});

test("trouble that begins after an hour is found by a later start, which the whole series would not", () => {
  const values = [...series(11, 60, { rho: 0.3 }), ...series(12, 40, { mean: 6, rho: 0.3 })];
  let runs = startRuns();
  let found = Infinity;
  for (const [index, value] of values.entries()) {
    runs = extendRuns(runs, value);
    if (evidenceOfRuns(runs, UP) >= Math.log(100)) found = Math.min(found, index);
  }
  expect(found).toBeGreaterThanOrEqual(60);
  expect(found).toBeLessThan(95);
  expect(evidenceOfRun(runs.whole, UP)).toBeLessThan(Math.log(100));
});

test("its state stays small and survives JSON", () => {
  const runs = series(1, 2_000).reduce(extendRuns, startRuns());
  expect(runs.later.length).toBe(4);
  expect(JSON.stringify(runs).length).toBeLessThan(1_500);
  expect(JSON.parse(JSON.stringify(runs))).toEqual(runs);
  expect(evidenceOfRuns(startRuns(), UP)).toBeCloseTo(0, 12);
});
