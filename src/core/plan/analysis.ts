// What shall be compared during a rollout, and with which part of the alarm budget each?
import type { AnalysisSpec, MetricSpec } from "../spec/analysis.ts";
import { OMEGA } from "../stats/defaults.ts";
import type { AnalysisPlan, MetricPlan } from "../stats/plan.ts";
import { ms } from "../units.ts";

/** The analysis that the statistics work with. */
export function compileAnalysis(spec: AnalysisSpec): AnalysisPlan {
  const omegas = shares(spec.metrics);
  return {
    falseRollback: spec.falseRollback,
    falseGo: spec.falseGo,
    metrics: spec.metrics.map((metric, index) => plan(metric, omegas[index] ?? 0, spec)),
  };
}

/** Each metric's part of the budget; they sum to 1. */
function shares(metrics: readonly MetricSpec[]): readonly number[] {
  const isWeighted = metrics.some(({ weight }) => weight !== undefined);
  const parts = metrics.map(({ kind, weight }) => {
    if (isWeighted) return weight ?? 1;
    const sameKind = metrics.filter((metric) => metric.kind === kind).length;
    return OMEGA[kind === "rate" ? "errors" : "latency"] / sameKind;
  });
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => part / sum);
}

function plan(metric: MetricSpec, omega: number, spec: AnalysisSpec): MetricPlan {
  const { name } = metric;
  if (metric.kind === "rate") {
    // A young process answers slowly, but it has no excuse for errors.
    const { counts, harm, go, max, warmupMs = ms(0) } = metric;
    return { kind: "errors", name, omega, warmupMs, counts, harm, go, ...(max === undefined ? {} : { max }) };
  }
  const { quantile, harmFactor, goFactor, maxMs, warmupMs = spec.warmupMs } = metric;
  const bound = maxMs === undefined ? {} : { maxMs };
  return { kind: "latency", name, omega, warmupMs, quantile, harmFactor, goFactor, ...bound };
}
