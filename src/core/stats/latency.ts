// What does a look say about how long answers take?
import { bucketOf, bucketsFor, countAbove, countOf, type Histogram, mergeHistograms } from "../histogram.ts";
import { type Arms, armsForLatency, carry, countsOf } from "./arms.ts";
import type { Background } from "./background.ts";
import { startBound, watch } from "./bound.ts";
import { type Carried, carriedOf, compare, judge, startContrast, startGo } from "./contrast.ts";
import { disperse, LATENCY_TAU, phiOf, startDispersion } from "./dispersion.ts";
import type { LatencyMetric, Look, Margin } from "./plan.ts";
import { bucketAt, fewestFor, weightedQuantiles } from "./quantiles.ts";
import { type BoundState, type GoState, type LatencyState, startTops, type Threshold } from "./state.ts";
import { cellsBeyond, type Tail, type Tailed, tailsOf, tallyBeyond, wholeTail, withLatencies } from "./tails.ts";

export function startLatency(metric: LatencyMetric, background?: Background): LatencyState {
  const empty = weightedQuantiles(metric.quantile).map(([quantile, weight]) => ({
    quantile,
    logWeight: Math.log(weight),
    bucket: null,
    slack: 0,
    contrast: startContrast({ prior: [0, 0], dispersion: startDispersion(), tau: LATENCY_TAU }),
  }));
  const before = background?.latency ?? {};
  return {
    kind: "latency",
    thresholds: chosen(empty, before, background),
    before,
    canary: {},
    baseline: {},
    against: "stable",
    slow: startDispersion(),
    canaryReplicas: {},
    baselineReplicas: {},
    go: startGo(2),
    bound: metric.maxMs === undefined ? null : startBound(),
    ...startTops(),
  };
}

/**
 * Chooses the thresholds that `reference` holds enough requests for. Once chosen they stay for the rollout: any latency
 * that does not depend on later requests makes a valid test, and a fixed one adds up its evidence.
 */
function chosen(thresholds: readonly Threshold[], reference: Histogram, background?: Background): readonly Threshold[] {
  if (thresholds.every((threshold) => threshold.bucket !== null)) return thresholds;
  const requests = countOf(reference);
  return thresholds.map((threshold) => {
    const { quantile } = threshold;
    if (threshold.bucket !== null || requests < fewestFor(quantile)) return threshold;
    const bucket = bucketAt(reference, quantile);
    if (bucket === undefined) return threshold;
    const beyond = countAbove(reference, bucket);
    const known = background?.slower.find((slower) => slower.bucket === bucket);
    const contrast = startContrast({
      prior: [requests, beyond],
      dispersion: known?.dispersion ?? startDispersion(),
      tau: LATENCY_TAU,
    });
    return { ...threshold, bucket, slack: Math.max(0, 1 - quantile - beyond / requests), contrast };
  });
}

/** The threshold at the quantile that the user named. */
export function namedThreshold(metric: LatencyMetric, thresholds: readonly Threshold[]): Threshold | undefined {
  return thresholds.find((threshold) => threshold.quantile === metric.quantile);
}

/** One request in ten thousand may be slower than a margin in time allows: outliers of a young process. */
const HARM: Margin = { rho: 1, delta: 1e-4 };
const NO_MARGIN: Margin = { rho: 1, delta: 0 };

function compareAt(metric: LatencyMetric, threshold: Threshold, seen: Seen): Threshold {
  const { bucket } = threshold;
  if (bucket === null) return threshold;
  const { durationMs } = seen;
  const slower = bucket + bucketsFor(metric.harmFactor);
  const added = {
    counts: countsOf(tallyBeyond(seen.canary, slower), tallyBeyond(seen.baseline, bucket)),
    durationMs,
    margin: metric.harmFactor > 1 ? HARM : NO_MARGIN,
    canary: seen.canaryTails.map((tail) => tallyBeyond(tail, slower)),
    cells: cellsBeyond(seen.fleet, bucket),
  };
  return { ...threshold, contrast: compare(threshold.contrast, added) };
}

