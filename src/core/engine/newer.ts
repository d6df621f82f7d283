// What becomes of a newer revision while a rollout is under way?
import type { ApplyCommand } from "./input.ts";
import { Refusal } from "./refusal.ts";
import { rolloutName, underWay, type RolloutState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { traffic } from "./texts.ts";
import { goBack } from "./way-back.ts";

/** Refuses it, lets it wait, or lets it take the place of what is under way; answers with what was done. */
export function receiveNewer(turn: Turn, command: ApplyCommand, rollout: RolloutState): string {
  const { state } = turn;
  const id = command.revision.id;
  const name = rolloutName(state);
  const isGoingBack = rollout.phase === "back" && command.spec.spec.onNewRevision === "refuse" && !command.hotfix;
  if (rollout.candidate === id && (rollout.phase === "forward" || isGoingBack)) {
    throw new Refusal({
      code: "SERIN_UNDER_WAY",
      what: `${name} is under way with this very revision; nothing to start`,
      now: traffic(state),
      next: command.hotfix
        ? `serin abort ${state.service}, then apply it as a hotfix again`
        : `serin watch ${state.service}`,
      exitCode: 1,
    });
  }
  if (state.queued?.command.hotfix && !command.hotfix) {
    throw new Refusal({
      code: "SERIN_BUSY",
      what: `${state.queued.command.revision.id}, a hotfix, waits for the end of ${name}; ${id} does not take its place`,
      now: traffic(state),
      next: `serin watch ${state.service}, then apply again`,
      exitCode: 1,
    });
  }
  const policy = command.hotfix ? "supersede" : command.spec.spec.onNewRevision;
  if (policy === "refuse") {
    throw new Refusal({
      code: "SERIN_BUSY",
      what: `${name} is under way; ${id} cannot start beside it`,
      now: traffic(state),
      next: `serin abort ${state.service}, then apply again`,
      exitCode: 1,
    });
  }
  const known = state.queued?.command.revision.id;
  const instead = known !== undefined && known !== id ? ` in the place of ${known}` : "";
  turn.set({ queued: { command, atMs: turn.nowMs } });
  turn.record("queued", `${id} waits for the end of ${name}${instead}`, {
    actor: command.actor,
    reason: command.reason,
  });
  if (policy === "supersede" && rollout.phase === "forward" && !isPromoted(turn, rollout))
    goBack(turn, "stopped", `superseded by ${id}`);
  return policy === "supersede"
    ? `${id} takes the place of ${name}, once stable has its traffic`
    : `${id} waits for the end of ${name}`;
}

/** Whether the candidate has the name of stable already: only tidying up is left. */
export function isPromoted({ state }: Turn, rollout: RolloutState): boolean {
  return state.stable?.revision === rollout.candidate && rollout.stable !== rollout.candidate;
}

/** Starts what has waited, once nothing is under way. `begin` starts it as if it had just been asked for. */
export function startQueued(turn: Turn, begin: (command: ApplyCommand) => string | undefined): void {
  const { queued } = turn.state;
  if (!queued || underWay(turn.state)) return;
  turn.set({ queued: undefined });
  const { expected: _seen, ...command } = queued.command;
  const refused = begin(command);
  if (refused !== undefined)
    turn.record("note", `${command.revision.id}, which has waited, does not start: ${refused}`);
}
