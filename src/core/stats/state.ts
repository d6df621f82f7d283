// What does an analysis remember between two looks?
import { ms, type Ms } from "../units.ts";
import type { Histogram } from "../histogram.ts";
import type { Account } from "./account.ts";
import type { AlertReport } from "./alert.ts";
import type { AnomalyState } from "./anomaly.ts";
import type { Clumps } from "./clumps.ts";
import type { Dispersion, Tally } from "./dispersion.ts";
import type { EventState } from "./events.ts";
import type { GaugeState } from "./gauge.ts";
import type { Difference } from "./interval.ts";
import type { StageState } from "./kayenta/stage.ts";
import type { LeakState } from "./leak.ts";
import type { LimitState } from "./limit.ts";
import type { Look } from "./plan.ts";
import type { SplitState } from "./split-check.ts";
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

/** How strong the evidence that the canary is worse has been, and since when. */
export interface Tops {
  /** The evidence at the last look. */
  readonly now: number;
  /** The strongest so far, and which test it came from. */
  readonly top: number;
  readonly topBy: "comparison" | "bound";
  /** The weakest so far, and when in the analysis that was. */
  readonly low: number;
  readonly lowMs: Ms;
  /** When the evidence was weakest before it rose to `top`: the likeliest moment of a change. */
  readonly sinceMs: Ms;
}

export const startTops = (): Tops => ({ now: 0, top: 0, topBy: "comparison", low: 0, lowMs: ms(0), sinceMs: ms(0) });

/** What every metric remembers that compares counts. */
interface MetricStateBase extends Tops {
  readonly canaryReplicas: Carriers;
  readonly baselineReplicas: Carriers;
  readonly go: GoState;
  readonly bound: BoundState | null;
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

/** A share of events, by two counters. With `down` the arms have changed places. */
export interface RatioState extends MetricStateBase {
  readonly kind: "ratio";
  readonly contrast: Contrast;
  readonly difference: Difference;
  /** Whether any replica has ever told of the part: a name that is misspelt looks like one that never happens. */
  readonly seenPart: boolean;
}

/** Values beyond one bound of a histogram. */
export interface BucketContrast {
  readonly bound: number;
  readonly contrast: Contrast;
}

export interface BucketsState extends MetricStateBase {
  readonly kind: "buckets";
  /** Where the buckets end, from the first reading on. */
  readonly bounds: readonly number[];
  readonly canary: readonly number[];
  readonly baseline: readonly number[];
  readonly contrasts: readonly BucketContrast[];
  /** Why nothing can be compared: the arms count in different buckets. */
  readonly refused?: string | undefined;
}

/** What is compared by levels, events or by itself. */
interface Wrapped<K extends string, S> extends Tops {
  readonly kind: K;
  readonly inner: S;
  /** The strongest that the evidence for `no-worse` has been in this judgement. */
  readonly goTop: number;
  /** Readings of the canary that went in. */
  readonly readings: number;
  /** Why nothing can be compared any more. */
  readonly refused?: string | undefined;
}

export type GaugeMetricState = Wrapped<"gauge", GaugeState>;
export type LeakMetricState = Wrapped<"leak", LeakState>;
export interface EventMetricState extends Wrapped<"events", EventState> {
  /** Requests since the events were last read, where they are counted per request. */
  readonly requests?: { readonly canary: number; readonly baseline: number } | undefined;
}
export type AnomalyMetricState = Wrapped<"anomaly", AnomalyState>;

export type MetricState =
  | ErrorState
  | LatencyState
  | RatioState
  | BucketsState
  | GaugeMetricState
  | LeakMetricState
  | EventMetricState
  | AnomalyMetricState;

/** Plain JSON of bounded size; only `look` and `beginJudgement` make a new one. */
export interface AnalysisState {
  readonly version: 2;
  readonly looks: number;
  /** Time that all looks together lasted. */
  readonly elapsedMs: Ms;
  readonly canaryRequests: number;
  readonly baselineRequests: number;
  /** In the order of the plan's metrics. */
  readonly metrics: readonly MetricState[];
  /** The strongest evidence so far, over all metrics, that the canary is worse: a natural logarithm. */
  readonly top: number;
  /** Requests of one arm alone, which wait for the other's. */
  readonly pending: Look | null;
  /** Whether the canary gets the share that it was given; null where that is not watched. */
  readonly split: SplitState | null;
  /** How much harm cannot be ruled out; null where nothing is paced by it. */
  readonly limit: LimitState | null;
  /** What each of the plan's alerts said last. */
  readonly alerts: readonly AlertReport[];
  /** Kayenta's stage, where its judge decides. */
  readonly kayenta: StageState | null;
  /** What could not be read at the last reading. */
  readonly troubles: readonly string[];
}
