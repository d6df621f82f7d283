// What is said of requests that went wrong?
import { goodOf, carriedOf } from "./contrast.ts";
import { phiOf } from "./dispersion.ts";
import { totalsOf } from "./errors.ts";
import * as figures from "./figures.ts";
import { intervalOf } from "./interval.ts";
import type { ErrorMetric, MetricVerdict } from "./plan.ts";
import { type Limits, missingOf, needOf, shared } from "./shared-report.ts";
import type { ErrorState } from "./state.ts";

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

export function reportErrors(metric: ErrorMetric, state: ErrorState, limits: Limits): MetricVerdict {
  const { counts } = state.contrast;
  const logGo = goodOf(state.go, state.contrast, carriedOf(state));
  const at = { ...limits, logGo, goTop: state.go.top };
  const common = shared(metric, state, at);
  const interval = intervalOf(state.difference, totalsOf(state.contrast, carriedOf(state)));
  const needsRequests = common.noWorse ? undefined : needOf(state.contrast, state.go, { ...at, margins: [metric.go] });
  const said = { noWorse: common.noWorse, canaryRequests: counts.canaryN, needsRequests };
  return {
    ...common,
    ...said,
    unit: "share",
    canary: counts.canaryN > 0 ? counts.canaryX / counts.canaryN : undefined,
    baseline: counts.baselineN > 0 ? counts.baselineX / counts.baselineN : undefined,
    interval,
    baselineRequests: counts.baselineN,
    missing: missingOf(said, "requests"),
    phi: phiOf(state.contrast.dispersion),
    text: errorsText(metric, state, interval),
  };
}
