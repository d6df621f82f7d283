// Is the canary worse, no worse, or can't we tell yet?
import type { AnalysisPlan, Look, Verdict } from "./plan.ts";
import type { AnalysisState } from "./state.ts";
import type { Background } from "./background.ts";

export { learn, startBackground } from "./background.ts";
export type { Background } from "./background.ts";
export type { AnalysisState } from "./state.ts";

/** The analysis before its first look; `background` is what the stable fleet showed before the rollout. */
export function startAnalysis(plan: AnalysisPlan, background?: Background): AnalysisState {
  throw new Error(`not yet: ${plan.metrics.length} ${background?.version}`);
}

/** Adds what happened between two looks. Pure: the same state and look give the same state again. */
export function look(plan: AnalysisPlan, state: AnalysisState, seen: Look): AnalysisState {
  throw new Error(`not yet: ${plan.metrics.length} ${state.looks} ${seen.rows.length}`);
}

/** A new judgement begins: what was shown for `no-worse` so far does not count for it. */
export function beginJudgement(plan: AnalysisPlan, state: AnalysisState): AnalysisState {
  throw new Error(`not yet: ${plan.metrics.length} ${state.looks}`);
}

/** What all evidence so far says. */
export function verdictOf(plan: AnalysisPlan, state: AnalysisState): Verdict {
  throw new Error(`not yet: ${plan.metrics.length} ${state.looks}`);
}
