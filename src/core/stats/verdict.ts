// Is the canary worse, no worse, or can't we tell yet?
import { ordered } from "./arms.ts";
import { type Background } from "./background.ts";
import { beyond } from "./bound.ts";
import { badOf, carriedOf, startGo } from "./contrast.ts";
import { lookAtErrors, startErrors } from "./errors.ts";
import { lookAtLatency, startLatency } from "./latency.ts";
import type { AnalysisPlan, Look, MetricPlan } from "./plan.ts";
import type { AnalysisState, MetricState } from "./state.ts";
import { logMix } from "./two-by-two.ts";

export { type Background, learn, startBackground } from "./background.ts";
export { verdictOf } from "./report.ts";
export type { AnalysisState } from "./state.ts";

/** The analysis before its first look; `background` is what the stable fleet showed before the rollout. */
export function startAnalysis(plan: AnalysisPlan, background?: Background): AnalysisState {
  const metrics = plan.metrics.map((metric) =>
    metric.kind === "errors" ? startErrors(metric, background) : startLatency(metric, background),
  );
  return { version: 1, looks: 0, canaryRequests: 0, baselineRequests: 0, metrics, top: 0 };
}

/** The evidence of the comparison alone: over thresholds, the weighted mean. */
function comparisonOf(state: MetricState): number {
  const carried = carriedOf(state);
  if (state.kind === "errors") return badOf(state.contrast, carried);
  const logs = state.thresholds.map((threshold) =>
    threshold.bucket === null ? 0 : badOf(threshold.contrast, carried),
  );
  return logMix(
    logs,
    state.thresholds.map((threshold) => threshold.logWeight),
  );
}

/**
 * The evidence of a metric: that of the comparison or, when the metric also has a bound, the mean of both tests. A
 * mean of fair bets is one, however they depend on each other (Vovk, Wang, Annals of Statistics 49, 2021).
 */
function evidenceNow(state: MetricState): {
  readonly log: number;
  readonly by: MetricState["topBy"];
} {
  const comparison = comparisonOf(state);
  if (state.bound === null) return { log: comparison, by: "comparison" };
  const bound = beyond(state.bound);
  const half = Math.log(0.5);
  return {
    log: logMix([comparison, bound], [half, half]),
    by: bound > comparison ? "bound" : "comparison",
  };
}

function lookAt(metric: MetricPlan, state: MetricState, seen: Look): MetricState {
  if (metric.kind === "errors" && state.kind === "errors") return lookAtErrors(metric, state, seen);
  if (metric.kind === "latency" && state.kind === "latency") return lookAtLatency(metric, state, seen);
  throw new TypeError(`the state of a metric of kind ${state.kind} is not one of ${metric.name} (${metric.kind})`);
}

const requestsOf = (seen: Look, canary: boolean): number =>
  seen.rows.reduce((sum, row) => ((row.arm === "canary") === canary ? sum + row.requests : sum), 0);

/** Adds what happened between two looks. Pure: the same state and look give the same state again. */
export function look(plan: AnalysisPlan, state: AnalysisState, seen: Look): AnalysisState {
  const inOrder = ordered(seen);
  const logs: number[] = [];
  const metrics = plan.metrics.map((metric, index) => {
    const known = state.metrics[index];
    if (known === undefined) throw new TypeError(`the state knows no metric ${metric.name}`);
    const next = lookAt(metric, known, inOrder);
    const { log, by } = evidenceNow(next);
    logs.push(log);
    return log > next.top ? { ...next, top: log, topBy: by } : next;
  });
  const now = logMix(
    logs,
    plan.metrics.map((metric) => Math.log(metric.omega)),
  );
  return {
    version: 1,
    looks: state.looks + 1,
    canaryRequests: state.canaryRequests + requestsOf(seen, true),
    baselineRequests: state.baselineRequests + requestsOf(seen, false),
    metrics,
    top: Math.max(state.top, now),
  };
}

/** A new judgement begins: what was shown for `no-worse` so far does not count for it. */
export function beginJudgement(plan: AnalysisPlan, state: AnalysisState): AnalysisState {
  if (plan.metrics.length !== state.metrics.length) throw new TypeError("the state is not one of this plan");
  return {
    ...state,
    metrics: state.metrics.map((metric) => ({ ...metric, go: startGo(metric.go.tests.length) })),
  };
}
