// What does the evidence say, in figures and in one sentence?
import { BUCKETS_PER_OCTAVE, bucketsFor, countOf, quantileUs } from "../histogram.ts";
import { incident } from "./bound.ts";
import { badOf, baselineShare, carriedOf, goodOf } from "./contrast.ts";
import { phiOf } from "./dispersion.ts";
import { totalsOf } from "./errors.ts";
import * as figures from "./figures.ts";
import { intervalOf } from "./interval.ts";
import { goTests, namedThreshold } from "./latency.ts";
import { needsRequests } from "./needs.ts";
import { duration } from "../units.ts";
import type { AnalysisPlan, ErrorMetric, LatencyMetric, Margin, MetricVerdict, Verdict } from "./plan.ts";
import type { AnalysisState, Contrast, ErrorState, GoState, LatencyState, MetricState, Threshold } from "./state.ts";

type Shared = Pick<MetricVerdict, "name" | "kind" | "logBad" | "logGo" | "blamed" | "by" | "noWorse">;

interface Limits {
  readonly bad: number;
  readonly good: number;
}

/** What is said of every kind of metric. `no-worse` once shown stays, unless later evidence speaks against it. */
function shared(metric: ErrorMetric | LatencyMetric, state: MetricState, at: Limits & { logGo: number }): Shared {
  const blamed = state.top + Math.log(metric.omega) >= at.bad;
  return {
    name: metric.name,
    kind: metric.kind,
    logBad: state.top,
    logGo: at.logGo,
    blamed,
    by: blamed ? state.topBy : undefined,
    noWorse: state.go.top >= at.good && at.logGo >= 0,
  };
}

/** The shortest of the ways to show `no-worse`. */
function needOf(contrast: Contrast, go: GoState, at: Limits & { logGo: number; margins: readonly Margin[] }) {
  const needs = at.margins.flatMap((margin, index) => {
    const counts = go.tests[index]?.counts;
    if (counts === undefined) return [];
    const known = counts.canaryN > 0 ? counts : contrast.counts;
    const phi = phiOf(contrast.dispersion);
    const need = {
      margin,
      counts: known,
      baseline: baselineShare(contrast),
      phi,
      log: at.logGo,
      needed: at.good,
    };
    return needsRequests(need) ?? [];
  });
  return needs.length > 0 ? Math.min(...needs) : undefined;
}

function errorsText(metric: ErrorMetric, state: ErrorState, interval: MetricVerdict["interval"]): string {
  const { canaryN, canaryX, baselineN, baselineX } = state.contrast.counts;
  const failed = metric.counts === "failed" ? "failed" : "were answered with 4xx";
  if (canaryN === 0) return "no canary request has ended yet";
  const canary = `${figures.share(canaryX / canaryN)} of ${figures.count(canaryN)} canary requests ${failed}`;
  if (baselineN === 0) return `${canary}; nothing on stable to compare with`;
  const baseline = `${figures.share(baselineX / baselineN)} of ${figures.count(baselineN)} on stable`;
  const difference = interval
    ? ` (difference ${figures.points(interval[0])} to ${figures.points(interval[1])} points)`
    : "";
  const limit = metric.max === undefined ? "" : `; at most ${figures.share(metric.max)} may`;
  return `${canary} against ${baseline}${difference}${limit}`;
}

function reportErrors(metric: ErrorMetric, state: ErrorState, at: Limits): MetricVerdict {
  const { counts } = state.contrast;
  const logGo = goodOf(state.go, state.contrast, carriedOf(state));
  const common = shared(metric, state, { ...at, logGo });
  const interval = intervalOf(state.difference, totalsOf(state.contrast, carriedOf(state)));
  return {
    ...common,
    unit: "share",
    canary: counts.canaryN > 0 ? counts.canaryX / counts.canaryN : undefined,
    baseline: counts.baselineN > 0 ? counts.baselineX / counts.baselineN : undefined,
    interval,
    canaryRequests: counts.canaryN,
    baselineRequests: counts.baselineN,
    needsRequests: common.noWorse
      ? undefined
      : needOf(state.contrast, state.go, { ...at, logGo, margins: [metric.go] }),
    phi: phiOf(state.contrast.dispersion),
    text: errorsText(metric, state, interval),
  };
}

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

