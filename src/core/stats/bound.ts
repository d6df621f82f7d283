// Is a fixed bound exceeded by the canary alone, or by everything?
import { type Account, invest, startAccount, worthOf } from "./account.ts";
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

/** What both arms did in a look, against the bound. */
export interface Watched {
  readonly canary: Tally;
  readonly baseline: Tally;
  readonly durationMs: number;
}

/** Evidence that was gathered on the way into an incident is given back; what speaks for the canary stays. */
function calmed(account: Account): Account {
  const { logs } = startAccount(HARM);
  return { ...account, logs: account.logs.map((log, j) => Math.min(log, logs[j] ?? 0)) };
}

/**
 * Adds a look. While the baseline is suspected nothing is held against the canary. That may depend on the baseline's
 * part of this very look: given the true probabilities the arms' failures are independent, and less evidence is fair.
 */
export function watch(state: BoundState, seen: Watched, bound: Bound): BoundState {
  const baseline = bounded(exceed(state.baseline, seen.baseline, bound));
  const shared = bounded(exceed(state.shared, seen.canary, bound));
  if (evidenceOf(baseline, HARM) >= SUSPECT) return { canary: calmed(state.canary), shared, baseline };
  const paid = invest(state.canary, seen.durationMs);
  return { canary: { ...paid, logs: exceed(paid.logs, seen.canary, bound) }, shared, baseline };
}

/** The evidence that the canary, and not everything, is beyond the bound: a natural logarithm. */
export function beyond(state: BoundState): number {
  return worthOf(state.canary, HARM);
}

/** Whether both arms are beyond the bound now: an incident of the environment. */
export function incident(state: BoundState, logNeeded: number): boolean {
  const needed = Math.min(logNeeded, MOST - 3);
  return evidenceOf(state.baseline, HARM) >= needed && evidenceOf(state.shared, HARM) >= needed;
}
