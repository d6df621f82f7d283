// Which signals is a metric made of?
import type { MetricSpec } from "../spec/metrics.ts";
import type { SignalWanted } from "../signals.ts";
import type { MeanOf } from "../stats/plan.ts";

export const counter = (name: string): SignalWanted => ({ name, kind: "counter" });
const gauge = (name: string): SignalWanted => ({ name, kind: "gauge" });

/** Those of a mean. */
export function meanSignals(of: MeanOf): readonly SignalWanted[] {
  if (of.from === "gauge") return [gauge(of.name)];
  if (of.from === "rate") return [counter(of.name)];
  return of.from === "mean" ? [counter(of.sum), counter(of.count)] : [];
}

type Wants = {
  readonly [K in MetricSpec["kind"]]: (metric: Extract<MetricSpec, { kind: K }>) => readonly SignalWanted[];
};

const WANTS: Wants = {
  errors: () => [],
  latency: () => [],
  ratio: ({ part, whole }) => [counter(part), counter(whole)],
  buckets: ({ histogram }) => [{ name: histogram, kind: "histogram" }],
  gauge: ({ of }) => meanSignals(of),
  leak: ({ gauge: name }) => [gauge(name)],
  events: ({ counter: name }) => [counter(name)],
  anomaly: ({ of }) => meanSignals(of),
};

/** Names that a metric is made of, and what each must be. */
export const signalsOf = (metric: MetricSpec): readonly SignalWanted[] =>
  (WANTS[metric.kind] as (metric: MetricSpec) => readonly SignalWanted[])(metric);
