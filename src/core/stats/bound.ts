// Is a fixed bound exceeded by the canary alone, or by everything?
import { invest, startAccount, worthOf } from "./account.ts";
import type { Tally } from "./dispersion.ts";
import { type Bound, exceed } from "./slo.ts";
import type { BoundState } from "./state.ts";
import { evidenceOf, HARM, type Logs, startLogs } from "./two-by-two.ts";

/** From this evidence on the baseline is suspected of being beyond the bound itself: then the canary isn't to blame. */
const SUSPECT = Math.log(10);

/** The detectors of an incident forget what is older than this much evidence, in both directions (Page's CUSUM, 1954). */
const MOST = 10;

export const startBound = (): BoundState => ({
  canary: startAccount(HARM),
  shared: startLogs(HARM),
  baseline: startLogs(HARM),
});

const bounded = (logs: Logs): Logs => logs.map((log) => Math.min(MOST, Math.max(0, log)));

function suspected(state: BoundState): boolean {
  return evidenceOf(state.baseline, HARM) >= SUSPECT;
}

/** What both arms did in a look, against the bound. */
export interface Watched {
  readonly canary: Tally;
  readonly baseline: Tally;
  readonly durationMs: number;
}

/** Adds a look. While the baseline is suspected, as known from earlier looks, nothing is held against the canary. */
export function watch(state: BoundState, seen: Watched, bound: Bound): BoundState {
  const paid = suspected(state) ? state.canary : invest(state.canary, seen.durationMs);
  const canary = suspected(state) ? paid : { ...paid, logs: exceed(paid.logs, seen.canary, bound) };
  return {
    canary,
    shared: bounded(exceed(state.shared, seen.canary, bound)),
    baseline: bounded(exceed(state.baseline, seen.baseline, bound)),
  };
}

/** The evidence that the canary, and not everything, is beyond the bound: a natural logarithm. */
export function beyond(state: BoundState): number {
  const log = worthOf(state.canary, HARM);
  return suspected(state) ? Math.min(0, log) : log;
}

/** Whether both arms are beyond the bound now: an incident of the environment. */
export function incident(state: BoundState, logNeeded: number): boolean {
  const needed = Math.min(logNeeded, MOST - 3);
  return evidenceOf(state.baseline, HARM) >= needed && evidenceOf(state.shared, HARM) >= needed;
}
