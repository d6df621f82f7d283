// What shall be compared, and how wrong may the answer be?
import type { Histogram } from "../histogram.ts";
import type { Ms } from "../units.ts";

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

export type MetricPlan = ErrorMetric | LatencyMetric;

/** The analysis of one whole rollout. */
export interface AnalysisPlan {
  /** Probability that a candidate as good as stable is rolled back, over all metrics and looks. */
  readonly falseRollback: number;
  /** Probability, per judgement and metric, that a candidate at the margin is called no worse. */
  readonly falseGo: number;
  readonly metrics: readonly MetricPlan[];
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

/** What happened between two looks, in both arms, over the same interval. */
export interface Look {
  readonly durationMs: Ms;
  readonly rows: readonly LookRow[];
}

/** What the evidence says about one metric. Shares are 0…1, latencies milliseconds. */
export interface MetricVerdict {
  readonly name: string;
  readonly kind: MetricPlan["kind"];
  readonly unit: "share" | "ms";
  readonly canary: number | undefined;
  readonly baseline: number | undefined;
  /** 95 % interval, valid at every look, of the difference canary − baseline of failure shares; errors only. */
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
  /** Canary requests still missing, about, until `no-worse` can be shown if nothing changes. */
  readonly needsRequests: number | undefined;
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
  /** Why the verdict is held back: the same trouble in both arms. */
  readonly suspended?: string | undefined;
  /** One sentence. */
  readonly text: string;
}
