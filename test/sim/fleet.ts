// How do replicas of a simulated service answer, look by look?
import { BUCKETS, BUCKETS_PER_OCTAVE, type Histogram } from "../../src/core/histogram.ts";
import type { Look, LookRow } from "../../src/core/stats/plan.ts";
import { ms } from "../../src/core/units.ts";
import type { Random } from "./random.ts";

/** How one revision behaves. */
export interface Behaviour {
  /** Share of requests that fail. */
  readonly errors: number;
  /** Mean size of a burst of errors; 1 for independent ones. */
  readonly burst: number;
  /** How much replicas differ in errors: standard deviation of the logarithm. */
  readonly tau: number;
  /** How much replicas differ in speed: standard deviation of the logarithm. */
  readonly speed?: number;
  /** Median and 99th percentile, of a lognormal latency. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Everything slower than the 95th percentile takes this much longer. */
  readonly tail?: number;
}

export interface Replica {
  readonly name: string;
  readonly arm: LookRow["arm"];
  readonly errors: number;
  readonly burst: number;
  readonly draw: (random: Random, requests: number) => Histogram;
}

const CELLS = 20_000;

/** Logarithms of equally likely latencies, in buckets and fractions of them. */
function quantiles(how: Behaviour): Float64Array {
  const sigma = Math.log(how.p99Ms / how.p50Ms) / 2.326_347_874;
  return Float64Array.from({ length: CELLS }, (_, i) => {
    const q = (i + 0.5) / CELLS;
    const value = how.p50Ms * Math.exp(sigma * quantileOfNormal(q)) * (q > 0.95 ? (how.tail ?? 1) : 1);
    return Math.log2(value * 1_000) * BUCKETS_PER_OCTAVE;
  });
}

/** Draws latencies of a replica as buckets, `shift` buckets slower than the others. */
function drawer(table: Float64Array, shift: number): Replica["draw"] {
  const bucketAt = (cell: number): number => Math.min(BUCKETS - 1, Math.max(0, Math.floor((table[cell] ?? 0) + shift)));
  let shares: readonly (readonly [bucket: number, share: number])[] | undefined;
  return (random, requests) => {
    const histogram: Record<number, number> = {};
    if (requests < 200) {
      for (let i = 0; i < requests; i++) {
        const bucket = bucketAt(random.below(CELLS));
        histogram[bucket] = (histogram[bucket] ?? 0) + 1;
      }
      return histogram;
    }
    shares ??= sharesOf(bucketAt);
    let left = requests;
    let rest = 1;
    for (const [bucket, share] of shares) {
      const count = random.binomial(left, Math.min(1, share / rest));
      if (count > 0) histogram[bucket] = count;
      left -= count;
      rest -= share;
    }
    return histogram;
  };
}

function sharesOf(bucketAt: (cell: number) => number): readonly (readonly [bucket: number, share: number])[] {
  const counts = new Float64Array(BUCKETS);
  for (let cell = 0; cell < CELLS; cell++) {
    const bucket = bucketAt(cell);
    counts[bucket] = (counts[bucket] ?? 0) + 1 / CELLS;
  }
  return [...counts.entries()].filter(([, share]) => share > 0);
}

/** Acklam's rational approximation, relative error below 1.2e-9 in the middle; enough to draw from. */
function quantileOfNormal(p: number): number {
  if (p > 0.5) return -quantileOfNormal(1 - p);
  if (p < 0.024_25) {
    const q = Math.sqrt(-2 * Math.log(p));
    const up = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968];
    const down = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
    return (poly(up, q) * q + 2.938163982698783) / (poly(down, q) * q + 1);
  }
  const q = p - 0.5;
  const r = q * q;
  const up = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716];
  const down = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
  return ((poly(up, r) * r + 2.506628277459239) * q) / (poly(down, r) * r + 1);
}

const poly = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

const TABLES = new Map<string, Float64Array>();

/** `count` replicas of one arm, each a little different from the others. */
export function replicas(random: Random, arm: LookRow["arm"], how: Behaviour & { count: number }): Replica[] {
  const key = JSON.stringify([how.p50Ms, how.p99Ms, how.tail]);
  const table = TABLES.get(key) ?? quantiles(how);
  TABLES.set(key, table);
  return Array.from({ length: how.count }, (_, index) => ({
    name: `${arm}-${index}`,
    arm,
    errors: Math.min(1, how.errors * random.lognormal(how.tau) * Math.exp((-how.tau * how.tau) / 2)),
    burst: how.burst,
    draw: drawer(table, Math.log2(random.lognormal(how.speed ?? 0)) * BUCKETS_PER_OCTAVE),
  }));
}

function errorsOf(random: Random, replica: Replica, requests: number): number {
  if (replica.burst <= 1) return random.binomial(requests, replica.errors);
  let failed = 0;
  for (let left = random.poisson((requests * replica.errors) / replica.burst); left > 0; left--) {
    failed += random.geometric(replica.burst);
  }
  return Math.min(requests, failed);
}

export interface Traffic {
  /** Requests per second over all. */
  readonly rps: number;
  /** The canary's share of them. */
  readonly share: number;
  readonly seconds: number;
  /** Whether latencies are drawn too. */
  readonly latency: boolean;
}

/** What a look sees of the replicas. The proxy keeps shares even, so requests are dealt, not drawn. */
export function lookAt(random: Random, fleet: readonly Replica[], traffic: Traffic): Look {
  const canaries = fleet.filter((replica) => replica.arm === "canary").length;
  const rows = fleet.map((replica): LookRow => {
    const canary = replica.arm === "canary";
    const share = canary
      ? traffic.share / canaries
      : (1 - (canaries > 0 ? traffic.share : 0)) / (fleet.length - canaries);
    const exact = traffic.rps * traffic.seconds * share;
    const requests = Math.floor(exact) + (random.chance(exact % 1) ? 1 : 0);
    return {
      replica: replica.name,
      arm: replica.arm,
      ageMs: ms(3_600_000),
      requests,
      failed: errorsOf(random, replica, requests),
      clientErrors: 0,
      latency: traffic.latency ? replica.draw(random, requests) : {},
    };
  });
  return { durationMs: ms(traffic.seconds * 1_000), rows };
}
