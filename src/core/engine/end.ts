// What remains when a rollout is over?
import { KEEP, rolloutName, type Ended, type Outcome, type ServiceState } from "./state.ts";
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
  turn.set({ history: [ended, ...turn.state.history] });
  turn.set({ history: lastOf(turn.state) });
  const others = turn.state.quarantine.filter(({ revision }) => revision !== rollout.candidate);
  const entry = { revision: rollout.candidate, rollout: rollout.number, why, atMs: turn.nowMs };
  turn.set({ quarantine: (outcome === "rolled-back" ? [entry, ...others] : others).slice(0, KEEP) });
  turn.set({ revisions: worthKeeping(turn.state) });
}

/** The newest entry of what is stable, and of each earlier revision that people may go back to. */
function worthUndoing({ history, stable, spec }: ServiceState): readonly Ended[] {
  const newest = new Map<string, Ended>();
  for (const entry of history)
    if (entry.outcome === "promoted" && !newest.has(entry.candidate)) newest.set(entry.candidate, entry);
  const now = newest.get(stable?.revision ?? "");
  const earlier = [...newest.values()].filter((entry) => entry !== now).slice(0, spec.spec.revisionHistory);
  return now ? [now, ...earlier] : earlier;
}

/** The last ones, and those besides that people go back to: many failures in a row do not push them out. */
function lastOf(state: ServiceState): readonly Ended[] {
  const kept = new Set(worthUndoing(state));
  return state.history.filter((entry, index) => index < KEEP || kept.has(entry));
}

function worthKeeping(state: ServiceState): ServiceState["revisions"] {
  const names = new Set([
    ...worthUndoing(state).map(({ candidate }) => candidate),
    ...state.pools.map(({ revision }) => revision),
    ...(state.stable ? [state.stable.revision] : []),
    ...(state.rollout
      ? [state.rollout.candidate, ...(state.rollout.rivals ?? []).map(({ revision }) => revision)]
      : []),
  ]);
  return Object.fromEntries(Object.entries(state.revisions).filter(([id]) => names.has(id)));
}
