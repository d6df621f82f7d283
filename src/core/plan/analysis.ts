// What shall be compared during a rollout, and with which part of the alarm budget each?
import type { AlertSpec, AnalysisSpec, MetricSpec } from "../spec/analysis.ts";
import { OMEGA } from "../stats/defaults.ts";
import type { AlertPlan, AnalysisPlan, MetricPlan } from "../stats/plan.ts";
import type { SignalWanted } from "../signals.ts";
import type { PointOf } from "../stats/kayenta/stage.ts";
import { ms } from "../units.ts";
import { compileKayenta } from "./kayenta.ts";
import { counter, meanSignals, signalsOf } from "./metric-signals.ts";

/** What a program needs besides the comparison: that the split is watched, that harm is bounded. */
interface Needs {
  /** Requests are dealt one by one, not by user. */
  readonly split: boolean;
  /** Shares are paced by how many failures cannot be ruled out. */
  readonly limit: boolean;
}

/** The analysis that the statistics work with. */
export function compileAnalysis(spec: AnalysisSpec, { split, limit }: Needs): AnalysisPlan {
  const omegas = shares(spec.metrics);
  return {
    falseRollback: spec.falseRollback,
    falseGo: spec.falseGo,
    metrics: spec.metrics.map((metric, index) => plan(metric, omegas[index] ?? 0, spec)),
    ...(spec.alerts ? { alerts: spec.alerts.map(alertPlan) } : {}),
    ...(split ? { split } : {}),
    ...(limit ? { limit } : {}),
  };
}

/** What is heeded of an alert; how its source is reached is no part of it. */
function alertPlan({ url, name, labels, forMs, action, arms }: AlertSpec): AlertPlan {
  return { url, labels, forMs, action, arms, ...(name === undefined ? {} : { name }) };
}

/** Whether a metric can take a rollout back. Requests that fail or are slow always do. */
function rollsBack(metric: MetricSpec): boolean {
  return !("effect" in metric) || metric.effect === "rollBack";
}

/** Each metric's part of the budget; they sum to 1. What only holds has none. */
function shares(metrics: readonly MetricSpec[]): readonly number[] {
  const isWeighted = metrics.some(({ weight }) => weight !== undefined);
  const parts = metrics.map((metric) => {
    if (!rollsBack(metric)) return 0;
    if (isWeighted) return metric.weight ?? 1;
    const family = OMEGA[metric.kind];
    return family / metrics.filter((other) => other.kind === metric.kind && rollsBack(other)).length;
  });
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => (sum > 0 ? part / sum : 0));
}

function pointSignals(of: PointOf): readonly SignalWanted[] {
  if (of.from === "events") return [counter(of.counter)];
  const isMean = of.from === "gauge" || of.from === "rate" || of.from === "mean";
  return isMean ? meanSignals(of) : [];
}

/** Whether a metric is made of this name. */
export function restsOn(metric: MetricSpec, name: string): boolean {
  return signalsOf(metric).some((wanted) => wanted.name === name);
}

/** What must be read of the replicas for this analysis, each name once. */
export function wantedSignals({ metrics, kayenta }: AnalysisSpec): readonly SignalWanted[] {
  const compiled = kayenta && compileKayenta(kayenta);
  const points = compiled?.ok ? compiled.plan.points.flatMap(({ of }) => pointSignals(of)) : [];
  const all = metrics.flatMap(signalsOf);
  return [...all, ...points].filter(
    ({ name }, index, every) => every.findIndex((other) => other.name === name) === index,
  );
}

function plan(metric: MetricSpec, omega: number, spec: AnalysisSpec): MetricPlan {
  const { weight: _weight, warmupMs, ...rest } = metric;
  // A young process answers slowly, but it has no excuse for errors.
  const usual = metric.kind === "errors" || metric.kind === "events" || metric.kind === "ratio" ? ms(0) : spec.warmupMs;
  return { ...withoutNothing(rest), omega, warmupMs: warmupMs ?? usual };
}

/** A bound that is not there is no field: what is written down reads back the same. */
function withoutNothing<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