interface Seen {
  readonly arms: Arms;
  /** The arms' tails, all rows together; the canary's also one by one. */
  readonly canary: Tail;
  readonly canaryTails: readonly Tail[];
  readonly baseline: Tail;
  readonly fleet: Tailed;
  readonly durationMs: number;
  readonly carried: Carried;
}

/**
 * Two ways to show that the canary's quantile is below the baseline's times the factor. First: fewer of its requests are
 * beyond the threshold times the factor than of the baseline's beyond the threshold. That can't be shown for a service of
 * even speed, where hardly any are beyond. Second: one bucket closer, no more than 1 − quantile of its requests are
 * beyond; the threshold is at most a bucket above the baseline's quantile, so this allows no more than the factor.
 */
export function goTests(metric: LatencyMetric, threshold: Threshold): readonly { shift: number; margin: Margin }[] {
  const shift = bucketsFor(metric.goFactor);
  return [
    { shift, margin: { rho: 1, delta: 0 } },
    { shift: shift - 1, margin: { rho: 1, delta: threshold.slack } },
  ];
}

function judgeAt(metric: LatencyMetric, go: GoState, at: Seen & { before: Threshold; after: Threshold }): GoState {
  const { bucket } = at.before;
  if (bucket === null) return go;
  const baseline = tallyBeyond(at.baseline, bucket);
  const looks = goTests(metric, at.before).map(({ shift, margin }) => {
    return { counts: countsOf(tallyBeyond(at.canary, bucket + shift), baseline), margin };
  });
  return judge(go, looks, {
    before: at.before.contrast,
    after: at.after.contrast,
    carried: at.carried,
  });
}

function boundOf(metric: LatencyMetric, state: LatencyState, seen: Seen): Pick<LatencyState, "bound" | "slow"> {
  const { maxMs, quantile } = metric;
  if (maxMs === undefined || state.bound === null) return { bound: state.bound, slow: state.slow };
  const { durationMs } = seen;
  const limit = bucketOf(maxMs * 1_000);
  const watched = {
    canary: tallyBeyond(seen.canary, limit),
    baseline: tallyBeyond(seen.baseline, limit),
    durationMs,
  };
  const bound: BoundState = watch(state.bound, watched, {
    max: 1 - quantile,
    phi: phiOf(state.slow),
  });
  return { bound, slow: disperse(state.slow, durationMs, cellsBeyond(seen.fleet, limit)) };
}

/** Adds a look, all but the strongest evidence so far. */
export function lookAtLatency(metric: LatencyMetric, state: LatencyState, look: Look): LatencyState {
  const arms = armsForLatency(look, metric.warmupMs);
  const carriers = {
    canaryReplicas: carry(state.canaryReplicas, arms.canary),
    baselineReplicas: carry(state.baselineReplicas, arms.baseline),
  };
  const carried = carriedOf(carriers);
  const canaryTails = tailsOf(arms.canary);
  const baselineTails = tailsOf(arms.baseline);
  const seen: Seen = {
    arms,
    canary: wholeTail(canaryTails),
    canaryTails,
    baseline: wholeTail(baselineTails),
    fleet: { rows: arms.fleet, tails: arms.fleet === arms.baseline ? baselineTails : tailsOf(arms.fleet) },
    durationMs: look.durationMs,
    carried,
  };
  const open = state.thresholds.some((threshold) => threshold.bucket === null);
  const before = open ? chosen(state.thresholds, mergeHistograms([state.before, state.baseline])) : state.thresholds;
  const thresholds = before.map((threshold) => compareAt(metric, threshold, seen));
  const named = namedThreshold(metric, before);
  const after = namedThreshold(metric, thresholds);
  return {
    ...state,
    ...carriers,
    ...boundOf(metric, state, seen),
    thresholds,
    against: arms.against,
    canary: withLatencies(state.canary, arms.canary, seen.canary),
    baseline: withLatencies(state.baseline, arms.baseline, seen.baseline),
    go: named && after ? judgeAt(metric, state.go, { ...seen, before: named, after }) : state.go,
  };
}
