// How do replicas of a simulated service answer, look by look?
import { BUCKETS, BUCKETS_PER_OCTAVE, type Histogram } from "../../src/core/histogram.ts";
import type { Look, LookRow } from "../../src/core/stats/plan.ts";
import { ms } from "../../src/core/units.ts";
import { quantileOfNormal } from "../../src/rehearse/normal.ts";
import type { Random } from "../../src/rehearse/random.ts";

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
