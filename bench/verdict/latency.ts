// How are latencies of simulated requests drawn?
import { BUCKETS, type Histogram, upperBoundUs } from "../../src/core/histogram.ts";
import { normalCdf } from "../../src/core/stats/special.ts";
import type { Random } from "../../src/rehearse/random.ts";

/** A lognormal latency; `stretch` draws out the slowest 5 %, so that the 99th percentile is so many times as large. */
export interface Slowness {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly stretch?: number;
}

const Z95 = 1.644_853_627;
const Z99 = 2.326_347_874;

/** The share of requests slower than `tauMs`. */
export function slowerShare(how: Slowness, tauMs: number): number {
  const sigma = Math.log(how.p99Ms / how.p50Ms) / Z99;
  const p95Ms = how.p50Ms * Math.exp(Z95 * sigma);
  const factor = ((how.stretch ?? 1) * how.p99Ms - p95Ms) / (how.p99Ms - p95Ms);
  const asBefore = tauMs <= p95Ms ? tauMs : p95Ms + (tauMs - p95Ms) / factor;
  return normalCdf(-Math.log(asBefore / how.p50Ms) / sigma);
}

/** Steps of the table that finds a bucket. */
const GUIDES = 1_024;

/** From so many requests on buckets are drawn, not requests. */
const MANY = 1_000;

type Draw = (random: Random, requests: number) => Histogram;

export function drawOf(how: Slowness): Draw {
  const shares: { readonly bucket: number; readonly share: number; readonly upTo: number }[] = [];
  let before = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const upTo = bucket === BUCKETS - 1 ? 1 : 1 - slowerShare(how, upperBoundUs(bucket) / 1_000);
    if (upTo - before > 1e-12) shares.push({ bucket, share: upTo - before, upTo });
    before = upTo;
  }
  const guides = Array.from({ length: GUIDES }, (_, i) => shares.findIndex(({ upTo }) => upTo > i / GUIDES));
  const one = (u: number): number => {
    let at = guides[Math.floor(u * GUIDES)] ?? 0;
    while (at < shares.length - 1 && (shares[at]?.upTo ?? 1) <= u) at++;
    return shares[at]?.bucket ?? BUCKETS - 1;
  };
  return (random, requests) => {
    const histogram: Record<number, number> = {};
    if (requests < MANY) {
      for (let i = 0; i < requests; i++) {
        const bucket = one(random.next());
        histogram[bucket] = (histogram[bucket] ?? 0) + 1;
      }
      return histogram;
    }
    let [left, rest] = [requests, 1];
    for (const { bucket, share } of shares) {
      const count = random.binomial(left, Math.min(1, share / rest));
      if (count > 0) histogram[bucket] = count;
      left -= count;
      rest -= share;
      if (left <= 0) break;
    }
    return histogram;
  };
}
