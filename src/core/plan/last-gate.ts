// Where does a program wait for others before everybody gets the candidate?
import { shareOf } from "../split.ts";
import { WHOLE } from "../units.ts";
import type { Step } from "./step.ts";

/**
 * Puts a gate before the step from which on everybody gets the candidate: by then it runs at full size, so that all
 * members of a release can be let through at the same moment. Nothing changes without a name for the gate.
 */
export function withLastGate(steps: readonly Step[], what: string | undefined): readonly Step[] {
  if (what === undefined) return steps;
  const at = lastMoment(steps);
  return at < 0 ? steps : steps.toSpliced(at, 0, { op: "gate", what });
}

/**
 * Each gate for a person asks for so many approvals at least; where there is none before everybody gets the candidate,
 * one is put there. The gate at which a release's members wait for each other is for no person.
 */
export function withApprovals(
  steps: readonly Step[],
  { approvals, lastGate }: { readonly approvals?: number | undefined; readonly lastGate?: string | undefined },
): readonly Step[] {
  if (approvals === undefined) return steps;
  const asked = { approvals, lastGate };
  const raised = steps.map((step) => raise(step, asked));
  const at = lastMoment(steps);
  if (at < 0 || steps.slice(0, at).some((step) => isForPerson(step, lastGate))) return raised;
  return raised.toSpliced(at, 0, finalGate(approvals));
}

interface Approvals {
  readonly approvals: number;
  readonly lastGate?: string | undefined;
}

/** The same for a program under way: what is done stays as it is, and a gate is put only where nothing has begun yet. */
export function withApprovalsAfter(steps: readonly Step[], cursor: number, asked: Approvals): readonly Step[] {
  const { approvals, lastGate } = asked;
  const raised = steps.map((step, index) => (index < cursor ? step : raise(step, asked)));
  const at = lastMoment(steps);
  const isGuarded = steps.slice(cursor, Math.max(cursor, at)).some((step) => isForPerson(step, lastGate));
  return at <= cursor || isGuarded ? raised : raised.toSpliced(at, 0, finalGate(approvals));
}

const finalGate = (approvals: number): Step => ({ op: "gate", what: "shall everybody get it?", approvals });

const isForPerson = (step: Step, lastGate: string | undefined): boolean =>
  step.op === "gate" && !step.by && step.what !== lastGate;

function raise(step: Step, { approvals, lastGate }: Approvals): Step {
  if (step.op !== "gate" || !isForPerson(step, lastGate)) return step;
  return { ...step, approvals: Math.max(approvals, step.approvals ?? 0) };
}

/** Index of the step before which the last word can be spoken; -1 where nothing is promoted. */
function lastMoment(steps: readonly Step[]): number {
  const toAll = steps.findIndex((step) => step.op === "route" && shareOf(step.weights, "canary") === WHOLE);
  // Where the old version goes first, nobody would answer while the others are waited for.
  const taken = steps.findIndex((step) => step.op === "retire" && step.role === "stable");
  if (taken >= 0 && taken < toAll) return taken;
  return toAll >= 0 ? toAll : steps.findIndex(({ op }) => op === "promote");
}
