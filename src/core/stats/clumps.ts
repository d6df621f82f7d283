// Did the canary's failures come in clumps, while nobody knows yet whether that is usual?
import { type Dispersion, phiOf, type Tally } from "./dispersion.ts";

/** Sums over the canary's looks and replicas: of requests n and failures x, n², n x and x². */
export interface Clumps {
  readonly n: number;
  readonly x: number;
  readonly nn: number;
  readonly nx: number;
  readonly xx: number;
  /** Failures times the dispersion that their evidence was tempered with when they came. */
  readonly believed: number;
}

/**
 * How much what is known of the stable fleet weighs, from its expected failures: squares of bursts say less than their
 * number.
 */
export function knownWeight(expected: number): number {
  return 0.3 * expected + 4;
}

/** A dozen canary requests, unless stable has shown this many expected failures: before that one burst looks like a bug. */
export const FEWEST_REQUESTS = 12;
export const FEWEST_FAILURES = 4;

/** Whether a first burst could still pass for a broken canary: nobody knows yet how failures come. */
export function tooEarly(seen: Clumps, fleet: Dispersion): boolean {
  return seen.n < FEWEST_REQUESTS && fleet.expected < FEWEST_FAILURES;
}

export const startClumps = (): Clumps => ({ n: 0, x: 0, nn: 0, nx: 0, xx: 0, believed: 0 });

/** Adds what a replica of the canary, or all of it, did in a look that was judged with the dispersion `phi`. */
export function clump(seen: Clumps, [n, x]: Tally, phi: number): Clumps {
  return {
    n: seen.n + n,
    x: seen.x + x,
    nn: seen.nn + n * n,
    nx: seen.nx + n * x,
    xx: seen.xx + x * x,
    believed: seen.believed + phi * x,
  };
}

/**
 * How many times more dispersed failures are than was believed when the canary's came; at least 1. Two things tell: what
 * the stable fleet has shown since, and whether the canary's own failures clump in a look or a replica, around their own
 * mean: a version that is broken is broken on all its replicas. So a burst that hits the canary before the first one was seen on stable is not held against it for long, while
 * failures of a steady cause count in full. With a known fleet it is about 1. Evidence divided by it stays fair, because
 * smaller evidence always is.
 */
export function clumpingOf(seen: Clumps, fleet: Dispersion): number {
  if (seen.x <= 0 || seen.x >= seen.n) return 1;
  const share = seen.x / seen.n;
  const squares = Math.max(0, seen.xx - 2 * share * seen.nx + share * share * seen.nn);
  const expected = share * (1 - share) * (seen.n - seen.nn / seen.n);
  const known = knownWeight(fleet.expected);
  const now = (squares + phiOf(fleet) * known) / (expected + known);
  return Math.max(1, (now * seen.x) / seen.believed);
}
