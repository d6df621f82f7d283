// How do several candidates of an experiment fare, and which of them leave it early?
import type { Step } from "../plan/step.ts";
import { RIVALS, shareOf, type Role, type Weights } from "../split.ts";
import { look, startAnalysis, verdictOf } from "../stats/verdict.ts";
import { WHOLE, weight } from "../units.ts";
import { capacityOf } from "./capacity.ts";
import { goBack } from "./way-back.ts";
import type { NamedRevision } from "./input.ts";
import { lookFor, type WideLook } from "./look.ts";
import { poolOf, type RivalState, type RolloutState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Further candidates as an experiment begins with them. */
export function rivalsOf(named: readonly NamedRevision[]): readonly RivalState[] {
  return named.flatMap(({ name, revision }, index): RivalState[] => {
    const role = RIVALS[index];
    return role ? [{ role, name, revision: revision.id }] : [];
  });
}

/** Adds what was seen to the evidence of each; all are compared with the same copies of stable. */
export function judgeRivals(turn: Turn, seen: WideLook): void {
  const { rivals, program } = turn.rollout;
  const plan = program.analysis;
  if (!rivals || !plan) return;
  const next = rivals.map((rival): RivalState => {
    if (rival.left !== undefined || !poolOf(turn.state, rival.role)) return rival;
    const own = lookFor(seen, rival.role);
    const isSeen = own.rows.some(({ arm, requests }) => arm === "canary" && requests > 0);
    if (!rival.analysis && !isSeen) return rival;
    const analysis = look(plan, rival.analysis ?? startAnalysis(plan, turn.state.background), own);
    return Object.assign({}, rival, { analysis, verdict: verdictOf(plan, analysis) });
  });
  turn.setRollout({ rivals: next });
}

/** Takes out of the experiment whoever is worse; whether anybody but the first candidate is left. */
export function dropRivals(turn: Turn): boolean {
  for (const { role, name, verdict, left } of turn.rollout.rivals ?? []) {
    if (left !== undefined || verdict?.kind !== "worse" || verdict.suspended) continue;
    const why = verdict.text;
    if (!canTake(turn, role)) {
      goBack(turn, "concluded", `${name} is worse, and stable cannot take its requests over now: ${why}`);
      return false;
    }
    turn.record("verdict", `${name} leaves the experiment: ${why}`, { verdict });
    leave(turn, role);
    const rivals = (turn.rollout.rivals ?? []).map((rival) =>
      rival.role === role ? Object.assign({}, rival, { left: why, analysis: undefined }) : rival,
    );
    turn.setRollout({ rivals });
  }
  return (turn.rollout.rivals ?? []).some(({ left }) => left === undefined);
}

/** Whether stable's ready replicas carry a role's share besides its own. */
export function canTake(turn: Turn, role: Role): boolean {
  const { weights } = turn.state.split;
  return shareOf(weights, "stable") + shareOf(weights, role) <= capacityOf(turn, "stable") + 1;
}

/** A role's share goes to stable, now and in what is still to come, and its pool is drained. */
export function leave(turn: Turn, role: Role): void {
  const { split } = turn.state;
  const { program } = turn.rollout;
  turn.set({ split: { ...split, weights: without(split.weights, role) } });
  turn.setRollout({ program: { ...program, steps: stepsWithout(program.steps, [role]) } });
  const pool = poolOf(turn.state, role);
  if (pool) turn.unwant(pool.pool);
}

/** Steps in which the shares of some roles are stable's. */
export function stepsWithout(steps: readonly Step[], roles: readonly Role[]): readonly Step[] {
  return steps.map((step) =>
    step.op === "route" ? Object.assign({}, step, { weights: roles.reduce(without, step.weights) }) : step,
  );
}

/** Weights in which a role's share is stable's. */
function without(weights: Weights, role: Role): Weights {
  const { [role]: share = 0, ...others } = weights;
  if (share === 0) return weights;
  return { ...others, stable: weight(Math.min(WHOLE, shareOf(weights, "stable") + share)) };
}

/** How each further candidate has fared, in sentences. */
export function rivalsText({ rivals = [] }: RolloutState): string {
  return rivals
    .map(({ name, verdict, left }) => ` ${name}: ${left ?? verdict?.text ?? "nothing was seen of it"}`)
    .join("");
}
