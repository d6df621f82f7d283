// What does an A/B test say, by the method chosen beforehand?
import { type Always, addBatch, alwaysP, confidenceSequence, type Sequence, startAlways } from "./always.ts";
import type { Arms } from "./arms.ts";
import { type Fixed, type FixedPlan, judgeFixed, plannedSample, type Sample } from "./fixed.ts";
import { armsOf, checkSplit, firstOf, looksOf, type Names, type Outcome, type SplitCheck } from "./users.ts";

/** What is chosen before the test begins. */
export interface AbPlan {
  readonly names: Names;
  readonly alpha: number;
  /** The treatment's share of the users. */
  readonly split: number;
  /** With a planned sample the fixed test decides, without one the always-valid test. */
  readonly sample?: Pick<FixedPlan, "baseline" | "lift" | "power"> | undefined;
}

/** The always-valid test, read. */
interface AlwaysReport extends Pick<Always, "looks" | "counted" | "towards"> {
  readonly p: number;
  readonly sequence: Sequence;
}

/** What was decided, and by which test. `split-off`: the figures may not be read. */
type Decision =
  | { readonly kind: "better"; readonly which: "control" | "treatment"; readonly by: "fixed" | "always" }
  | { readonly kind: "no-difference" }
  | { readonly kind: "undecided" }
  | { readonly kind: "split-off" };

/** The whole answer. */
export interface AbReport {
  readonly plan: AbPlan;
  readonly decision: Decision;
  readonly total: Arms;
  readonly split: SplitCheck;
  readonly fixed: Fixed | undefined;
  readonly always: AlwaysReport;
}

function decide(report: Omit<AbReport, "decision">): Decision {
  const { fixed, always, plan } = report;
  if (report.split.off) return { kind: "split-off" };
  if (fixed?.kind === "locked") return { kind: "undecided" };
  if (fixed) {
    if (fixed.p > plan.alpha) return { kind: "no-difference" };
    return { kind: "better", which: fixed.z > 0 ? "treatment" : "control", by: "fixed" };
  }
  if (always.p > plan.alpha || always.towards === "neither" || always.sequence.kind === "changing") {
    return { kind: "undecided" };
  }
  return { kind: "better", which: always.towards, by: "always" };
}

function fixedPlanOf({ sample, alpha, split }: AbPlan): FixedPlan | undefined {
  return sample && { ...sample, alpha, split };
}

/** What the tests look at: all users, those up to the planned sample, and the looks of the always-valid test. */
export interface Batches {
  readonly batches: readonly Arms[];
  readonly total: Arms;
  readonly first: Arms;
}

/**
 * Judges users in batches. Both tests are computed, but only one decides: two tests at alpha, either of which may decide,
 * would together find differences where there are none more often than alpha.
 *
 * @throws RangeError for a plan or counts that cannot be.
 */
export function judgeBatches(plan: AbPlan, { batches, total, first }: Batches): AbReport {
  const fixedPlan = fixedPlanOf(plan);
  const state = batches.reduce(addBatch, startAlways());
  const sequence = confidenceSequence(batches, plan.alpha);
  const report = {
    plan,
    total,
    split: checkSplit(total, plan.split),
    fixed: fixedPlan && judgeFixed(fixedPlan, first),
    always: { p: alwaysP(state), sequence, looks: state.looks, counted: state.counted, towards: state.towards },
  };
  return { ...report, decision: decide(report) };
}

/** How many users the fixed test looks at; nothing without a planned sample. */
export function sampleOf(plan: AbPlan): Sample | undefined {
  const fixedPlan = fixedPlanOf(plan);
  return fixedPlan && plannedSample(fixedPlan);
}

/**
 * Judges the users, who stand in the order of their exposure.
 *
 * @throws RangeError for a plan that cannot be.
 */
export function judgeAb(plan: AbPlan, outcomes: readonly Outcome[]): AbReport {
  const { names } = plan;
  const sample = sampleOf(plan);
  const total = armsOf(outcomes, names);
  const first = sample ? firstOf(outcomes, names, sample) : total;
  return judgeBatches(plan, { batches: looksOf(outcomes, names).batches, total, first });
}