function reportLatency(metric: LatencyMetric, state: LatencyState, at: Limits): MetricVerdict {
  const canary = quantileMs(state.canary, metric.quantile);
  const baseline = quantileMs(state.baseline, metric.quantile);
  const named = namedThreshold(metric, state.thresholds);
  const logGo = named ? goodOf(state.go, named.contrast, carriedOf(state)) : 0;
  const common = shared(metric, state, { ...at, logGo });
  const margins = named ? goTests(metric, named).map((test) => test.margin) : [];
  return {
    ...common,
    unit: "ms",
    canary,
    baseline,
    canaryRequests: countOf(state.canary),
    baselineRequests: countOf(state.baseline),
    needsRequests: named && !common.noWorse ? needOf(named.contrast, state.go, { ...at, logGo, margins }) : undefined,
    phi: named ? phiOf(named.contrast.dispersion) : 1,
    text: latencyText(metric, state, { ...(canary && { canary }), ...(baseline && { baseline }) }),
  };
}

function report(metric: AnalysisPlan["metrics"][number], state: MetricState | undefined, at: Limits): MetricVerdict {
  if (metric.kind === "errors" && state?.kind === "errors") return reportErrors(metric, state, at);
  if (metric.kind === "latency" && state?.kind === "latency") return reportLatency(metric, state, at);
  throw new TypeError(`the state knows no metric ${metric.name} of kind ${metric.kind}`);
}

function incidentText(plan: AnalysisPlan, state: AnalysisState, at: Limits): string | undefined {
  const names = plan.metrics.flatMap((metric, index) => {
    const bound = state.metrics[index]?.bound;
    return bound && incident(bound, at.bad) ? [metric.name] : [];
  });
  if (names.length === 0) return undefined;
  return `canary and stable are both beyond the bound of ${names.join(" and ")}: an incident of the environment`;
}

type Said = Pick<Verdict, "kind" | "sure" | "metrics" | "suspended" | "canaryRequests">;

function missing(metrics: readonly MetricVerdict[]): string {
  return metrics
    .filter((metric) => !metric.noWorse)
    .map((metric) => {
      if (metric.canaryRequests === 0) return `${metric.name} has nothing to go by yet`;
      if (metric.needsRequests === undefined) return `${metric.name} is not within its margin so far`;
      return `${metric.name} needs about ${figures.about(metric.needsRequests)} more canary requests`;
    })
    .join(", ");
}

function verdictText(said: Said): string {
  const texts = said.metrics.map((metric) => `${metric.name}: ${metric.text}`);
  if (said.kind === "worse") {
    const blamed = said.metrics.filter((metric) => metric.blamed);
    const strongest = said.metrics.filter((metric) => metric.logBad > 0).toSorted((a, b) => b.logBad - a.logBad);
    const causes = blamed.length > 0 ? blamed : strongest;
    const why = causes.map((metric) => `${metric.name}: ${metric.text}`).join("; ");
    return `The canary is worse, ${figures.sureness(said.sure)} sure. ${why}.`;
  }
  if (said.suspended !== undefined) return `Held back: ${said.suspended}.`;
  if (said.canaryRequests === 0) return "Nothing to judge by yet: the canary has ended no request.";
  if (said.kind === "no-worse") return `The canary is no worse than its margins. ${texts.join("; ")}.`;
  if (said.metrics.length === 0) return "Nothing to judge by: the analysis has no metrics.";
  return `Undecided: ${missing(said.metrics)}. ${texts.join("; ")}.`;
}

/** What all evidence so far says. `worse` once shown stays: the error rate holds for the strongest evidence. */
export function verdictOf(plan: AnalysisPlan, state: AnalysisState): Verdict {
  const limits = { bad: Math.log(1 / plan.falseRollback), good: Math.log(1 / plan.falseGo) };
  const metrics = plan.metrics.map((metric, index) => report(metric, state.metrics[index], limits));
  const suspended = incidentText(plan, state, limits);
  const worse = state.top >= limits.bad;
  const fine = metrics.length > 0 && suspended === undefined && metrics.every((metric) => metric.noWorse);
  const said: Said = {
    kind: worse ? "worse" : fine ? "no-worse" : "undecided",
    sure: 1 - Math.exp(-Math.max(0, state.top)),
    metrics,
    canaryRequests: state.canaryRequests,
    suspended: worse ? undefined : suspended,
  };
  return { ...said, baselineRequests: state.baselineRequests, text: verdictText(said) };
}
