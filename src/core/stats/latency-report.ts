// What is said of how long answers take?
import { BUCKETS_PER_OCTAVE, bucketsFor, countOf, quantileUs } from "../histogram.ts";
import { duration } from "../units.ts";
import { badOf, carriedOf, goodOf } from "./contrast.ts";
import { phiOf } from "./dispersion.ts";
import * as figures from "./figures.ts";
import { goTests, namedThreshold } from "./latency.ts";
import type { LatencyMetric, MetricVerdict } from "./plan.ts";
import { type Limits, missingOf, needOf, shared } from "./shared-report.ts";
import type { LatencyState, Threshold } from "./state.ts";

/** The margin that the histogram can tell: a whole number of buckets. */
function marginText(factor: number): string {
  const percent = Math.round(100 * (2 ** (bucketsFor(factor) / BUCKETS_PER_OCTAVE) - 1));
  return percent === 0 ? "" : ` ${percent > 0 ? "+" : "−"} ${Math.abs(percent)}%`;
}

/** The threshold that speaks loudest against the canary or, while none does, the one at the named quantile. */
function tellingThreshold(metric: LatencyMetric, state: LatencyState): Threshold | undefined {
  const carried = carriedOf(state);
  let told = namedThreshold(metric, state.thresholds);
  let loudest = 1;
  for (const threshold of state.thresholds) {
    const log = threshold.bucket === null ? 0 : badOf(threshold.contrast, carried) + threshold.logWeight;
    if (log <= loudest) continue;
    loudest = log;
    told = threshold;
  }
  return told;
}

function latencyText(metric: LatencyMetric, state: LatencyState, at: { canary?: number; baseline?: number }): string {
  const quantile = figures.percentile(metric.quantile);
  if (at.canary === undefined) {
    const young = metric.warmupMs > 0 ? ` by a replica older than ${duration(metric.warmupMs)}` : "";
    return `no canary request was answered${young} yet`;
  }
  const canary = `${quantile} ${figures.latency(at.canary)}`;
  if (at.baseline === undefined) return `${canary}; nothing on ${state.against} to compare with`;
  const both = `${canary} against ${figures.latency(at.baseline)} on ${state.against}`;
  const limit = metric.maxMs === undefined ? "" : `; at most ${figures.latency(metric.maxMs)} allowed`;
  const told = tellingThreshold(metric, state);
  const counts = told?.contrast.counts;
  if (told === undefined || counts === undefined || counts.canaryN === 0) return `${both}${limit}`;
  const slower = figures.share(counts.canaryX / counts.canaryN);
  const than = `${state.against}'s ${figures.percentile(told.quantile)}${marginText(metric.harmFactor)}`;
  return `${both}; ${slower} of canary requests were slower than ${than}${limit}`;
}

/** Milliseconds of a quantile; of what took longer than the histogram holds, that bound. */
function quantileMs(histogram: LatencyState["canary"], q: number): number | undefined {
  const us = quantileUs(histogram, q);
  return us === undefined ? undefined : us / 1_000;
}

export function reportLatency(metric: LatencyMetric, state: LatencyState, limits: Limits): MetricVerdict {
  const canary = quantileMs(state.canary, metric.quantile);
  const baseline = quantileMs(state.baseline, metric.quantile);
  const named = namedThreshold(metric, state.thresholds);
  const logGo = named ? goodOf(state.go, named.contrast, carriedOf(state)) : 0;
  const at = { ...limits, logGo, goTop: state.go.top };
  const common = shared(metric, state, at);
  const margins = named ? goTests(metric, named).map((test) => test.margin) : [];
  const needsRequests = named && !common.noWorse ? needOf(named.contrast, state.go, { ...at, margins }) : undefined;
  const said = { noWorse: common.noWorse, canaryRequests: countOf(state.canary), needsRequests };
  return {
    ...common,
    ...said,
    unit: "ms",
    canary,
    baseline,
    baselineRequests: countOf(state.baseline),
    missing: missingOf(said, "requests"),
    phi: named ? phiOf(named.contrast.dispersion) : 1,
    text: latencyText(metric, state, { ...(canary && { canary }), ...(baseline && { baseline }) }),
  };
}
