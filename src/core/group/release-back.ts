// How do all members of a release get back to what worked?
import { underWay } from "../engine/state.ts";
import { dependents, inOrder } from "./order.ts";
import { isClear } from "./standing.ts";
import type { GroupOutcome, ReleasePlan } from "./state.ts";
import type { GroupTurn } from "./turn.ts";

/**
 * So long a member waits until those that need it get no requests any more. Their own way back has a bound of 30 s; after
 * twice that the member goes back all the same.
 */
const WAIT_MS = 60_000;

/** So often a member is told to go back to what was stable before. */
const TRIES = 3;

/** From now on every member goes back. It is never left for the way forward again. */
export function goBackTogether(turn: GroupTurn, outcome: GroupOutcome, why: string): void {
  turn.record("back", `all go back: ${why}`);
  turn.set({ paused: undefined });
  turn.setRun({ phase: "back", back: { sinceMs: turn.nowMs, why, outcome } });
}

/** One look at the way back: those that need others first, then those others. */
export function stepBackTogether(turn: GroupTurn, plan: ReleasePlan): void {
  const { back } = turn.run;
  if (!back) throw new Error("the way back was not taken");
  const isLate = turn.nowMs - back.sinceMs >= WAIT_MS;
  const names = inOrder(plan)
    .toReversed()
    .filter((name) => turn.progress(name).askedAfter !== undefined);
  for (const name of names) {
    const above = dependents(plan, name).filter((other) => names.includes(other));
    const isFree = above.every((other) => isClear(turn.progress(other), turn.member(other)));
    if (isFree || isLate) takeBack(turn, name);
  }
  const left = names.filter((name) => !isOver(turn, name));
  if (left.length > 0) return;
  const stays = names.filter((name) => turn.standing(name).at === "promoted");
  const said = stays.length > 0 ? `; ${stays.join(", ")} could not be taken back` : "";
  turn.end(back.outcome, `${back.why}${said}`);
}

function takeBack(turn: GroupTurn, name: string): void {
  const { target, before, undo } = turn.progress(name);
  const member = turn.member(name);
  if (!member) return;
  const rollout = underWay(member);
  if (rollout) {
    const isOurs = rollout.candidate === target.revision.id && member.stable?.revision !== target.revision.id;
    if (isOurs && rollout.phase === "forward") turn.ask(name, "abort", {});
    return;
  }
  if (!canUndo(turn, name)) return;
  const tries = undo && undo.after === member.rollouts ? undo.tries : (undo?.tries ?? 0) + 1;
  turn.setProgress(name, { undo: { tries, after: member.rollouts } });
  turn.ask(name, "undo", { to: before });
}

/** Whether there is something to go back to, and it was not tried too often. */
function canUndo(turn: GroupTurn, name: string): boolean {
  const { target, before, undo } = turn.progress(name);
  const member = turn.member(name);
  if (!member || member.stable?.revision !== target.revision.id) return false;
  const isTried = undo !== undefined && undo.tries >= TRIES && undo.after !== member.rollouts;
  return before !== undefined && before !== target.revision.id && before in member.revisions && !isTried;
}

/** Nothing of it is under way, and it is back or cannot be taken back. */
function isOver(turn: GroupTurn, name: string): boolean {
  const member = turn.member(name);
  if (!member) return true;
  return !underWay(member) && !canUndo(turn, name);
}
