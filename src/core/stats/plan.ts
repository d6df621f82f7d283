// What shall be compared, and how wrong may the answer be?
import type { Histogram } from "../histogram.ts";
import type { Grown } from "../signals.ts";
import type { Ms } from "../units.ts";
import type { Alert, AlertRule } from "./alert.ts";
import type { KayentaPlan } from "./kayenta/stage.ts";

/** A bound on the canary's failure probability, given the baseline's: `rho · baseline + delta`. */
export interface Margin {
  readonly rho: number;
  readonly delta: number;
}

interface MetricBase {
  /** As the spec names it: `success-rate`, `latency-p99`. */
  readonly name: string;
  /** The metric's share of the alarm budget; those of all metrics sum to 1. */
  readonly omega: number;
  /** Replicas younger than this do not count, in both arms. */
  readonly warmupMs: Ms;
}

/** Requests that went wrong, out of all requests. */
export interface ErrorMetric extends MetricBase {
  readonly kind: "errors";
  /** Which requests went wrong: answered with 5xx or not at all, or answered with 4xx. */
  readonly counts: "failed" | "clientErrors";
  /** `worse` is shown when the canary is beyond this. */
  readonly harm: Margin;
  /** `no-worse` is shown when the canary is below this. */
  readonly go: Margin;
  /** The canary's share of failures must not exceed this, 0…1, whatever the baseline does. */
  readonly max?: number | undefined;
}

/** How long answers take. */
export interface LatencyMetric extends MetricBase {
  readonly kind: "latency";
  /** The quantile that the user named, 0…1. */
  readonly quantile: number;
  /** `worse` is shown when the canary is slower than the baseline times this. */
  readonly harmFactor: number;
  /** `no-worse` is shown when the canary's quantile is below the baseline's times this. */
  readonly goFactor: number;
  /** The canary's quantile must not exceed this, whatever the baseline does. */
  readonly maxMs?: Ms | undefined;
}

/** What is shown against a metric does: it takes the rollout back, or only keeps it from going on. */
export type Effect = "rollBack" | "hold";

/** In which direction a value is worse. */
export type Worse = "up" | "down";

/** What a metric's values are counted in: `share`, `ms`, `B`, `cores`, `1/s`, `1/h`, or a word of the user's. */
export type Unit = string;

/** Metrics of what replicas tell besides their requests. Names are those of `signals.ts`. */
interface SignalMetricBase extends MetricBase {
  readonly effect: Effect;
  readonly unit: Unit;
}

/** Events that went wrong out of all events: cache misses, failed calls of a database, visits without an order. */
export interface RatioMetric extends SignalMetricBase {
  readonly kind: "ratio";
  /** What the events are and what those that count did, for texts: `look-ups`, `missed`. */
  readonly words?: readonly [events: string, did: string] | undefined;
  /** Names of two counters: a part, and the whole that it is of. */
  readonly part: string;
  readonly whole: string;
  /** Whether a rollout goes on only when this is shown to be no worse; false where the events are too few for that. */
  readonly gates: boolean;
  /** Whether the rest of the whole is looked at instead: misses, where hits are counted. */
  readonly rest: boolean;
  /** Whether a larger share is worse (misses) or a smaller one (orders). */
  readonly worse: Worse;
  /** For `down` the arms change places: the baseline's share must not exceed `rho` times the canary's plus `delta`. */
  readonly harm: Margin;
  readonly go: Margin;
  readonly max?: number | undefined;
}

/** Durations, or sizes, that the replicas count in buckets of their own. */
export interface BucketsMetric extends SignalMetricBase {
  readonly kind: "buckets";
  /** Name of a histogram. */
  readonly histogram: string;
  readonly quantile: number;
  /** On the scale of shares beyond a bucket's bound: such a histogram cannot tell a margin in time. */
  readonly harm: Margin;
  readonly go: Margin;
}

/** Where the values of a mean come from. */
export type MeanOf =
  | { readonly from: "gauge"; readonly name: string }
  /** A counter, per second. */
  | { readonly from: "rate"; readonly name: string }
  /** Two counters: the sum of what was measured, and how often. */
  | { readonly from: "mean"; readonly sum: string; readonly count: string }
  /** The mean time that answers took, in milliseconds. */
  | { readonly from: "latency" }
  /** Requests per second, or those that were answered without a failure, as if the arm had all of the traffic. */
  | { readonly from: "requests"; readonly which: "all" | "answered" };

/** A level: CPU, memory, saturation, a queue's length, an average. */
export interface GaugeMetric extends SignalMetricBase {
  readonly kind: "gauge";
  readonly of: MeanOf;
  readonly worse: Worse;
  /** Relative: 0.1 is a tenth beyond the baseline. */
  readonly harm: number;
  readonly go: number;
  /** The canary's mean must not be beyond this (below it when `down` is worse), whatever the baseline does. */
  readonly max?: number | undefined;
}

/** A level that must not grow for ever: memory. */
export interface LeakMetric extends SignalMetricBase {
  readonly kind: "leak";
  readonly gauge: string;
  readonly marginPerHour: number;
  readonly limit?: number | undefined;
}

/** Things that happen seldom: crashes, restarts, panics, lines in a log, sign-ups. */
export interface EventMetric extends SignalMetricBase {
  readonly kind: "events";
  readonly counter: string;
  /** What they are counted per: a replica's time, or a request. */
  readonly per: "time" | "requests";
  readonly worse: Worse;
  /** Whether they come in bursts, as lines in a log do. */
  readonly bursts: boolean;
  /** So many times as often as on the baseline is no reason to act. */
  readonly rho: number;
}

