// How does a service get back to what worked?
import { all, ROLES, type Role, sameSplit, shareOf, type Weights } from "../split.ts";
import { ms, weight, WHOLE } from "../units.ts";
import { capacityOf } from "./capacity.ts";
import { end } from "./end.ts";
import { callBackHooks } from "./hooks.ts";
import { poolOf, type Outcome } from "./state.ts";
import type { Turn } from "./turn.ts";

/**
 * Longest time in which the way back may leave requests with the candidate because stable is not ready for them.
 * Then stable gets everything, ready or not: a known-bad candidate is no better place.
 */
export const WAY_BACK_BOUND_MS = ms(30_000);

/** Takes the way back from wherever the rollout is. */
export function goBack(turn: Turn, outcome: Exclude<Outcome, "promoted">, why: string): void {
  turn.record("back", why, { verdict: turn.rollout.verdict, outcome });
  turn.setRollout({
    phase: "back",
    back: { sinceMs: turn.nowMs, why, outcome },
    paused: undefined,
    waiting: undefined,
  });
  callBackHooks(turn);
}

/** One look at the way back. What is still to do follows from the state alone. */
export function stepBack(turn: Turn): void {
  const { back, program } = turn.rollout;
  if (!back) throw new Error("the way back was not taken");
  const { stable } = turn.state;
  // Nobody is sent to the candidate by a rule, and nobody's request is copied, from now on.
  const { matches: _rules, mirror: _copies, ...split } = turn.state.split;
  turn.share(split);
  if (stable) turn.want({ ...stable, role: "stable", size: program.fullSize });
  if (back.clearMs === undefined && !traffic(turn)) return;
  for (const pool of turn.state.pools) if (pool.role !== "stable") turn.unwant(pool.pool);
  if (!tidy(turn)) return;
  end(turn, back.outcome, back.why);
}

/** Moves traffic to stable, as fast as stable can carry it. Whether the router reports that it has all. */
function traffic(turn: Turn): boolean {
  const { back } = turn.rollout;
  const overdue = back !== undefined && turn.nowMs - back.sinceMs >= WAY_BACK_BOUND_MS;
  const isSeen = turn.input.pools.kind !== "unreadable";
  const nobody = turn.state.stable === undefined || (isSeen && turn.ready(poolOf(turn.state, "canary")?.pool) === 0);
  const capacity = overdue || nobody ? WHOLE : capacityOf(turn, "stable");
  const weights = shifted(leastForCandidate(turn), capacity);
  const split = shareOf(weights, "stable") === WHOLE ? { weights } : { ...turn.state.split, weights };
  turn.share(split);
  const { traffic: seen } = turn.input;
  // Without a stable version nobody is left to be sent to, and no router can be asked to.
  if (!turn.state.stable) return true;
  // A router that is not there sends nobody anywhere.
  const gone = seen.kind === "absent" || (seen.kind === "value" && sameSplit(seen.value.split, split));
  const clear = shareOf(weights, "stable") === WHOLE && gone;
  if (clear && back) turn.setRollout({ back: { ...back, clearMs: turn.nowMs } });
  if (!clear) {
    const why = turn.input.routerTrouble?.why;
    const text = `traffic goes back to stable${why ? `; the router does not take it: ${why}` : ""}`;
    turn.setRollout({ waiting: { for: "router", text } });
  }
  return clear;
}

/** What the state wants, or what the router reports where that leaves the candidate less: it gets nothing back. */
function leastForCandidate({ state, input }: Turn): Weights {
  const { weights } = state.split;
  if (input.traffic.kind !== "value") return weights;
  const reported = input.traffic.value.split.weights;
  return shareOf(reported, "canary") < shareOf(weights, "canary") ? reported : weights;
}

const LAST_TO_FIRST: readonly Role[] = ROLES.toReversed().filter((role) => role !== "stable");

/** Weights that give stable what it can carry, never less than it has; what it cannot yet carry stays. */
function shifted(weights: Weights, capacity: number): Weights {
  const share = Math.max(shareOf(weights, "stable"), capacity);
  if (share >= WHOLE) return all("stable");
  let rest = WHOLE - share;
  const next: Partial<Record<Role, ReturnType<typeof weight>>> = {};
  // The baseline runs what is known to work, so it keeps its requests longest.
  for (const role of LAST_TO_FIRST) {
    const kept = Math.min(rest, shareOf(weights, role));
    if (kept > 0) next[role] = weight(kept);
    rest -= kept;
  }
  return { ...next, stable: weight(share + rest) };
}

/** Whether only stable runs, and is ready, or has had its time to become so. */
function tidy(turn: Turn): boolean {
  const { back, program } = turn.rollout;
  if (turn.input.pools.kind === "unreadable") return false;
  const running = turn.input.pools.kind === "value" ? turn.input.pools.value : [];
  const left = running.filter(({ pool }) => pool !== turn.state.stable?.pool);
  const draining = left.reduce((sum, { replicas }) => sum + replicas.length, 0);
  if (draining > 0) {
    turn.setRollout({ waiting: { for: "replicas", text: `${draining} replicas drain` } });
    return false;
  }
  // What carries everything at the least is less than its size where it shares places or is replaced in turn.
  if (!turn.state.stable || turn.ready(turn.state.stable.pool) >= program.fullSize) return true;
  turn.setRollout({ waiting: { for: "replicas", text: "stable comes back to its size" } });
  return back !== undefined && turn.nowMs - back.sinceMs >= program.progressDeadlineMs + WAY_BACK_BOUND_MS;
}
