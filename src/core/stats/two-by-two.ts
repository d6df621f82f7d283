// Does the canary fail more often, or less often, than the baseline allows?
import type { Margin } from "./plan.ts";
import { type Factor, powerFor } from "./temper.ts";

/** What both arms did over the same interval: requests and how many of them failed. */
export interface Counts {
  readonly canaryN: number;
  readonly canaryX: number;
  readonly baselineN: number;
  readonly baselineX: number;
}

/** How strong an effect each component of the mixture looks for: odds ratios against the boundary, and prior weights. */
export interface Grid {
  readonly ratios: readonly number[];
  readonly logPrior: readonly number[];
}

function gridOf(ratios: readonly number[], prior: readonly number[]): Grid {
  const total = prior.reduce((sum, weight) => sum + weight, 0);
  return { ratios, logPrior: prior.map((weight) => Math.log(weight / total)) };
}

/** Effects of harm, from a tenth more to everything failing. */
export const HARM: Grid = gridOf(
  [1.1, 1.25, 1.5, 2, 3, 5, 10, 30, 200],
  [0.06, 0.1, 0.13, 0.17, 0.16, 0.13, 0.11, 0.08, 0.06],
);

/** How far below the margin the canary may be. */
export const GO: Grid = gridOf([0.9, 0.8, 0.65, 0.5, 0.35, 0.2, 0.1, 0.03, 0.005], [1, 1, 1, 1, 1, 1, 1, 1, 1]);

/** What is believed before an interval, from earlier intervals only. */
export interface Belief {
  readonly grid: Grid;
  readonly margin: Margin;
  /** The baseline's failure probability. */
  readonly baseline: number;
  /** How many times as variable as independent ones the failures are. */
  readonly phi: number;
}

/** Evidence of each component: natural logarithms. */
export type Logs = readonly number[];

export const startLogs = (grid: Grid): Logs => grid.ratios.map(() => 0);

/** The largest probability whose logarithms are of use. A margin beyond it allows everything: nothing can be worse. */
const MOST = 1 - 1e-6;

/** Keeps a probability where its logarithms are finite. */
export function clampShare(share: number): number {
  return Math.min(MOST, Math.max(1e-7, share));
}

/** The probability whose odds are `ratio` times those of `share`. */
export function oddsShift(share: number, ratio: number): number {
  return (ratio * share) / (1 - share + ratio * share);
}

/** Two failure probabilities, and the canary's share of the requests that they are weighted by. */
export interface Pair {
  readonly share: number;
  readonly canary: number;
  readonly baseline: number;
}

/** A start for `project`, exact in the limit of rare failures: the positive root of a quadratic. */
function rareRoot(pair: Pair, margin: Margin): number {
  const { rho, delta } = margin;
  const c = pair.share * rho;
  const b = 1 - pair.share;
  const square = rho * (c + b);
  const linear = c * (delta - pair.canary) + b * (delta - rho * pair.baseline);
  const constant = -b * pair.baseline * delta;
  const root = Math.sqrt(Math.max(0, linear * linear - 4 * square * constant));
  return linear <= 0 ? (root - linear) / (2 * square) : (-2 * constant) / (root + linear);
}

/**
 * The pair on the boundary `canary = rho · baseline + delta` that is nearest to `pair` in Kullback–Leibler divergence;
 * returns its baseline probability (reverse information projection: Turner, Ly, Grünwald, arXiv 2106.02693). The
 * derivative grows with m and its root lies between the two probabilities, so Newton steps stay inside a bracket.
 */
export function project(pair: Pair, margin: Margin): number {
  const { rho, delta } = margin;
  if (rho === 1 && delta === 0) return pair.share * pair.canary + (1 - pair.share) * pair.baseline;
  const mapped = (pair.canary - delta) / rho;
  let low = Math.max(Math.min(mapped, pair.baseline), -delta / rho, 0);
  let high = Math.min(Math.max(mapped, pair.baseline), (1 - delta) / rho, 1);
  let m = rareRoot(pair, margin);
  if (!(m > low && m < high)) m = (low + high) / 2;
  for (let step = 0; step < 100; step++) {
    const q = rho * m + delta;
    const cUp = pair.canary / q;
    const cDown = (1 - pair.canary) / (1 - q);
    const bUp = pair.baseline / m;
    const bDown = (1 - pair.baseline) / (1 - m);
    const g = pair.share * rho * (cDown - cUp) + (1 - pair.share) * (bDown - bUp);
    if (g > 0) high = m;
    else low = m;
    const slope = pair.share * rho * rho * (cDown / (1 - q) + cUp / q) + (1 - pair.share) * (bDown / (1 - m) + bUp / m);
    const next = m - g / slope;
    const inside = next >= low && next <= high;
    if (inside && Math.abs(next - m) <= 1e-14 * m) return next;
    if (high - low <= 1e-15 * high) return m;
    m = inside ? next : (low + high) / 2;
  }
  return m;
}

/** The factor of one component, as logarithms per request; `ratio` shifts the alternative away from the boundary. */
function factorOf(belief: Belief, share: number, ratio: number): Factor {
  const { rho, delta } = belief.margin;
  const tb = belief.baseline;
  const tc = oddsShift(Math.min(rho * tb + delta, MOST), ratio);
  const m = project({ share, canary: tc, baseline: tb }, belief.margin);
  const q = rho * m + delta;
  return {
    share,
    canary: q,
    baseline: m,
    canaryFailed: Math.log(tc / q),
    canaryFine: Math.log1p(-tc) - Math.log1p(-q),
    baselineFailed: Math.log(tb / m),
    baselineFine: Math.log1p(-tb) - Math.log1p(-m),
  };
}

/**
 * The evidence after one interval. Each component gains the logarithm of a likelihood ratio whose expectation is at most
 * 1 as long as the null hypothesis holds for the interval's mean probabilities, whatever the arms' sizes and however the
 * baseline drifts (Turner, Ly, Grünwald, arXiv 2106.02693; Turner, Grünwald, arXiv 2302.11401).
 */
export function advance(logs: Logs, counts: Counts, belief: Belief): Logs {
  const { canaryN, canaryX, baselineN, baselineX } = counts;
  if (canaryN <= 0 || baselineN <= 0) return logs;
  const share = canaryN / (canaryN + baselineN);
  const boundary = belief.margin.rho * belief.baseline + belief.margin.delta;
  return belief.grid.ratios.map((ratio, j) => {
    if (ratio > 1 && boundary >= MOST) return logs[j] ?? 0;
    const factor = factorOf(belief, share, ratio);
    const gain =
      canaryX * factor.canaryFailed +
      (canaryN - canaryX) * factor.canaryFine +
      baselineX * factor.baselineFailed +
      (baselineN - baselineX) * factor.baselineFine;
    return (logs[j] ?? 0) + powerFor(factor, belief.phi) * gain;
  });
}

/** Logarithm of the weighted sum of exponentials. */
export function logMix(logs: readonly number[], logWeights: readonly number[]): number {
  let top = -Infinity;
  for (let j = 0; j < logs.length; j++) top = Math.max(top, (logs[j] ?? 0) + (logWeights[j] ?? 0));
  if (top === -Infinity) return top;
  let sum = 0;
  for (let j = 0; j < logs.length; j++) sum += Math.exp((logs[j] ?? 0) + (logWeights[j] ?? 0) - top);
  return top + Math.log(sum);
}

/** The evidence of the whole mixture, as a natural logarithm. */
export function evidenceOf(logs: Logs, grid: Grid): number {
  return logMix(logs, grid.logPrior);
}
