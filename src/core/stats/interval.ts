// How large is the difference between the arms, at whatever moment one looks?
import type { Counts } from "./two-by-two.ts";

/** Sums over the intervals so far, each weighted by h = n_c n_b / (n_c + n_b) (Mantel, Haenszel 1959). */
export interface Difference {
  readonly weighted: number;
  readonly weights: number;
  readonly canarySpread: number;
  readonly baselineSpread: number;
  /** Tuning of the mixture, fixed when the first interval is shown; 0 before. */
  readonly tuning: number;
}

/** Fewer failures than this give no interval: it rests on the central limit theorem. */
const FEWEST_FAILURES = 20;

const MISS = 0.05;

/** The upper end is found in steps: each widens it by less than the one before. */
const STEPS = 40;

export const startDifference = (): Difference => ({
  weighted: 0,
  weights: 0,
  canarySpread: 0,
  baselineSpread: 0,
  tuning: 0,
});

/** Totals of both arms and how variable the failures are. */
export interface Totals extends Counts {
  readonly phi: number;
  /** Variance between replicas, relative, of the difference: tau² (1/k_c + 1/k_b). */
  readonly between: number;
}

/** One failure and one success are added to each arm: an arm without any would seem to be known exactly. */
const canaryShare = (totals: Totals): number => (totals.canaryX + 1) / (totals.canaryN + 2);
const baselineShare = (totals: Totals): number => (totals.baselineX + 1) / (totals.baselineN + 2);

function varianceOf(seen: Difference, totals: Totals, canary = canaryShare(totals)): number {
  const baseline = baselineShare(totals);
  const within = canary * (1 - canary) * seen.canarySpread + baseline * (1 - baseline) * seen.baselineSpread;
  return totals.phi * within + totals.between * (baseline * seen.weights) ** 2;
}

/** Adds an interval; `totals` include it. */
export function differ(seen: Difference, counts: Counts, totals: Totals): Difference {
  const { canaryN, baselineN } = counts;
  if (canaryN <= 0 || baselineN <= 0) return seen;
  const h = (canaryN * baselineN) / (canaryN + baselineN);
  const next = {
    weighted: seen.weighted + h * (counts.canaryX / canaryN - counts.baselineX / baselineN),
    weights: seen.weights + h,
    canarySpread: seen.canarySpread + (h * h) / canaryN,
    baselineSpread: seen.baselineSpread + (h * h) / baselineN,
    tuning: seen.tuning,
  };
  if (next.tuning > 0 || totals.canaryX + totals.baselineX < FEWEST_FAILURES) return next;
  const wide = 2 * Math.log(1 / MISS);
  return { ...next, tuning: (10 * varianceOf(next, totals)) / (wide + Math.log(1 + wide)) };
}

/** Half the width if the canary fails in this share. */
function halfOf(seen: Difference, totals: Totals, canary: number): number {
  const variance = varianceOf(seen, totals, canary) + seen.tuning;
  return Math.sqrt(variance * Math.log(variance / (seen.tuning * MISS * MISS))) / seen.weights;
}

/**
 * The 95 % interval of the difference of failure probabilities, valid at every look: a normal mixture, narrowest at ten
 * times the information of the first one shown (Waudby-Smith and others, arXiv 2103.06476). A canary that by chance failed
 * seldom seems to be known too well, so the upper end takes the variance that the canary would have there (a score
 * interval: Miettinen, Nurminen 1985).
 */
export function intervalOf(seen: Difference, totals: Totals): readonly [low: number, high: number] | undefined {
  if (seen.tuning <= 0) return undefined;
  const middle = seen.weighted / seen.weights;
  const canary = canaryShare(totals);
  const half = halfOf(seen, totals, canary);
  let high = middle + half;
  for (let step = 0; step < STEPS; step++) {
    const there = Math.min(0.5, Math.max(canary, baselineShare(totals) + high));
    const next = middle + halfOf(seen, totals, Math.max(canary, there));
    if (next - high <= 1e-9) break;
    high = next;
  }
  return [Math.max(-1, middle - half), Math.min(1, high)];
}
