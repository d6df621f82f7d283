// How many more failures than the baseline's cannot be ruled out?
import { carriedOf, goodOf, judge, startGo } from "./contrast.ts";
import type { ErrorState, GoState } from "./state.ts";
import type { Counts } from "./two-by-two.ts";

/** Differences of failure probabilities that are tested, largest first. */
const DELTAS: readonly number[] = [
  0.7, 0.5, 0.3, 0.2, 0.12, 0.08, 0.05, 0.03, 0.02, 0.012, 0.008, 0.005, 0.003, 0.002, 0.0012, 8e-4, 5e-4, 3e-4, 2e-4,
  1e-4,
];

/** The limit holds for 95 % of rollouts, at every look. */
const MISS = 0.05;

/** One test per difference: that the canary fails at least so much more often. */
export interface LimitState {
  readonly tests: readonly GoState[];
}

export const startLimit = (): LimitState => ({ tests: DELTAS.map(() => startGo(1)) });

const grown = (before: Counts, after: Counts): Counts => ({
  canaryN: after.canaryN - before.canaryN,
  canaryX: after.canaryX - before.canaryX,
  baselineN: after.baselineN - before.baselineN,
  baselineX: after.baselineX - before.baselineX,
});

/** Adds what a look has added to the failed requests. */
export function limitAfter(state: LimitState, before: ErrorState, after: ErrorState): LimitState {
  const counts = grown(before.contrast.counts, after.contrast.counts);
  if (counts.canaryN <= 0 || counts.baselineN <= 0) return state;
  const setting = { before: before.contrast, after: after.contrast, carried: carriedOf(after) };
  const tests = state.tests.map((test, index) =>
    judge(test, [{ counts, margin: { rho: 1, delta: DELTAS[index] ?? 1 } }], setting),
  );
  return { tests };
}

/**
 * The upper limit of the difference canary − baseline of failure probabilities, 0…1, that holds at every look with 95 %
 * probability: the smallest difference whose test is rejected (inversion of the e-process; the tests need no correction,
 * for only that of the true difference can be wrong). 1 while nothing is ruled out.
 */
export function limitOf(state: LimitState, errors: ErrorState): number {
  const carried = carriedOf(errors);
  let limit = 1;
  for (const [index, test] of state.tests.entries()) {
    const best = Math.max(test.top, goodOf(test, errors.contrast, carried));
    if (best < Math.log(1 / MISS)) break;
    limit = DELTAS[index] ?? limit;
  }
  return limit;
}
