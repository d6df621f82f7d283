// Does the test against a fixed bound keep its error rate, and see what is beyond?
import { expect, test } from "vitest";
import { random } from "../../rehearse/random.ts";
import { beyond, incident, startBound, watch } from "./bound.ts";
import { exceed } from "./slo.ts";
import { evidenceOf, HARM, startLogs } from "./two-by-two.ts";

const NEEDED = Math.log(100);

/** Looks until the bound of 1 % is shown to be crossed, of at most 300 looks of 20 requests. */
function crossedAfter(share: number, seed: number): number {
  const chance = random(seed);
  let logs = startLogs(HARM);
  for (let look = 1; look <= 300; look++) {
    logs = exceed(logs, [20, chance.binomial(20, share)], { max: 0.01, phi: 1 });
    if (evidenceOf(logs, HARM) >= NEEDED) return look;
  }
  return Infinity;
}

const runs = (share: number): number[] => Array.from({ length: 1_000 }, (_, seed) => crossedAfter(share, seed));

test("at the bound it is crossed in fewer than one of a hundred runs", () => {
  expect(runs(0.01).filter(Number.isFinite).length).toBeLessThanOrEqual(10);
});

test("far beyond the bound it is crossed soon", () => {
  const sorted = runs(0.05).toSorted((a, b) => a - b);
  expect(sorted[500]).toBeLessThanOrEqual(10);
});

test("nothing seen, nothing said", () => {
  expect(exceed(startLogs(HARM), [0, 0], { max: 0.01, phi: 1 })).toEqual(startLogs(HARM));
});

const BOUND = { max: 0.01, phi: 1 };

test("an incident in both arms is not held against the canary, and is forgotten when it ends", () => {
  let state = startBound();
  for (let look = 0; look < 60; look++) {
    state = watch(state, { canary: [20, 6], baseline: [180, 54], durationMs: 1_000 }, BOUND);
    expect(beyond(state)).toBeLessThan(NEEDED);
  }
  expect(incident(state, NEEDED)).toBe(true);
  for (let look = 0; look < 300; look++) {
    state = watch(state, { canary: [20, 0], baseline: [180, 0], durationMs: 1_000 }, BOUND);
    expect(beyond(state)).toBeLessThan(NEEDED);
  }
  expect(incident(state, NEEDED)).toBe(false);
  for (let look = 0; look < 5; look++) {
    state = watch(state, { canary: [20, 10], baseline: [180, 0], durationMs: 1_000 }, BOUND);
  }
  expect(beyond(state)).toBeGreaterThan(NEEDED);
});
