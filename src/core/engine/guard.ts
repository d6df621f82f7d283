// What does the evidence say, and does it end the rollout?
import { increments, type Counters, type Increment } from "../evidence.ts";
import { sizeFor } from "../plan/capacity.ts";
import { shareOf } from "../split.ts";
import type { Look, LookRow } from "../stats/plan.ts";
import { learn, look, startBackground, verdictOf } from "../stats/verdict.ts";
import { duration, ms, type Ms } from "../units.ts";
import { troubleOf } from "../world.ts";
import { poolOf } from "./state.ts";
import type { Turn } from "./turn.ts";
import { goBack } from "./way-back.ts";

const ARMS = ["canary", "stable", "baseline"] as const;

/** Takes in what was counted since the last look, whether or not a rollout is under way. */
export function takeEvidence(turn: Turn): void {
  const { counters } = turn.input;
  if (counters.kind !== "value") return blind(turn, counters.kind === "absent" ? "nothing is counted" : counters.why);
  if (turn.state.rollout?.blind) {
    turn.setRollout({ blind: undefined });
    turn.record("note", "evidence can be read again");
  }
  const before = turn.state.counters;
  if (before && counters.value.at <= before.at) return;
  const fresh = increments(before, counters.value);
  turn.set({ counters: counters.value });
  if (!before) return;
  const seen = lookOf(turn, fresh, before);
  if (guarded(turn)) judge(turn, seen);
  else turn.set({ background: learn(turn.state.background ?? startBackground(), seen) });
}

/** Whether the candidate gets requests under an analysis. */
function guarded(turn: Turn): boolean {
  const { rollout } = turn.state;
  return rollout?.phase === "forward" && rollout.analysis !== undefined && poolOf(turn.state, "canary") !== undefined;
}

function judge(turn: Turn, seen: Look): void {
  const { analysis, program, verdict, requestsAtShare } = turn.rollout;
  if (!analysis || !program.analysis) return;
  const canary = seen.rows.filter(({ arm }) => arm === "canary").reduce((sum, row) => sum + row.requests, 0);
  // Without a request to the canary there is nothing to compare; the first one opens the comparison.
  if (canary === 0 && !verdict && shareOf(turn.state.split.weights, "canary") === 0) return;
  const next = look(program.analysis, analysis, seen);
  const now = verdictOf(program.analysis, next);
  turn.setRollout({ analysis: next, verdict: now, requestsAtShare: requestsAtShare + canary });
  // What is worse goes back in this very decision, which says why.
  const decides = now.kind === "worse" && !now.suspended;
  if (verdict && !decides && (verdict.kind !== now.kind || verdict.suspended !== now.suspended)) {
    turn.record("verdict", now.suspended ? `verdict held back: ${now.suspended}` : now.text, { verdict: now });
  }
}

function lookOf(turn: Turn, fresh: readonly Increment[], before: Counters): Look {
  const { counters } = turn.input;
  const at = counters.kind === "value" ? counters.value.at : before.at;
  const rows = fresh.flatMap(({ pool: name, ...counted }): LookRow[] => {
    const arm = ARMS.find((role) => poolOf(turn.state, role)?.pool === name);
    return arm ? [{ ...counted, arm, ageMs: ageOf(turn, name, counted.replica) }] : [];
  });
  return { durationMs: ms(at - before.at), rows };
}

/** How long a replica has been ready; 0 for one that is not, or that is gone. */
function ageOf(turn: Turn, pool: string, id: string): Ms {
  const since = turn.replicas(pool).find((replica) => replica.id === id)?.readySinceMs;
  return since === undefined ? ms(0) : ms(turn.nowMs - since);
}

function blind(turn: Turn, why: string): void {
  if (!turn.state.rollout || turn.state.rollout.phase !== "forward" || !turn.rollout.program.analysis) return;
  if (turn.rollout.blind === undefined)
    turn.record("note", `no evidence can be read: ${why}; goes no further until it can`);
  turn.setRollout({ blind: why });
}

/** Ends the way forward when the candidate is worse, or can no longer carry what it was given. */
export function guard(turn: Turn): void {
  const { verdict, program, shortSinceMs } = turn.rollout;
  if (!poolOf(turn.state, "canary")) return;
  if (verdict?.kind === "worse" && !verdict.suspended) return goBack(turn, "rolled-back", verdict.text);
  const share = shareOf(turn.state.split.weights, "canary");
  const pool = poolOf(turn.state, "canary")?.pool;
  const needs = sizeFor(share, program.fullSize);
  if (turn.input.pools.kind !== "value") return;
  if (firm(turn, pool) >= needs) {
    if (shortSinceMs !== undefined) turn.setRollout({ shortSinceMs: undefined });
    return;
  }
  if (shortSinceMs === undefined) return turn.setRollout({ shortSinceMs: turn.nowMs });
  if (turn.nowMs - shortSinceMs <= program.progressDeadlineMs) return;
  const why = troubleOf(turn.replicas(pool));
  const lost = `canary has not kept ${needs} of its replicas ready for ${duration(program.progressDeadlineMs)}`;
  goBack(turn, "rolled-back", why ? `${lost}: ${why}` : lost);
}

/** A replica that comes back and crashes again is no capacity: after a loss, it counts once it has lasted this long. */
const LASTS_MS = 10_000;

/** Ready replicas that count: all of them until one was lost or has restarted, then those that last. */
function firm(turn: Turn, pool: string | undefined): number {
  const { shortSinceMs, program } = turn.rollout;
  const lastsMs = Math.min(LASTS_MS, program.progressDeadlineMs / 2);
  return turn.replicas(pool).filter(({ state, restarts, readySinceMs = turn.nowMs }) => {
    if (state !== "ready") return false;
    return (shortSinceMs === undefined && restarts === 0) || turn.nowMs - readySinceMs >= lastsMs;
  }).length;
}