/** One series by itself, of canary and stable together. */
export interface AnomalyMetric extends SignalMetricBase {
  readonly kind: "anomaly";
  readonly of: Extract<MeanOf, { readonly from: "gauge" | "rate" | "latency" | "requests" }>;
  readonly worse: Worse | "either";
  /** Mean time between two false alarms. */
  readonly falseAlarmEveryMs: Ms;
}

type SignalMetric = RatioMetric | BucketsMetric | GaugeMetric | LeakMetric | EventMetric | AnomalyMetric;

export type MetricPlan = ErrorMetric | LatencyMetric | SignalMetric;

/** Alerts of one source, and what they do. */
export interface AlertPlan extends AlertRule {
  /** The source's address: the key of what was read. */
  readonly url: string;
}

/** The analysis of one whole rollout. */
export interface AnalysisPlan {
  /** Probability that a candidate as good as stable is rolled back, over all metrics and looks. */
  readonly falseRollback: number;
  /** Probability, per judgement and metric, that a candidate at the margin is called no worse. */
  readonly falseGo: number;
  readonly metrics: readonly MetricPlan[];
  /** Watches whether the canary gets the share that it was given; none where users stick to a role. */
  readonly split?: boolean | undefined;
  /** What others watch: alerts that hold a rollout, or take it back. */
  readonly alerts?: readonly AlertPlan[] | undefined;
  /** Kayenta's judge instead of all of this; then there are no metrics. */
  readonly kayenta?: KayentaPlan | undefined;
  /** Follows how many more failures than the baseline's cannot be ruled out. */
  readonly limit?: boolean | undefined;
}

/** What one replica did in the interval of a look. */
export interface LookRow {
  readonly replica: string;
  /** `stable` and `baseline` run the same revision; `baseline` is the one as young as the canary. */
  readonly arm: "canary" | "stable" | "baseline";
  /** How long the replica had been ready at the end of the interval. */
  readonly ageMs: Ms;
  readonly requests: number;
  readonly failed: number;
  readonly clientErrors: number;
  readonly latency: Histogram;
}

/** What one replica told between two readings of one source. */
export interface SignalRow {
  readonly replica: string;
  readonly arm: LookRow["arm"];
  readonly ageMs: Ms;
  readonly values: Readonly<Record<string, Grown>>;
}

/** What one source told of both arms, over the same interval. */
export interface SignalLook {
  readonly durationMs: Ms;
  readonly rows: readonly SignalRow[];
  /** Why something could not be read, one sentence each. */
  readonly troubles: readonly string[];
}

/** What the sources of alerts said at one moment. */
export interface AlertsSeen {
  readonly atMs: Ms;
  /** Since when the canary has had requests. */
  readonly startedMs: Ms;
  readonly bySource: Readonly<Record<string, readonly Alert[] | { readonly unreadable: string }>>;
}

/** What happened between two looks, in both arms, over the same interval. */
export interface Look {
  readonly durationMs: Ms;
  readonly rows: readonly LookRow[];
  /** Sources that have read again since the last look. */
  readonly signals?: readonly SignalLook[] | undefined;
  /** What fires, by the source's address; a source that cannot be read answers why. */
  readonly alerts?: AlertsSeen | undefined;
  /** The shares, 0…1, that were in force during the whole interval; nothing when they changed in it. */
  readonly shares?: Readonly<Partial<Record<LookRow["arm"], number>>> | undefined;
}

/** What the evidence says about one metric. Shares are 0…1, latencies milliseconds. */
export interface MetricVerdict {
  readonly name: string;
  readonly kind: MetricPlan["kind"] | "kayenta";
  readonly unit: Unit;
  readonly effect: Effect;
  readonly canary: number | undefined;
  readonly baseline: number | undefined;
  /** 95 % interval, valid at every look, of the difference canary − baseline of shares, or of the ratio less 1 of levels. */
  readonly interval?: readonly [low: number, high: number] | undefined;
  readonly canaryRequests: number;
  readonly baselineRequests: number;
  /** Natural logarithm of the strongest evidence so far that the canary is worse. */
  readonly logBad: number;
  /** Natural logarithm of the evidence, in this judgement, that it is no worse than the margin. */
  readonly logGo: number;
  /** Whether this metric alone explains the verdict `worse`. */
  readonly blamed: boolean;
  /** Which test was crossed: the comparison with the baseline, or the fixed bound. */
  readonly by: "comparison" | "bound" | undefined;
  readonly noWorse: boolean;
  /** Whether a rollout goes on only when this metric is shown to be no worse; else it is enough that nothing speaks against it. */
  readonly mustShow: boolean;
  /** Canary requests still missing, about, until `no-worse` can be shown if nothing changes. */
  readonly needsRequests: number | undefined;
  /** What is still missing to show `no-worse`, or why nothing can be shown: part of a sentence. */
  readonly missing?: string | undefined;
  /** Milliseconds of the analysis from which on the evidence against the canary rose to what it is. */
  readonly sinceMs?: Ms | undefined;
  /** Measured dispersion of errors, 1 when they are independent. */
  readonly phi: number;
  /** One sentence with the figures: `3.1% of canary requests failed, 0.1% of the baseline's`. */
  readonly text: string;
}

/** What the evidence says about the candidate. */
export interface Verdict {
  readonly kind: "worse" | "no-worse" | "undecided";
  /** 1 − 1/E of the strongest evidence so far that the canary is worse, 0…1. */
  readonly sure: number;
  readonly metrics: readonly MetricVerdict[];
  readonly canaryRequests: number;
  readonly baselineRequests: number;
  /** What it was asked to be wrong in at most; none where Kayenta's judge decides, which states no error rate. */
  readonly limits?: { readonly falseRollback: number; readonly falseGo: number } | undefined;
  /** Why the verdict is held back: the same trouble in both arms. */
  readonly suspended?: string | undefined;
  /** One sentence. */
  readonly text: string;
}
