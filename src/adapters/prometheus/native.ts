// How do native histograms, whose buckets come and go, become counts in buckets that are always the same?
import type { Native } from "./answer.ts";

/** Two buckets to each doubling, from a millionth to a million: the bounds of all coarser and finer scales fall on these. */
const PER_OCTAVE = 2;
const LEAST = -20 * PER_OCTAVE;
const MOST = 20 * PER_OCTAVE;

/** Upper bounds of the buckets; the last bucket has none. */
export const NATIVE_BOUNDS: readonly number[] = Array.from(
  { length: MOST - LEAST + 1 },
  (_, index) => 2 ** ((LEAST + index) / PER_OCTAVE),
);

/** What of a bound is noise: bounds are told in 17 digits at most. */
const NOISE = 1e-9;

/**
 * Counts per bucket. A bucket's upper bound is a power of 2^(2^-scale), so it lies in one of ours whole unless it is wider:
 * then its values are taken for as large as its bound. What is at or below zero counts as smallest.
 */
export function nativeCounts({ buckets }: Native): readonly number[] {
  const counts = Array.from({ length: NATIVE_BOUNDS.length + 1 }, () => 0);
  for (const [, right, count] of buckets) {
    const at = right <= 0 ? LEAST : Math.ceil(Math.log2(right) * PER_OCTAVE - NOISE);
    const index = Math.min(Math.max(at - LEAST, 0), NATIVE_BOUNDS.length);
    counts[index] = (counts[index] ?? 0) + count;
  }
  return counts;
}
