// Is the power the largest one that keeps a bet fair in bursts?
import { expect, test } from "vitest";
import { type Factor, powerFor } from "./temper.ts";

const FACTOR: Factor = {
  share: 0.1,
  canary: 0.004,
  baseline: 0.001,
  canaryFailed: Math.log(0.02 / 0.004),
  canaryFine: Math.log(0.98 / 0.996),
  baselineFailed: Math.log(0.0005 / 0.001),
  baselineFine: Math.log(0.9995 / 0.999),
};

/** Logarithm of the expectation of the factor to the power, for bursts of geometric size. */
function excess(factor: Factor, power: number, phi: number): number {
  const burst = (phi + 1) / 2;
  const g = (s: number): number => Math.exp(s) / (burst - (burst - 1) * Math.exp(s));
  const b = 1 - factor.share;
  return (
    ((factor.share * factor.canary) / burst) * (g(power * factor.canaryFailed) - 1) +
    ((b * factor.baseline) / burst) * (g(power * factor.baselineFailed) - 1) +
    power * (factor.share * (1 - factor.canary) * factor.canaryFine + b * (1 - factor.baseline) * factor.baselineFine)
  );
}

test("independent failures count in full", () => expect(powerFor(FACTOR, 1)).toBe(1));

test.each([1.5, 3, 5, 19])("with a dispersion of %d the bet is fair, and barely", (phi) => {
  const power = powerFor(FACTOR, phi);
  expect(power).toBeGreaterThan(0);
  expect(power).toBeLessThan(1);
  expect(excess(FACTOR, power, phi)).toBeLessThanOrEqual(1e-15);
  expect(excess(FACTOR, power + 1e-6, phi)).toBeGreaterThan(0);
});

test("the more dispersed, the less each failure counts", () => {
  const powers = [1, 1.2, 2, 4, 8, 16].map((phi) => powerFor(FACTOR, phi));
  expect(powers).toEqual(powers.toSorted((a, b) => b - a));
});
