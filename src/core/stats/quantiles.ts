// At which latencies are the arms compared?
import { countOf, type Histogram } from "../histogram.ts";

/** Quantiles of the baseline at which exceedances are compared, and how much of the evidence each may bring. */
export const QUANTILES: readonly (readonly [quantile: number, weight: number])[] = [
  [0.5, 0.1],
  [0.75, 0.1],
  [0.9, 0.15],
  [0.95, 0.2],
  [0.99, 0.35],
  [0.999, 0.1],
];

/** The quantile that the user named weighs this much more. */
const NAMED = 2;

/** Quantiles with their weights, which sum to 1. */
export function weightedQuantiles(named: number): readonly (readonly [quantile: number, weight: number])[] {
  const known = QUANTILES.some(([quantile]) => quantile === named);
  const all = known ? QUANTILES : [...QUANTILES, [named, 0.35 / NAMED] as const];
  const raised = all.map(([quantile, weight]) => [quantile, quantile === named ? weight * NAMED : weight] as const);
  const total = raised.reduce((sum, [, weight]) => sum + weight, 0);
  return raised.map(([quantile, weight]) => [quantile, weight / total] as const);
}

/** A quantile is taken from this many requests or more: 50 in all, 5 beyond it. */
export function fewestFor(quantile: number): number {
  return Math.max(50, 5 / (1 - quantile));
}

/** The first bucket that, with all faster ones, holds a share `q` of the requests. */
export function bucketAt(histogram: Histogram, q: number): number | undefined {
  const needed = q * countOf(histogram);
  let seen = 0;
  const buckets = Object.keys(histogram).map(Number);
  for (const bucket of buckets.toSorted((a, b) => a - b)) {
    seen += histogram[bucket] ?? 0;
    if (seen >= needed) return bucket;
  }
  return undefined;
}
