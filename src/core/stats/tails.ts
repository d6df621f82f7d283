// How many requests of a look were slower than the end of a bucket?
import { NOBODY } from "../evidence.ts";
import { BUCKETS, type Histogram } from "../histogram.ts";
import type { Cells, Tally } from "./dispersion.ts";
import type { LookRow } from "./plan.ts";

/** How many requests of a histogram are in bucket i or a later one. */
export type Tail = Float64Array;

/** All metrics of a look ask the same histograms. */
const MADE = new WeakMap<Histogram, Tail>();

/** Asking each bucket by its number takes a twentieth of the time that listing an object's keys takes. */
function tailOf(latency: Histogram): Tail {
  const known = MADE.get(latency);
  if (known !== undefined) return known;
  const tail = new Float64Array(BUCKETS + 1);
  let sum = 0;
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
    sum += latency[bucket] ?? 0;
    tail[bucket] = sum;
  }
  MADE.set(latency, tail);
  return tail;
}

/** The tails of rows, in their order. */
export const tailsOf = (rows: readonly LookRow[]): readonly Tail[] => rows.map((row) => tailOf(row.latency));

export function tallyBeyond(tail: Tail, bucket: number): Tally {
  return [tail[0] ?? 0, tail[Math.max(0, bucket + 1)] ?? 0];
}

/** Rows and their tails. */
export interface Tailed {
  readonly rows: readonly LookRow[];
  readonly tails: readonly Tail[];
}

/** By replica: answered requests, and those slower than the end of `bucket`. */
export function cellsBeyond({ rows, tails }: Tailed, bucket: number): Cells {
  const cells: Record<string, Tally> = {};
  for (let i = 0; i < rows.length; i++) {
    const [row, tail] = [rows[i], tails[i]];
    if (row === undefined || tail === undefined || row.replica === NOBODY) continue;
    const [n, x] = tallyBeyond(tail, bucket);
    if (n === 0) continue;
    const known = cells[row.replica];
    cells[row.replica] = known ? [known[0] + n, known[1] + x] : [n, x];
  }
  return cells;
}

/** All rows in one. */
export function wholeTail(tails: readonly Tail[]): Tail {
  const whole = new Float64Array(BUCKETS + 1);
  for (const tail of tails) {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const beyond = tail[bucket] ?? 0;
      if (beyond === 0) break;
      whole[bucket] = (whole[bucket] ?? 0) + beyond;
    }
  }
  return whole;
}

/** The histogram with those of the rows, whose tails together are `whole`. */
export function withLatencies(known: Histogram, rows: readonly LookRow[], whole: Tail): Histogram {
  const next: Record<number, number> = { ...known };
  for (let bucket = 0; bucket < BUCKETS && (whole[bucket] ?? 0) > 0; bucket++) {
    if (whole[bucket] === whole[bucket + 1]) continue;
    let added = 0;
    for (const row of rows) added += row.latency[bucket] ?? 0;
    next[bucket] = (next[bucket] ?? 0) + added;
  }
  return next;
}
