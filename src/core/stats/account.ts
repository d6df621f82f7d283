// How does evidence add up over a whole rollout, also when trouble begins late?
import { type Grid, logMix, type Logs, startLogs } from "./two-by-two.ts";

/**
 * The capital of a bet against a null hypothesis, as logarithms. Part of it is held back and put in over time, so that
 * an hour without trouble does not use up what a late trouble must be shown with. The order of payments is fixed in
 * advance, so the whole stays a fair bet (mixture over starting times: Shin, Ramdas, Rinaldo, arXiv 2203.03532).
 */
export interface Account {
  readonly logs: Logs;
  readonly reserve: number;
  readonly elapsedMs: number;
}

/** How much is held back, and the time after which half of that has been put in. */
const RESERVE = 0.1;
const HALF_MS = 60_000;

export function startAccount(grid: Grid): Account {
  const log = Math.log(1 - RESERVE);
  return { logs: startLogs(grid).map(() => log), reserve: Math.log(RESERVE), elapsedMs: 0 };
}

/** Puts in the part of the reserve that is due after an interval; comes before the interval's evidence. */
export function invest(account: Account, durationMs: number): Account {
  if (durationMs <= 0) return account;
  const elapsedMs = account.elapsedMs + durationMs;
  const part = durationMs / (elapsedMs + HALF_MS);
  const paid = account.reserve + Math.log(part);
  const logs = account.logs.map((log) => (log >= paid ? log + Math.log1p(Math.exp(paid - log)) : addLogs(paid, log)));
  return { logs, reserve: account.reserve + Math.log1p(-part), elapsedMs };
}

function addLogs(large: number, small: number): number {
  return large + Math.log1p(Math.exp(small - large));
}

/** The evidence: the logarithm of all capital, put in or not. */
export function worthOf(account: Account, grid: Grid): number {
  return logMix([logMix(account.logs, grid.logPrior), account.reserve], [0, 0]);
}
