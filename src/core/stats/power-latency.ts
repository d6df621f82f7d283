// How likely is it that so many requests show that answers have become slower?
import { BUCKETS, bucketOf, bucketsFor, countOf, type Histogram, upperBoundUs } from "../histogram.ts";
import { LATENCY_TAU } from "./dispersion.ts";
import type { LatencyMetric, Margin } from "./plan.ts";
import { chanceBeyond, chanceOf, type Course, outlookOf, reaches, type Truth } from "./power.ts";
import { fewestFor, weightedQuantiles } from "./quantiles.ts";
import { normalCdf, normalQuantile } from "./special.ts";
import { logMix } from "./two-by-two.ts";

/** The share of answers that take longer than so many microseconds; falls from 1 to 0. */
export type Slower = (us: number) => number;

/** A lognormal latency by its median and 99th percentile, 0 < p50 < p99. */
export function lognormal(p50Ms: number, p99Ms: number): Slower {
  const sigma = Math.log(p99Ms / p50Ms) / normalQuantile(0.99);
  return (us) => (us > 0 ? normalCdf(-Math.log(us / (p50Ms * 1_000)) / sigma) : 1);
}

/** Measured latencies; within a bucket they are spread evenly on the logarithm. `undefined` without requests. */
export function measured(histogram: Histogram): Slower | undefined {
  const total = countOf(histogram);
  if (!(total > 0)) return undefined;
  const beyond = new Float64Array(BUCKETS + 1);
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
    beyond[bucket] = (beyond[bucket + 1] ?? 0) + (histogram[bucket] ?? 0) / total;
  }
  return (us) => {
    if (!(us > 1)) return 1;
    const bucket = bucketOf(us);
    const end = Math.log(upperBoundUs(bucket));
    const width = end - Math.log(bucket === 0 ? 1 : upperBoundUs(bucket - 1));
    const left = Number.isFinite(end) ? (end - Math.log(us)) / width : 1;
    return (beyond[bucket + 1] ?? 0) + left * ((beyond[bucket] ?? 0) - (beyond[bucket + 1] ?? 0));
  };
}

/** A slowdown: the slowest `share` of the answers, or with 1 all of them, take `factor` times as long. */
export interface Slowdown {
  readonly factor: number;
  readonly share: number;
}

/** The latencies after a slowdown. */
export function slowed(before: Slower, { factor, share }: Slowdown): Slower {
  return (us) => Math.max(before(us), Math.min(share, before(us / factor)));
}

/** What is known of a service's latency, and of the course it is compared in. */
export interface Pace {
  readonly stable: Slower;
  /** Requests of stable that were seen before the rollout. */
  readonly known: number;
}

/** As in `latency.ts`: what may be slower than the margin in time allows. */
const OUTLIERS: Margin = { rho: 1, delta: 1e-4 };

/** The first bucket whose end no more than 1 − `quantile` of the answers take longer than. */
function bucketFor(stable: Slower, quantile: number): number {
  let bucket = 0;
  while (bucket < BUCKETS - 1 && stable(upperBoundUs(bucket)) > 1 - quantile) bucket++;
  return bucket;
}

/** One count that is compared. */
type Counted = Pick<Truth, "shows" | "canary" | "baseline" | "margin">;

const ofLatency = (counted: Counted, known: number): Truth => ({
  ...counted,
  phi: 1,
  tau: { start: LATENCY_TAU, true: 0 },
  known,
});

/**
 * The probability that a canary this much slower is found by the end of a course. Of all thresholds the one that tells
 * most decides; what the others are expected to say lightens its part, as in the mean of their evidence. `needed` is the
 * evidence asked of the metric, a natural logarithm.
 */
export function chanceSlower(
  metric: LatencyMetric,
  down: Slowdown,
  at: Pace & { needed: number },
): (course: Course) => number {
  const canary = slowed(at.stable, down);
  const needed = at.needed + (metric.maxMs === undefined ? 0 : Math.LN2);
  const thresholds = thresholdsOf(metric, at.stable, canary);
  return (course) => {
    const known = at.known + course.baselineRequests;
    const told = thresholds.flatMap(({ counted, weight, fewest }) => {
      const outlook = known < fewest ? undefined : outlookOf(ofLatency(counted, at.known), course);
      if (outlook === undefined) return [];
      return [{ outlook, weight, log: (outlook.expectation - outlook.price) / outlook.hardship + weight }];
    });
    const together = logMix(
      told.map(({ log }) => log),
      told.map(() => 0),
    );
    const chances = told.map(({ outlook, weight, log }) => {
      const others = told.every((other) => other.log <= log) ? together - log : 0;
      return reaches(outlook, needed - weight - others);
    });
    return Math.max(0, ...chances, chanceOfBound(metric, canary, { ...at, needed, course }));
  };
}

/** What each threshold compares, the logarithm of its weight, and requests of the baseline that it needs to be chosen. */
function thresholdsOf(metric: LatencyMetric, stable: Slower, canary: Slower) {
  const shift = bucketsFor(metric.harmFactor);
  return weightedQuantiles(metric.quantile).map(([quantile, weight]) => {
    const bucket = bucketFor(stable, quantile);
    const counted: Counted = {
      shows: "harm",
      canary: canary(upperBoundUs(bucket + shift)),
      baseline: stable(upperBoundUs(bucket)),
      margin: OUTLIERS,
    };
    return { counted, weight: Math.log(weight), fewest: fewestFor(quantile) };
  });
}

interface BoundAt extends Pace {
  readonly needed: number;
  readonly course: Course;
}

function chanceOfBound({ maxMs, quantile }: LatencyMetric, canary: Slower, at: BoundAt): number {
  if (maxMs === undefined) return 0;
  const end = upperBoundUs(bucketOf(maxMs * 1_000));
  const beyond = { canary: canary(end), baseline: at.stable(end), max: 1 - quantile, needed: at.needed, phi: 1 };
  return chanceBeyond(beyond, at.course.canaryRequests);
}

/** The probability that an equally fast canary is shown to be no slower by the end of a course. */
export function chanceNotSlower(metric: LatencyMetric, at: Pace & { needed: number }): (course: Course) => number {
  const { stable, known } = at;
  const bucket = bucketFor(stable, metric.quantile);
  const baseline = stable(upperBoundUs(bucket));
  const slack = Math.max(0, 1 - metric.quantile - baseline);
  const shift = bucketsFor(metric.goFactor);
  const tests = [
    { buckets: shift, margin: { rho: 1, delta: 0 } },
    { buckets: shift - 1, margin: { rho: 1, delta: slack } },
  ].map(({ buckets, margin }): Counted => {
    return { shows: "go", canary: stable(upperBoundUs(bucket + buckets)), baseline, margin };
  });
  return (course) => {
    const chances = tests.map((counted) =>
      chanceOf({ ...ofLatency(counted, known), needed: at.needed + Math.LN2 }, course),
    );
    return Math.max(...chances);
  };
}
