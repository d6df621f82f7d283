// How long do simulated answers take?
import { BUCKETS, bucketOf } from "../core/histogram.ts";
import { quantileOfNormal } from "./normal.ts";
import type { Random } from "./random.ts";

/** A lognormal latency by its median and 99th percentile. */
export interface Shape {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The slowest `share` of the requests, 0…1, takes this many times longer. */
  readonly slowest?: { readonly share: number; readonly factor: number } | undefined;
}

/** Draws the latencies of so many requests and adds them to counts by bucket. */
export type Draw = (chance: Random, requests: number, into: Float64Array) => void;

const CELLS = 16_384;
/** From so many requests on, one draw for each bucket is cheaper than one for each request. */
const MANY = 250;
const DRAWS = new Map<string, Draw>();

/** Draws from a shape, `factor` times as slow. The same draw for the same figures. */
export function latencies(shape: Shape, factor = 1): Draw {
  const { p50Ms, p99Ms, slowest } = shape;
  const key = `${p50Ms} ${p99Ms} ${slowest?.share} ${slowest?.factor} ${factor}`;
  const known = DRAWS.get(key) ?? drawFrom(tableOf(shape, factor));
  DRAWS.set(key, known);
  return known;
}

/** The buckets of equally likely latencies. */
function tableOf({ p50Ms, p99Ms, slowest }: Shape, factor: number): Uint8Array {
  const sigma = Math.log(p99Ms / p50Ms) / 2.326_347_874;
  return Uint8Array.from({ length: CELLS }, (_, cell) => {
    const q = (cell + 0.5) / CELLS;
    const isSlow = slowest !== undefined && q > 1 - slowest.share;
    const latencyMs = p50Ms * Math.exp(sigma * quantileOfNormal(q)) * (isSlow ? slowest.factor : 1);
    return bucketOf(latencyMs * factor * 1_000);
  });
}

function drawFrom(table: Uint8Array): Draw {
  const shares = sharesOf(table);
  return (chance, requests, into) => {
    if (requests < MANY) {
      for (let left = requests; left > 0; left -= 1) {
        const bucket = table[chance.below(CELLS)] ?? 0;
        into[bucket] = (into[bucket] ?? 0) + 1;
      }
      return;
    }
    // Multinomial, as a chain of binomials; the likeliest buckets first, so that little is left for the many others.
    let left = requests;
    let rest = 1;
    for (const { bucket, share } of shares) {
      const count = chance.binomial(left, Math.min(1, share / rest));
      into[bucket] = (into[bucket] ?? 0) + count;
      left -= count;
      rest -= share;
      if (left === 0) return;
    }
  };
}

function sharesOf(table: Uint8Array): readonly { readonly bucket: number; readonly share: number }[] {
  const cells = new Float64Array(BUCKETS);
  for (const bucket of table) cells[bucket] = (cells[bucket] ?? 0) + 1;
  return [...cells.entries()]
    .filter(([, count]) => count > 0)
    .map(([bucket, count]) => ({ bucket, share: count / CELLS }))
    .toSorted((a, b) => b.share - a.share);
}
