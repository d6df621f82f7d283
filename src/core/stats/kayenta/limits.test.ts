// What does Kayenta's rule miss, and what does it make up?
//
// Prints the figures of docs/kayenta.md. The asserted bounds are four standard errors of the shares around what was found
// before, so a change of the rule shows and chance does not.
import { expect, test } from "vitest";
import { random, type Random } from "../../../rehearse/random.ts";
import { highOrLow } from "./classify.ts";

const RUNS = 1_000;

/** Minutes that follow each other: normal, standard deviation 1, correlation `rho` from one to the next. */
function minutes(chance: Random, length: number, rho: number): number[] {
  let value = chance.normal();
  return Array.from({ length }, () => {
    const now = value;
    value = rho * value + Math.sqrt(1 - rho * rho) * chance.normal();
    return now;
  });
}

/** The share of runs in which a metric does not pass. */
function flagged(seed: number, sides: (chance: Random) => readonly [canary: number[], baseline: number[]]): number {
  const chance = random(seed);
  let count = 0;
  for (let run = 0; run < RUNS; run++) {
    const [canary, baseline] = sides(chance);
    if (highOrLow(canary, baseline) !== "Pass") count++;
  }
  return count / RUNS;
}

/** Prints a share; returns by how many standard errors it differs from what was found before. */
function surprise(name: string, found: number, expected: number): number {
  console.log(`${name}: ${(100 * found).toFixed(1)} %`);
  const variance = Math.max(expected * (1 - expected), 1 / RUNS) / RUNS;
  return Math.abs(found - expected) / Math.sqrt(variance);
}

test.each([
  [60, 0, 0.001],
  [60, 0.5, 0.068],
  [60, 0.8, 0.28],
  [2, 0, 0.25],
  [3, 0, 0.05],
])("the same version twice, %d minutes with correlation %d, is called different", (length, rho, expected) => {
  const level = (values: readonly number[]): number[] => values.map((value) => 100 + 10 * value);
  const found = flagged(1, (chance) => [level(minutes(chance, length, rho)), level(minutes(chance, length, rho))]);
  expect(
    surprise(`the same version twice, ${length} minutes, correlation ${rho}`, found, expected),
  ).toBeLessThanOrEqual(4);
});

test("a rise of 5 % beneath a trend that both sides share is not seen", () => {
  const found = flagged(2, (chance) => {
    const trend = minutes(chance, 60, 0).map((value) => 100 + 20 * value);
    const own = (level: number): number[] => trend.map((value) => level * value + 5 * chance.normal());
    return [own(1.05), own(1)];
  });
  expect(surprise("5 % more beneath a shared trend of 20 %", found, 0.003)).toBeLessThanOrEqual(4);
});

test.each([
  [26, 0.82],
  [33, 0],
  [40, 1],
])("every request failing for %d of 60 minutes", (length, expected) => {
  const found = flagged(3, (chance) => {
    const side = (): number[] => Array.from({ length: 60 }, () => 0.001 + 0.0001 * chance.normal());
    return [side().map((value, minute) => (minute < length ? 1 : value)), side()];
  });
  expect(surprise(`every request failing for ${length} of 60 minutes, seen`, found, expected)).toBeLessThanOrEqual(4);
});
