// Are failures that come in clumps told from those of a steady cause?
import { expect, test } from "vitest";
import { random } from "../../rehearse/random.ts";
import { clump, clumpingOf, startClumps } from "./clumps.ts";
import { disperse, startDispersion, type Tally } from "./dispersion.ts";

const seen = (tallies: readonly Tally[]) => tallies.reduce((sum, tally) => clump(sum, tally, 1), startClumps());

const UNKNOWN = startDispersion();

test("nothing failed, or everything: no clump", () => {
  expect(clumpingOf(startClumps(), UNKNOWN)).toBe(1);
  expect(clumpingOf(seen([[30, 0]]), UNKNOWN)).toBe(1);
  expect(clumpingOf(seen([[30, 30]]), UNKNOWN)).toBe(1);
});

test("ten failures on one replica of five are a clump, two on each are none", () => {
  const one = seen([
    [30, 10],
    [30, 0],
    [30, 0],
    [30, 0],
    [30, 0],
  ]);
  const each = seen(Array.from({ length: 5 }, () => [30, 2] as const));
  expect(clumpingOf(one, UNKNOWN)).toBeGreaterThan(4);
  expect(clumpingOf(each, UNKNOWN)).toBe(1);
});

test("a fleet that is known to fail singly outweighs a clump", () => {
  const chance = random(4);
  let fleet = UNKNOWN;
  for (let look = 0; look < 200; look++) {
    const cells = Array.from({ length: 10 }, (_, i) => [`r${i}`, [200, chance.binomial(200, 0.01)]] as const);
    fleet = disperse(fleet, 10_000, Object.fromEntries(cells));
  }
  const one = seen([
    [30, 10],
    [30, 0],
    [30, 0],
  ]);
  expect(clumpingOf(one, fleet)).toBeLessThan(1.2);
});

test("independent failures seldom look like clumps", () => {
  const chance = random(9);
  const found = Array.from({ length: 500 }, () =>
    clumpingOf(seen(Array.from({ length: 20 }, () => [50, chance.binomial(50, 0.1)] as const)), UNKNOWN),
  );
  const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
  expect(mean).toBeLessThan(1.2);
});
