// What remains when a rollout is over?
import { KEEP, rolloutName, type Outcome, type ServiceState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Ends the rollout and writes down how. */
export function end(turn: Turn, outcome: Outcome, why: string): void {
  const { rollout } = turn;
  const { trail, measured, verdict } = rollout;
  turn.record("ended", `${rolloutName(turn.state)} ${outcome}`, {
    outcome,
    ...(trail ? { trail } : {}),
    ...(measured ? { measured } : {}),
    ...(rollout.comparison ? { comparison: rollout.comparison } : {}),
    ...(rollout.test ? { test: rollout.test } : {}),
    // What goes back has said so when it turned; what was promoted has not said what it rests on.
    ...(verdict && outcome === "promoted" ? { verdict } : {}),
  });
  turn.setRollout({
    phase: "ended",
    outcome,
    why,
    endedMs: turn.nowMs,
    waiting: undefined,
    analysis: undefined,
    trail: undefined,
    measured: undefined,
    comparison: undefined,
    test: undefined,
    runs: undefined,
    ...(rollout.rivals
      ? { rivals: rollout.rivals.map((rival) => Object.assign({}, rival, { analysis: undefined })) }
      : {}),
  });
  const ended = {
    number: rollout.number,
    candidate: rollout.candidate,
    outcome,
    why,
    startedMs: rollout.startedMs,
    endedMs: turn.nowMs,
  };
  turn.set({ history: [ended, ...turn.state.history].slice(0, KEEP) });
  const others = turn.state.quarantine.filter(({ revision }) => revision !== rollout.candidate);
  const entry = { revision: rollout.candidate, rollout: rollout.number, why, atMs: turn.nowMs };
  turn.set({ quarantine: (outcome === "rolled-back" ? [entry, ...others] : others).slice(0, KEEP) });
  turn.set({ revisions: worthKeeping(turn.state) });
}

function worthKeeping(state: ServiceState): ServiceState["revisions"] {
  const promoted = state.history
    .filter(({ outcome }) => outcome === "promoted")
    .slice(0, state.spec.spec.revisionHistory);
  const names = new Set([
    ...promoted.map(({ candidate }) => candidate),
    ...state.pools.map(({ revision }) => revision),
    ...(state.stable ? [state.stable.revision] : []),
    ...(state.rollout
      ? [state.rollout.candidate, ...(state.rollout.rivals ?? []).map(({ revision }) => revision)]
      : []),
  ]);
  return Object.fromEntries(Object.entries(state.revisions).filter(([id]) => names.has(id)));
}
