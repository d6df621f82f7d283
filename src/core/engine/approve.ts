// Who has said that a gate may open, and who may not say so?
import { withApprovalsAfter } from "../plan/last-gate.ts";
import type { Step } from "../plan/step.ts";
import type { Rollout } from "../spec/rollout.ts";
import type { Command } from "./input.ts";
import { Refusal } from "./refusal.ts";
import { rolloutName, underWay, type RolloutState, type ServiceState } from "./state.ts";
import { traffic } from "./texts.ts";
import type { Turn } from "./turn.ts";

/** The gate under way that several people open, if there is one. */
export function approvalsNeeded({ program, cursor }: RolloutState): number | undefined {
  const step = program.steps[cursor];
  return step && asksForApprovals(step) ? step.approvals : undefined;
}

/** Whether a step is a gate that nobody passes alone. */
export function asksForApprovals(step: Step): step is Extract<Step, { op: "gate" }> & { readonly approvals: number } {
  return step.op === "gate" && step.approvals !== undefined;
}

/** `1 of 2 approvals (by ben)`. */
export function approvalsText({ approvals = [], startedBy }: RolloutState, needed: number): string {
  const by = approvals.length > 0 ? ` (by ${approvals.join(", ")})` : "";
  const not = startedBy === undefined ? "" : `, none of ${startedBy}, who has started it`;
  return `has ${approvals.length} of ${needed} approvals${by}${not}`;
}

/** Takes somebody's word for the gate under way; it opens with the last one that it needs. Throws a Refusal. */
export function approve(turn: Turn, { actor, onBehalfOf, reason }: Command, needed: number): string {
  const { rollout, state } = turn;
  const name = rolloutName(state);
  const { approvals = [], startedBy } = rollout;
  // What a group asks for is asked for by whoever has started it: that is nobody else's word.
  const who = onBehalfOf ?? actor;
  if (who === startedBy) throw refusal(turn, `${who} has started ${name} and cannot approve it`);
  if (approvals.includes(who)) throw refusal(turn, `${who} has approved this gate of ${name} already`);
  const given = [...approvals, who];
  turn.record("command", `approved, ${given.length} of ${needed}`, { actor, reason });
  const isEnough = given.length >= needed;
  turn.setRollout({ approvals: given, waived: isEnough });
  return isEnough ? `${name} goes on` : `${name} ${approvalsText(turn.rollout, needed)}`;
}

/** From now on each gate asks for so many at least, those of the rollout under way and of what waits for its end, too. Never for fewer than before. */
export function askForApprovals(
  turn: Turn,
  { actor, reason, atLeast }: Extract<Command, { kind: "approvals" }>,
): string {
  const { state } = turn;
  const { queued, spec } = state;
  const asked = approvalsAsked(state);
  if (atLeast <= asked) return `${state.service} asks for ${asked} already`;
  turn.set({ spec: withAtLeast(spec, atLeast) });
  if (queued) {
    const { command } = queued;
    turn.set({ queued: { ...queued, command: { ...command, spec: withAtLeast(command.spec, atLeast) } } });
  }
  const busy = underWay(state);
  // The way to a version that is known asks nobody.
  if (busy?.phase === "forward" && busy.program.strategy !== "direct") {
    const steps = withApprovalsAfter(busy.program.steps, busy.cursor, {
      approvals: atLeast,
      lastGate: spec.spec.lastGate,
    });
    turn.setRollout({ program: { ...busy.program, steps } });
  }
  const asks = `each gate asks for ${atLeast} ${atLeast === 1 ? "approval" : "approvals"} from now on`;
  turn.record("command", asks, { actor, reason });
  return `${state.service}: ${asks}`;
}

/** How many all gates ask for, those of what waits for the end of the rollout under way, too. */
export function approvalsAsked({ spec, queued }: Pick<ServiceState, "spec" | "queued">): number {
  const asked = [spec, ...(queued ? [queued.command.spec] : [])].map((file) => file.spec.approvals ?? 0);
  return Math.min(...asked);
}

/** The same rollout, whose gates ask for so many at least, whatever its file says. */
export function withAtLeast(rollout: Rollout, atLeast: number | undefined): Rollout {
  if (atLeast === undefined || atLeast <= (rollout.spec.approvals ?? 0)) return rollout;
  return { ...rollout, spec: { ...rollout.spec, approvals: atLeast } };
}

function refusal(turn: Turn, what: string): Refusal {
  return new Refusal({
    code: "SERIN_FOUR_EYES",
    what,
    found: approvalsText(turn.rollout, approvalsNeeded(turn.rollout) ?? 0),
    now: traffic(turn.state),
    next: `ask somebody else for: serin promote ${turn.state.service}`,
    exitCode: 4,
  });
}
