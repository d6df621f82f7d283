// How many more canary requests until `no-worse` can be shown?
import type { Margin } from "./plan.ts";
import { clampShare, type Counts, project } from "./two-by-two.ts";

/** What the mixture over effects costs, and what the last step overshoots. */
const PRICE = 1.2;

/** Before the canary has shown much it is taken to be like the baseline, with the weight of so many requests. */
const BELIEF = 100;

export interface Need {
  readonly margin: Margin;
  /** Totals of both arms. */
  readonly counts: Counts;
  readonly baseline: number;
  readonly phi: number;
  /** Evidence so far and the evidence needed: natural logarithms. */
  readonly log: number;
  readonly needed: number;
}

/** What each canary request brings on average: a Kullback–Leibler divergence, both arms together. */
function driftOf(need: Need): number {
  const { counts, margin } = need;
  const baseline = clampShare(need.baseline);
  const believed = (counts.canaryX + BELIEF * baseline) / (counts.canaryN + BELIEF);
  const canary = clampShare(believed);
  if (canary >= margin.rho * baseline + margin.delta) return 0;
  const share = counts.canaryN / (counts.canaryN + counts.baselineN);
  const m = project({ share, canary, baseline }, margin);
  const q = margin.rho * m + margin.delta;
  const divergence = (p: number, to: number): number => p * Math.log(p / to) + (1 - p) * Math.log((1 - p) / (1 - to));
  return (divergence(canary, q) + ((1 - share) / share) * divergence(baseline, m)) / need.phi;
}

/**
 * About how many canary requests are missing at the present rates: the distance left over the drift (Wald 1945).
 * `undefined` while the canary does not look better than the margin, or nothing is known.
 */
export function needsRequests(need: Need): number | undefined {
  if (need.counts.canaryN <= 0 || need.counts.baselineN <= 0) return undefined;
  const drift = driftOf(need);
  const left = need.needed + PRICE - need.log;
  if (!(drift > 0)) return undefined;
  const requests = Math.ceil(left / drift);
  return Number.isSafeInteger(requests) ? Math.max(1, requests) : undefined;
}
