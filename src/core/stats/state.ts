// What does an analysis remember between two looks?
import type { Histogram } from "../histogram.ts";
import type { Account } from "./account.ts";
import type { Clumps } from "./clumps.ts";
import type { Dispersion, Tally } from "./dispersion.ts";
import type { Difference } from "./interval.ts";
import type { Counts, Logs } from "./two-by-two.ts";

/** One count compared between the arms. */
export interface Contrast {
  readonly harm: Account;
  readonly counts: Counts;
  /** The baseline before the rollout, at most 5 000 requests of it. */
  readonly prior: Tally;
  readonly dispersion: Dispersion;
  /** What replicas are believed to differ by before anything is known. */
  readonly tau: number;
  readonly clumps: Clumps;
}

/** One way to show that a count is no worse, and the counts of this judgement that it rests on. */
interface GoTest {
  readonly logs: Logs;
  readonly counts: Counts;
}

/** The evidence of one judgement that a metric is no worse: the mean of its tests. */
export interface GoState {
  readonly tests: readonly GoTest[];
  /** Failures of both arms times the dispersion that their evidence was tempered with. */
  readonly believed: number;
  /** The strongest the evidence has been in this judgement. */
  readonly top: number;
}

/**
 * Evidence against a fixed bound. `canary` is what rolls back: it rests while the baseline is suspected of being beyond
 * the bound too. `shared` never rests; it and `baseline` tell an incident of the environment, and forget old ones.
 */
export interface BoundState {
  readonly canary: Account;
  readonly shared: Logs;
  readonly baseline: Logs;
}

/** Requests by replica, to know how many replicas carry an arm. */
export type Carriers = Readonly<Record<string, number>>;

interface MetricStateBase {
  readonly canaryReplicas: Carriers;
  readonly baselineReplicas: Carriers;
  readonly go: GoState;
  readonly bound: BoundState | null;
  /** The strongest evidence so far that the canary is worse, and which test it came from. */
  readonly top: number;
  readonly topBy: "comparison" | "bound";
}

export interface ErrorState extends MetricStateBase {
  readonly kind: "errors";
  readonly contrast: Contrast;
  readonly difference: Difference;
}

/** Requests slower than a fixed latency; the canary's may be slower by the margin. */
export interface Threshold {
  readonly quantile: number;
  /** Logarithm of its weight among the thresholds. */
  readonly logWeight: number;
  /** Its latency as a bucket; null until enough requests of the baseline were seen to choose it. */
  readonly bucket: number | null;
  /** How much less than 1 − quantile of the baseline's requests were beyond the bucket when it was chosen. */
  readonly slack: number;
  readonly contrast: Contrast;
}

export interface LatencyState extends MetricStateBase {
  readonly kind: "latency";
  readonly thresholds: readonly Threshold[];
  /** What thresholds are chosen from: the baseline before the rollout. */
  readonly before: Histogram;
  readonly canary: Histogram;
  readonly baseline: Histogram;
  /** Which role the baseline was at the last look. */
  readonly against: "stable" | "baseline";
  /** The canary's requests beyond `maxMs`, for the variability of a fixed bound. */
  readonly slow: Dispersion;
}

export type MetricState = ErrorState | LatencyState;

/** Plain JSON of bounded size; only `look` and `beginJudgement` make a new one. */
export interface AnalysisState {
  readonly version: 1;
  readonly looks: number;
  readonly canaryRequests: number;
  readonly baselineRequests: number;
  /** In the order of the plan's metrics. */
  readonly metrics: readonly MetricState[];
  /** The strongest evidence so far, over all metrics, that the canary is worse: a natural logarithm. */
  readonly top: number;
}
