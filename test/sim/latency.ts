// How long do simulated answers take?
import { bucketOf, type Histogram } from "../../src/core/histogram.ts";
import { random, type Random } from "./random.ts";

/** Draws the latencies of so many requests, counted in buckets. */
export type Draw = (chance: Random, requests: number) => Histogram;

const CELLS = 8_192;
const TABLES = new Map<string, Uint16Array>();

/** A lognormal latency by its median and 99th percentile, drawn from a table: the same one in every run. */
export function latencies(p50Ms: number, p99Ms: number): Draw {
  const key = `${p50Ms} ${p99Ms}`;
  const table = TABLES.get(key) ?? tableOf(p50Ms, p99Ms);
  TABLES.set(key, table);
  return (chance, requests) => {
    const histogram: Record<number, number> = {};
    for (let left = requests; left > 0; left -= 1) {
      const bucket = table[chance.below(CELLS)] ?? 0;
      histogram[bucket] = (histogram[bucket] ?? 0) + 1;
    }
    return histogram;
  };
}

function tableOf(p50Ms: number, p99Ms: number): Uint16Array {
  const sigma = Math.log(p99Ms / p50Ms) / 2.326;
  const chance = random(20_26);
  return Uint16Array.from({ length: CELLS }, () => bucketOf(p50Ms * chance.lognormal(sigma) * 1_000));
}
