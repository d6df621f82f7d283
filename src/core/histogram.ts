// How are latencies counted, so that two arms can be compared bucket by bucket?

/**
 * Buckets per doubling: the layout of a Prometheus native histogram of schema 3, growth 2^(1/8) ≈ 1.0905.
 * Bucket i holds latencies from 2^(i/8) (inclusive) to 2^((i+1)/8) microseconds; bucket 0 also holds everything faster.
 */
export const BUCKETS_PER_OCTAVE = 8;

/** Number of buckets; the last one, from about 134 s on, has no upper bound. */
export const BUCKETS = 27 * BUCKETS_PER_OCTAVE + 1;

/** Counts by bucket index, only those above 0. Cumulative in time (a counter), not cumulative over buckets. */
export type Histogram = Readonly<Record<number, number>>;

/** The bucket of a latency in microseconds. */
export function bucketOf(latencyUs: number): number {
  if (!(latencyUs > 1)) return 0;
  return Math.min(BUCKETS - 1, Math.floor(Math.log2(latencyUs) * BUCKETS_PER_OCTAVE));
}

/** Where a bucket ends, in microseconds; `Infinity` for the last one. */
export function upperBoundUs(bucket: number): number {
  return bucket >= BUCKETS - 1 ? Infinity : 2 ** ((bucket + 1) / BUCKETS_PER_OCTAVE);
}

/** How many buckets a latency moves when it grows by `factor`, rounded to the nearest. */
export function bucketsFor(factor: number): number {
  return Math.round(Math.log2(factor) * BUCKETS_PER_OCTAVE);
}

/** Requests in the histogram. */
export function countOf(histogram: Histogram): number {
  let total = 0;
  // Asking each bucket by its number takes a tenth of the time that listing an object's keys takes.
  for (let bucket = 0; bucket < BUCKETS; bucket++) total += histogram[bucket] ?? 0;
  return total;
}

/** How many took longer than the end of `bucket`. */
export function countAbove(histogram: Histogram, bucket: number): number {
  let total = 0;
  for (let slower = Math.max(0, bucket + 1); slower < BUCKETS; slower++) total += histogram[slower] ?? 0;
  return total;
}

/** The sum of histograms. */
export function mergeHistograms(parts: readonly Histogram[]): Histogram {
  const sum: Record<number, number> = {};
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    let count = 0;
    for (const part of parts) count += part[bucket] ?? 0;
    if (count !== 0) sum[bucket] = count;
  }
  return sum;
}

/**
 * The latency, in microseconds, that a share `q` of the requests did not exceed: the end of the bucket in which it
 * falls, at most 9 % too high. `undefined` without requests.
 */
export function quantileUs(histogram: Histogram, q: number): number | undefined {
  const total = countOf(histogram);
  if (total === 0) return undefined;
  let seen = 0;
  const buckets = Object.keys(histogram)
    .map(Number)
    .toSorted((a, b) => a - b);
  for (const bucket of buckets) {
    seen += histogram[bucket] ?? 0;
    if (seen >= q * total) return upperBoundUs(bucket);
  }
  return undefined;
}
