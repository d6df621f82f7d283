// By how much may the arms' gauges differ only because replicas of one revision differ?
import { slotOf } from "./dispersion.ts";
import type { ArmMean } from "./gauge-block.ts";

/** How much each replica weighed in its arm's mean, summed over blocks. */
export type Weights = Readonly<Record<string, number>>;

/** Of each baseline replica: its own means, its arm's in the same blocks (sums), and its weight. */
export type BaselineReplicas = Readonly<Record<string, readonly [own: number, fleet: number, weight: number]>>;

export function seeCanary(known: Weights, seen: ArmMean): Weights {
  const next: Record<string, number> = { ...known };
  for (const [replica, , share] of seen.replicas) {
    const slot = slotOf(next, replica);
    next[slot] = (next[slot] ?? 0) + share;
  }
  return next;
}

export function seeBaseline(known: BaselineReplicas, seen: ArmMean): BaselineReplicas {
  const next: Record<string, readonly [number, number, number]> = { ...known };
  for (const [replica, mean, share] of seen.replicas) {
    const slot = slotOf(next, replica);
    const [own, fleet, weight] = next[slot] ?? [0, 0, 0];
    next[slot] = [own + mean, fleet + seen.mean, weight + share];
  }
  return next;
}

/** Before replicas are seen, their levels are believed to differ by 5 % (standard deviation); that is worth 4 replicas. */
const BELIEVED = 0.05;
const BELIEVED_REPLICAS = 4;

/** How many replicas of equal weight would carry an arm as evenly as these (Kish's effective size), at least 1. */
function effective(weights: readonly number[]): number {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const squares = weights.reduce((total, weight) => total + weight * weight, 0);
  return squares > 0 ? (sum * sum) / squares : 1;
}

/**
 * The standard deviation of a baseline replica's level around the others', relative, over the whole time: what was
 * measured or, if that is larger, the mean of it and the belief. A few replicas can't show that replicas are alike.
 */
function spreadOf(replicas: BaselineReplicas): number {
  const seen = Object.values(replicas).filter(([, fleet, weight]) => fleet > 0 && weight > 0);
  const weights = seen.reduce((sum, [, , weight]) => sum + weight, 0);
  const squares = seen.reduce((sum, [own, fleet, weight]) => sum + weight * (own / fleet - 1) ** 2, 0);
  const freedom = seen.length - 1;
  const measured = freedom > 0 ? ((squares / weights) * seen.length) / freedom : 0;
  const weighed =
    (BELIEVED_REPLICAS * BELIEVED ** 2 + Math.max(0, freedom) * measured) / (BELIEVED_REPLICAS + Math.max(0, freedom));
  return Math.sqrt(Math.max(measured, weighed));
}

/**
 * The standard deviation of the ratio of two arms that run the same revision: s √(1/k_c + 1/k_b), with s and k measured.
 * No number of blocks makes it smaller; more replicas do.
 */
export function offsetOf(canary: Weights, baseline: BaselineReplicas): number {
  const canaryReplicas = effective(Object.values(canary));
  const baselineReplicas = effective(Object.values(baseline).map(([, , weight]) => weight));
  return spreadOf(baseline) * Math.sqrt(1 / canaryReplicas + 1 / baselineReplicas);
}
