// Is the dispersion measured as it is?
import { describe, expect, test } from "vitest";
import { type Random, random } from "../../rehearse/random.ts";
import {
  type Cells,
  deflate,
  disperse,
  type Dispersion,
  ERRORS_TAU,
  fade,
  MOST_REPLICAS,
  phiOf,
  spreadOf,
  startDispersion,
  tauSquaredAfter,
} from "./dispersion.ts";

interface Fleet {
  readonly shares: readonly number[];
  readonly burst: number;
  readonly requests: number;
}

function cells(chance: Random, fleet: Fleet): Cells {
  return Object.fromEntries(
    fleet.shares.map((share, index) => {
      let failed = 0;
      for (let left = chance.poisson((fleet.requests * share) / fleet.burst); left > 0; left--) {
        failed += chance.geometric(fleet.burst);
      }
      return [`replica-${index}`, [fleet.requests, Math.min(fleet.requests, failed)] as const];
    }),
  );
}

function observed(fleet: Fleet, looks: number): Dispersion {
  const chance = random(7);
  let seen = startDispersion();
  for (let look = 0; look < looks; look++) seen = disperse(seen, 1_000, cells(chance, fleet));
  return seen;
}

const alike = (count: number): number[] => Array.from({ length: count }, () => 0.005);

describe("phi", () => {
  test.each([
    [1, 1, 8],
    [3, 5, 8],
    [10, 19, 8],
    [3, 5, 1],
    [1, 1, 1],
  ])("bursts of %d in the mean make it %d, measured on %d replicas", (burst, phi, count) => {
    const seen = observed({ shares: alike(count), burst, requests: 400 / count }, 3_600);
    expect(phiOf(seen)).toBeGreaterThan(0.8 * phi);
    expect(phiOf(seen)).toBeLessThan(1.25 * phi + 0.1);
  });

  test("a drift of the whole fleet is no dispersion", () => {
    const chance = random(3);
    let seen = startDispersion();
    for (let look = 0; look < 3_600; look++) {
      const shares = Array.from({ length: 5 }, () => 0.002 + look * 1e-5);
      seen = disperse(seen, 1_000, cells(chance, { shares, burst: 1, requests: 80 }));
    }
    expect(phiOf(seen)).toBeLessThan(1.15);
  });

  test("nothing known: independent", () => expect(phiOf(startDispersion())).toBe(1));

  test("known from the block under way, before it closes", () => {
    const seen = disperse(startDispersion(), 1_000, { a: [100, 6], b: [100, 0], c: [100, 0] });
    expect(seen.openMs).toBe(1_000);
    expect(phiOf(seen)).toBeGreaterThan(3);
  });
});

describe("differences between replicas", () => {
  test("two replicas leave the belief as it was, many replace it", () => {
    const few = spreadOf(observed({ shares: alike(2), burst: 1, requests: 200 }, 3_600), ERRORS_TAU);
    expect(few.tauSquared).toBeGreaterThan(0.6 * ERRORS_TAU ** 2);
    const many = spreadOf(observed({ shares: alike(30), burst: 1, requests: 50 }, 20_000), ERRORS_TAU);
    expect(many.tauSquared).toBeLessThan(0.2 * ERRORS_TAU ** 2);
  });

  test("replicas that differ by half are seen to", () => {
    const chance = random(11);
    const shares = Array.from({ length: 30 }, () => 0.005 * chance.lognormal(0.5));
    const { tauSquared } = spreadOf(observed({ shares, burst: 1, requests: 50 }, 20_000), ERRORS_TAU);
    expect(Math.sqrt(tauSquared)).toBeGreaterThan(0.25);
  });

  test("what is believed of them lies between the belief at the start and what was measured", () => {
    const after = (replicas: number, tau: number, mean: number): number =>
      Math.sqrt(tauSquaredAfter(0.2, { replicas, mean, phi: 1, chi: (replicas - 1) * (1 + mean * tau * tau) }));
    expect(tauSquaredAfter(0.2, { replicas: 1, mean: 100, phi: 1, chi: 0 })).toBeCloseTo(0.04);
    expect(after(20, 0, 0.01)).toBeGreaterThan(0.19);
    expect(after(20, 0, 1_000)).toBeLessThan(0.03);
    expect(after(20, 0.5, 1_000)).toBeGreaterThan(0.4);
    expect(after(20, 0.5, 1_000)).toBeLessThan(0.6);
    expect(after(3, 0.5, 1_000)).toBeLessThan(after(20, 0.5, 1_000));
  });

  test("few canary replicas reach less far", () => {
    const reach = { canary: 100, baseline: 900, canaryReplicas: 1, baselineReplicas: 9 };
    const spread = { phi: 1, tauSquared: 0.04 };
    expect(deflate(10, reach, spread)).toBeLessThan(deflate(10, { ...reach, canaryReplicas: 5 }, spread));
    expect(deflate(10, reach, { phi: 1, tauSquared: 0 })).toBe(10);
    expect(deflate(-3, reach, spread)).toBe(-3);
  });
});

test("the state is bounded, however many replicas come and go", () => {
  let seen = startDispersion();
  for (let look = 0; look < 500; look++)
    seen = disperse(seen, 4_000, { [`replica-${look}`]: [100, 1], steady: [100, 1] });
  expect(Object.keys(seen.replicas).length).toBeLessThanOrEqual(MOST_REPLICAS + 1);
  expect(Object.keys(seen.open).length).toBeLessThanOrEqual(MOST_REPLICAS + 1);
});

test("old blocks fade", () => {
  const seen = observed({ shares: alike(4), burst: 3, requests: 100 }, 600);
  expect(fade(seen, 0.5).expected).toBeCloseTo(seen.expected / 2);
  expect(fade(seen, 1e-9).replicas).toEqual({});
});
