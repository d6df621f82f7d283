// Where does a program wait for all that are released together?
import { shareOf } from "../split.ts";
import { WHOLE } from "../units.ts";
import type { Step } from "./step.ts";

/**
 * Puts a gate before the step from which on everybody gets the candidate: by then it runs at full size, so that all
 * members of a release can be let through at the same moment. Nothing changes without a name for the gate.
 */
export function withLastGate(steps: readonly Step[], what: string | undefined): readonly Step[] {
  if (what === undefined) return steps;
  const toAll = steps.findIndex((step) => step.op === "route" && shareOf(step.weights, "canary") === WHOLE);
  // Where the old version goes first, nobody would answer while the others are waited for.
  const taken = steps.findIndex((step) => step.op === "retire" && step.role === "stable");
  const at = taken >= 0 && taken < toAll ? taken : toAll >= 0 ? toAll : steps.findIndex(({ op }) => op === "promote");
  return at < 0 ? steps : steps.toSpliced(at, 0, { op: "gate", what });
}
