// How many requests of a look were slower than the end of a bucket?
import { BUCKETS, type Histogram } from "../histogram.ts";
import type { Counter } from "./arms.ts";
import type { Tally } from "./dispersion.ts";
import type { Look, LookRow } from "./plan.ts";

/** Of each row: how many requests are in bucket i or a later one. */
export type Tails = ReadonlyMap<LookRow, Float64Array>;

/** All metrics of a look ask the same rows. */
const MADE = new WeakMap<Look, Tails>();

/** Asking each bucket by its number takes a twentieth of the time that listing an object's keys takes. */
function tailOf(latency: Histogram): Float64Array {
  const tail = new Float64Array(BUCKETS + 1);
  let sum = 0;
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
    sum += latency[bucket] ?? 0;
    tail[bucket] = sum;
  }
  return tail;
}

export function tailsIn(seen: Look): Tails {
  const known = MADE.get(seen);
  if (known !== undefined) return known;
  const tails = new Map(seen.rows.map((row) => [row, tailOf(row.latency)]));
  MADE.set(seen, tails);
  return tails;
}

/** Counts answered requests, and those slower than the end of `bucket`. */
export function slowerThan(tails: Tails, bucket: number): Counter {
  const beyond = Math.max(0, bucket + 1);
  return (row) => {
    const tail = tails.get(row) ?? tailOf(row.latency);
    return [tail[0] ?? 0, tail[beyond] ?? 0];
  };
}

/** All rows in one. */
export function wholeTail(tails: Tails, rows: readonly LookRow[]): Float64Array {
  const whole = new Float64Array(BUCKETS + 1);
  for (const row of rows) {
    const tail = tails.get(row) ?? tailOf(row.latency);
    for (let bucket = 0; bucket <= BUCKETS; bucket++) whole[bucket] = (whole[bucket] ?? 0) + (tail[bucket] ?? 0);
  }
  return whole;
}

export function tallyBeyond(whole: Float64Array, bucket: number): Tally {
  return [whole[0] ?? 0, whole[Math.max(0, bucket + 1)] ?? 0];
}

/** The histogram with those of the rows. */
export function withLatencies(known: Histogram, rows: readonly LookRow[]): Histogram {
  const next: Record<number, number> = { ...known };
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    let added = 0;
    for (const row of rows) added += row.latency[bucket] ?? 0;
    if (added > 0) next[bucket] = (next[bucket] ?? 0) + added;
  }
  return next;
}
