// May a worse version be taken down a step instead of back?
import { startAnalysis } from "../stats/verdict.ts";
import { shareOf } from "../split.ts";
import { percent } from "../units.ts";
import { shortOf } from "./capacity.ts";
import type { Turn } from "./turn.ts";

/**
 * Goes back to the last step with a lower share of the candidate, where it is judged anew, on evidence from then on. Whether
 * that was possible: the tries are used up, or no lower share was ever given, and the way back is taken.
 */
export function stepDown(turn: Turn, why: string): boolean {
  const { rollout, state } = turn;
  const { program, steppedBack = 0, cursor } = rollout;
  if (!program.stepsBack || !program.analysis || steppedBack >= program.stepsBack.times) return false;
  const share = shareOf(state.split.weights, "canary");
  const lower = program.steps.findLastIndex((step, index) => {
    return index < cursor && step.op === "route" && shareOf(step.weights, "canary") < share;
  });
  const step = program.steps[lower];
  if (step?.op !== "route" || shareOf(step.weights, "canary") === 0) return false;
  // What cannot be had at once is no place to go to with a version that is worse.
  if (shortOf(turn, step) !== undefined) return false;
  turn.record("step", `${why}; one step down to ${percent(shareOf(step.weights, "canary"))}, to be judged anew`, {
    verdict: rollout.verdict,
  });
  turn.setRollout({
    cursor: lower,
    stepSinceMs: turn.nowMs,
    steppedBack: steppedBack + 1,
    waived: false,
    waiting: undefined,
    verdict: undefined,
    requestsAtShare: 0,
    raisedMs: turn.nowMs,
    analysis: startAnalysis(program.analysis, state.background),
  });
  return true;
}
