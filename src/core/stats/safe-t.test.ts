// Is the safe t test the reference's, fair at every look, and finite where nothing varies?
import * as fc from "fast-check";
import { expect, test } from "vitest";
import vectors from "../../../test/golden/stats/vectors.json" with { type: "json" };
import { random } from "../../rehearse/random.ts";
import { type Moments, safeT, safeTReach } from "./safe-t.ts";

function momentsOf(values: readonly number[]): Moments {
  return {
    n: values.length,
    sum: values.reduce((sum, value) => sum + value, 0),
    squares: values.reduce((sum, value) => sum + value * value, 0),
  };
}

test("the reference's golden vector", () => {
  const { D, kappa2, logE } = vectors.safe_t;
  const path = D.map((_, index) => safeT(momentsOf(D.slice(0, index + 1)), kappa2));
  for (const [index, log] of path.entries()) expect(Math.abs(log - (logE[index] ?? NaN))).toBeLessThan(1e-9);
});

test("it is the formula of t, n and kappa²", () => {
  const values = [1.2, -0.3, 0.8, 0.4, 1.9, -0.1];
  const { n, sum, squares } = momentsOf(values);
  const t2 = (sum * sum) / n / ((squares - (sum * sum) / n) / (n - 1));
  const expected =
    -0.5 * Math.log(1 + 3 * n) + (n / 2) * (Math.log(1 + t2 / (n - 1)) - Math.log(1 + t2 / ((n - 1) * (1 + 3 * n))));
  expect(safeT({ n, sum, squares }, 3)).toBeCloseTo(expected, 12);
});

test("without any spread it is ½ (n − 1) ln(1 + n κ²), and of a mean below 0 that of 0", () => {
  expect(safeT(momentsOf([2, 2, 2, 2, 2]))).toBeCloseTo(2 * Math.log(3.5), 9);
  expect(safeT(momentsOf([0, 0, 0]))).toBeCloseTo(-0.5 * Math.log(2.5), 12);
  expect(safeT(momentsOf([-1, -2, -1]))).toBeCloseTo(-0.5 * Math.log(2.5), 12);
});

test("fewer than two differences say nothing", () => {
  expect(safeT(momentsOf([]))).toBe(0);
  expect(safeT(momentsOf([5]))).toBe(0);
});

const hundredths = fc.array(fc.integer({ min: -100, max: 300 }), { minLength: 2, maxLength: 30 });

test("the larger the mean, the more evidence", () => {
  fc.assert(
    fc.property(hundredths, fc.integer({ min: 0, max: 500 }), (values, more) => {
      const raised = safeT(momentsOf(values.map((value) => value + more)));
      expect(raised).toBeGreaterThanOrEqual(safeT(momentsOf(values)) - 1e-9);
    }),
  );
});

test("the unit does not matter", () => {
  fc.assert(
    fc.property(hundredths, fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (values, unit) => {
      const there = safeT(momentsOf(values.map((value) => value * unit)));
      expect(there).toBeCloseTo(safeT(momentsOf(values)), 6);
    }),
  );
});

test("the reach is where the evidence is what was asked for", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 500 }), fc.double({ min: 0.1, max: 30, noNaN: true }), (n, log) => {
      const reach = safeTReach(n, log);
      fc.pre(reach !== undefined && reach < 1e6);
      const moments = { n, sum: n * (reach ?? 0), squares: n * ((reach ?? 0) ** 2 + 1) };
      expect(safeT(moments)).toBeCloseTo(log, 5);
    }),
  );
  expect(safeTReach(5, Math.log(1e6))).toBeUndefined();
  expect(safeTReach(1, 1)).toBeUndefined();
});

test("differences around 0 cross 1 % at any of 200 looks in at most 1 % of 4 000 series", () => {
  let crossed = 0;
  for (let seed = 1; seed <= 4_000; seed++) {
    const chance = random(seed);
    let moments: Moments = { n: 0, sum: 0, squares: 0 };
    for (let look = 0; look < 200; look++) {
      const value = chance.normal();
      moments = { n: moments.n + 1, sum: moments.sum + value, squares: moments.squares + value * value };
      if (safeT(moments) < Math.log(100)) continue;
      crossed++;
      break;
    }
  }
  // One-sided: half of 1 % is what Ville's inequality allows, and 3 standard deviations of 20 crossings are 13.
  expect(crossed).toBeLessThanOrEqual(33);
  expect(crossed).toBeGreaterThan(0);
});
