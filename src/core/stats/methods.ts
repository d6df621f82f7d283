// By which method is each kind of metric judged?
import type { Background } from "./background.ts";
import { badOfBuckets, lookAtBuckets, reportBuckets, startBuckets } from "./buckets.ts";
import { beyond } from "./bound.ts";
import { badOf, carriedOf, startGo } from "./contrast.ts";
import { reportErrors } from "./errors-report.ts";
import { lookAtErrors, startErrors } from "./errors.ts";
import { beginGaugeJudgement, gaugeReport } from "./gauge.ts";
import { lookAtLatency, startLatency } from "./latency.ts";
import { reportLatency } from "./latency-report.ts";
import { leakReport } from "./leak.ts";
import type { Look, MetricPlan, MetricVerdict } from "./plan.ts";
import { badOfRatio, lookAtRatio, reportRatio, startRatio } from "./ratio.ts";
import type { Limits } from "./shared-report.ts";
import type { BoundState, GoState, LatencyState, MetricState, Tops } from "./state.ts";
import { logMix } from "./two-by-two.ts";
import {
  badOfEvents,
  lookAtAnomaly,
  lookAtEventMetric,
  lookAtGaugeMetric,
  lookAtLeakMetric,
  reportAnomaly,
  reportEvents,
  reportGauge,
  reportLeak,
  startAnomalyMetric,
  startEventMetric,
  startGaugeMetric,
  startLeakMetric,
} from "./wrapped.ts";

type Kind = MetricPlan["kind"];
type PlanOf<K extends Kind> = Extract<MetricPlan, { readonly kind: K }>;
type StateOf<K extends Kind> = Extract<MetricState, { readonly kind: K }>;

/** Evidence that the canary is worse, as a natural logarithm, and which test it comes from. */
interface Shown {
  readonly log: number;
  readonly by: Tops["topBy"];
}

/** What one kind of metric must be able to do. All of it is pure. */
interface Method<M, S> {
  readonly start: (metric: M, background: Background | undefined) => S;
  /** Adds a look, all but the strongest evidence so far. */
  readonly look: (metric: M, state: S, seen: Look) => S;
  readonly bad: (metric: M, state: S) => Shown;
  /** A new judgement begins: what was shown for `no-worse` so far does not count for it. */
  readonly rejudge: (metric: M, state: S) => S;
  readonly report: (metric: M, state: S, limits: Limits) => MetricVerdict;
}

const compared = (log: number): Shown => ({ log, by: "comparison" });

/**
 * The evidence of a metric: that of the comparison or, when the metric also has a bound, the mean of both tests. A
 * mean of fair bets is one, however they depend on each other (Vovk, Wang, Annals of Statistics 49, 2021).
 */
function withBound(comparison: number, state: BoundState | null): Shown {
  if (state === null) return compared(comparison);
  const bound = beyond(state);
  const half = Math.log(0.5);
  return { log: logMix([comparison, bound], [half, half]), by: bound > comparison ? "bound" : "comparison" };
}

/** Over thresholds, the weighted mean. */
function badOfLatency(state: LatencyState): number {
  const carried = carriedOf(state);
  const { thresholds } = state;
  return logMix(
    thresholds.map((threshold) => (threshold.bucket === null ? 0 : badOf(threshold.contrast, carried))),
    thresholds.map((threshold) => threshold.logWeight),
  );
}

const afresh = <S extends { readonly go: GoState }>(_metric: unknown, state: S): S => ({
  ...state,
  go: startGo(state.go.tests.length),
});

const METHODS: { readonly [K in Kind]: Method<PlanOf<K>, StateOf<K>> } = {
  errors: {
    start: startErrors,
    look: lookAtErrors,
    bad: (_, state) => withBound(badOf(state.contrast, carriedOf(state)), state.bound),
    rejudge: afresh,
    report: reportErrors,
  },
  latency: {
    start: startLatency,
    look: lookAtLatency,
    bad: (_, state) => withBound(badOfLatency(state), state.bound),
    rejudge: afresh,
    report: reportLatency,
  },
  ratio: {
    start: startRatio,
    look: lookAtRatio,
    bad: (_, state) => withBound(badOfRatio(state), state.bound),
    rejudge: afresh,
    report: reportRatio,
  },
  buckets: {
    start: startBuckets,
    look: lookAtBuckets,
    bad: (_, state) => compared(badOfBuckets(state)),
    rejudge: afresh,
    report: reportBuckets,
  },
  gauge: {
    start: startGaugeMetric,
    look: lookAtGaugeMetric,
    bad: (metric, { inner }) => compared(gaugeReport(metric, inner).logBad),
    rejudge: (_, state) => ({ ...state, inner: beginGaugeJudgement(state.inner), goTop: 0 }),
    report: reportGauge,
  },
  leak: {
    start: startLeakMetric,
    look: lookAtLeakMetric,
    bad: (metric, { inner }) => compared(leakReport(metric, inner).logBad),
    rejudge: (_, state) => state,
    report: reportLeak,
  },
  events: {
    start: startEventMetric,
    look: lookAtEventMetric,
    bad: (metric, state) => compared(badOfEvents(metric, state)),
    rejudge: (_, state) => state,
    report: reportEvents,
  },
  anomaly: {
    start: startAnomalyMetric,
    look: lookAtAnomaly,
    // Its alarms hold the rollout by themselves; they are no comparison of versions.
    bad: () => compared(0),
    rejudge: (_, state) => state,
    report: reportAnomaly,
  },
};

/** The method of a metric. The table holds for every kind the method of that kind; TypeScript cannot follow the pairing. */
export function methodOf(metric: MetricPlan): Method<MetricPlan, MetricState> {
  return METHODS[metric.kind] as unknown as Method<MetricPlan, MetricState>;
}
