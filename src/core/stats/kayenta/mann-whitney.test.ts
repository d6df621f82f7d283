// Is the shift between two samples found as the definitions have it?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findZero } from "./brent.ts";
import { centreOf, comparison, deviationsOf, inOrder, mannWhitney, ranksOf } from "./mann-whitney.ts";
import { normalQuantile } from "./normal.ts";

test("the quantile of Kayenta's confidence level, to the last digit", () => {
  expect(deviationsOf(0.98)).toBe(2.326347874040841);
  expect(deviationsOf(0.95)).toBe(1.959963984540054);
  expect(deviationsOf(0.9)).toBe(1.644853626951473);
  expect(deviationsOf(0.99)).toBe(2.5758293035489004);
  expect(normalQuantile(0.5)).toBe(0);
  expect(() => normalQuantile(1e-4)).toThrow(RangeError);
});

describe("ranks", () => {
  const values = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 30 });

  /** Each value's rank is one more than the values below it, plus half of the others equal to it. */
  function slowly(x: readonly number[], y: readonly number[]): { sum: number; ties: number } {
    const all = [...x, ...y];
    const count = (test_: (other: number) => boolean): number => all.filter(test_).length;
    const rank = (value: number): number =>
      count((other) => other < value) + (count((other) => other === value) + 1) / 2;
    const sizes = [...new Set(all)].map((value) => count((other) => other === value));
    return {
      sum: x.reduce((sum, value) => sum + rank(value), 0),
      ties: sizes.reduce((sum, size) => sum + size ** 3 - size, 0),
    };
  }

  test("one merge finds them", () => {
    fc.assert(
      fc.property(values, values, (x, y) => {
        expect(ranksOf(inOrder(x), inOrder(y))).toEqual(slowly(x, y));
      }),
    );
  });
});

describe("the root search", () => {
  test("an end that is zero is the answer, also within one unit in the last place", () => {
    const f = (x: number): number => x;
    expect(findZero({ low: 0, high: 1, atLow: 0, atHigh: 1 }, f)).toBe(0);
    expect(findZero({ low: -1, high: 7, atLow: -1, atHigh: Number.MIN_VALUE }, f)).toBe(7);
  });
  test("it stops within the tolerance of the root", () => {
    fc.assert(
      fc.property(fc.double({ min: -0.9, max: 0.9, noNaN: true }), (root) => {
        const f = (x: number): number => (x - root) ** 3 + (x - root);
        const found = findZero({ low: -1, high: 1, atLow: f(-1), atHigh: f(1) }, f);
        expect(Math.abs((found ?? NaN) - root)).toBeLessThan(1e-4);
      }),
    );
  });
  test("where the function has no value there is no root", () => {
    expect(findZero({ low: -1, high: 1, atLow: -1, atHigh: 1 }, () => undefined)).toBeUndefined();
  });
});

const sample = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 25 }).map(inOrder);

describe("the shift", () => {
  test("bounds lie within the range of all differences", () => {
    fc.assert(
      fc.property(sample, sample, (x, y) => {
        const shift = mannWhitney(x, y, 0.98);
        if (!shift) return;
        const [least, most] = [(x[0] ?? 0) - (y.at(-1) ?? 0), (x.at(-1) ?? 0) - (y[0] ?? 0)];
        expect(shift.low).toBeGreaterThanOrEqual(least);
        expect(shift.high).toBeLessThanOrEqual(most);
      }),
    );
  });
  test("its estimate is near the median of all differences (Hodges, Lehmann 1963)", () => {
    const x = inOrder([3.1, 4.7, 5.2, 8.8, 9.6, 10.1, 12.9]);
    const y = inOrder([1.2, 2.6, 2.9, 3.3, 7.4, 7.9, 8.1]);
    const differences = inOrder([...x].flatMap((a) => [...y].map((b) => a - b)));
    const ready = comparison(x, y);
    expect(ready).toBeDefined();
    expect(Math.abs((ready ? (centreOf(ready) ?? NaN) : NaN) - (differences[24] ?? NaN))).toBeLessThan(0.31);
  });
  test("one value on both sides has none", () => {
    expect(mannWhitney(inOrder([5]), inOrder([3]), 0.98)).toBeUndefined();
    expect(mannWhitney(inOrder([5, 5]), inOrder([3, 3, 3]), 0.98)).toBeUndefined();
  });
  test("infinite values rank beyond all others", () => {
    const shift = mannWhitney(inOrder([1, 2, Infinity]), inOrder([1, 2, 3]), 0.98);
    expect(shift).toEqual({ low: -2, high: Infinity, estimate: Infinity });
  });
});
