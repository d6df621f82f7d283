// What is there to be told of one rollout?
import type { DecisionRecord, Waiting } from "../core/engine/state.ts";
import type { MetricVerdict, Verdict } from "../core/stats/plan.ts";
import type { Trail } from "../core/stats/trail.ts";
import type { Value } from "./quantity.ts";

/** A decision as a journal holds it. Those of earlier versions have no trail. */
export type Recorded = DecisionRecord & { readonly trail?: Trail | undefined };

/** Evidence beyond which something follows: 1/falseRollback and 1/falseGo, as natural logarithms. */
export interface Limits {
  readonly worse: number;
  readonly noWorse: number;
  /** Whether these are the rollout's own, or the ones that hold where a file names none. */
  readonly isKnown: boolean;
}

/** One moment of one metric. What was not a finite number then is not there. */
export interface MetricPoint {
  readonly atMs: number;
  readonly canary?: number | undefined;
  readonly baseline?: number | undefined;
  /** Where the canary may lie, by the 95 % interval of the difference, in the metric's unit. */
  readonly band?: readonly [low: number, high: number] | undefined;
  readonly logBad?: number | undefined;
  readonly logGo?: number | undefined;
}

export interface MetricReport {
  /** As the file names it: `success-rate`. */
  readonly name: string;
  /** What the values are, where the name does not say it: `errors`. */
  readonly label: string;
  readonly unit: string;
  readonly effect: MetricVerdict["effect"] | undefined;
  readonly canary: Value;
  readonly baseline: Value;
  /** 95 %, of the difference of shares, or of the ratio less 1. */
  readonly interval: readonly [low: Value, high: Value] | undefined;
  readonly canaryRequests: number;
  readonly baselineRequests: number;
  /** Natural logarithms of the evidence: the strongest so far that it is worse, and that it is no worse. */
  readonly logBad: Value;
  readonly logGo: Value;
  readonly noWorse: boolean;
  /** A score of Kayenta's, of which nobody can say how sure it is. */
  readonly isScored?: boolean | undefined;
  /** Whether a rollout goes on only when the metric is shown to be no worse. */
  readonly mustShow: boolean;
  /** Whether the metric by itself explains the way back, or that the rollout is held, and by which test. */
  readonly did: MetricVerdict["effect"] | undefined;
  readonly by: MetricVerdict["by"];
  /** Whether it was seen beyond a fixed bound, which leaves nothing to be sure of. */
  readonly isSeen: boolean;
  /** From when on the evidence against the canary rose: a moment. */
  readonly sinceMs: number | undefined;
  /** What was missing for `no-worse`, with the metric as its subject: `needs about 900 more canary requests`. */
  readonly missing: string | undefined;
  /** One sentence with the figures. */
  readonly text: string;
  readonly points: readonly MetricPoint[];
}

/** What users met, up to the decision. */
export interface Harm {
  readonly canaryRequests: number;
  /**
   * Of those that were counted for it, and how many stable's share would have made; nothing when no metric counts
   * failures.
   */
  readonly failed?: { readonly count: number; readonly of: number; readonly expected: number | undefined } | undefined;
}

export interface SharePoint {
  readonly atMs: number;
  /** 0…1. */
  readonly share: number;
}

export interface DecisionReport {
  readonly atMs: number;
  readonly kind: DecisionRecord["kind"];
  /** One sentence, with who asked and why. */
  readonly text: string;
}

export type State = "promoted" | "rolled-back" | "stopped" | "concluded" | "going-back" | "under-way";

export interface Report {
  readonly service: string;
  /** `shop/2`. */
  readonly name: string;
  /** One sentence, without a full stop. */
  readonly headline: string;
  readonly state: State;
  /** Why it ended, or what it waits for. */
  readonly why: string;
  readonly waitsFor: Waiting["for"] | undefined;
  readonly strategy: string | undefined;
  readonly candidate: string | undefined;
  readonly replaces: string | undefined;
  readonly startedBy: string | undefined;
  readonly startReason: string | undefined;
  readonly startedMs: number;
  /** When the outcome was decided: the way back taken, or the candidate made stable. */
  readonly decidedMs: number | undefined;
  /** When all was over or, of a rollout under way, the last moment that is known. */
  readonly untilMs: number;
  readonly isOver: boolean;
  readonly verdict: Verdict | undefined;
  /** Which metric decided, as a sentence without a full stop. */
  readonly decidedBy: string;
  readonly metrics: readonly MetricReport[];
  readonly limits: Limits;
  readonly harm: Harm;
  /** The canary's share where it changed, in order of time. */
  readonly shares: readonly SharePoint[];
  /** The same as it was measured, in times of one length; nothing where requests were not counted. */
  readonly measured: readonly SharePoint[];
  readonly decisions: readonly DecisionReport[];
}
