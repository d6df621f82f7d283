// How far may the share rise on the evidence so far?
import { canaryWeights } from "../plan/canary.ts";
import { sizeFor } from "../plan/capacity.ts";
import type { Step } from "../plan/step.ts";
import { shareOf, type Role } from "../split.ts";
import { harmLimit } from "../stats/verdict.ts";
import { duration, ms, percent, WHOLE, weight, type Weight } from "../units.ts";
import {
  attributed,
  closedNow,
  type Check,
  done,
  give,
  heldBack,
  reported,
  taken,
  unread,
  unseen,
  wait,
} from "./check.ts";
import { poolOf } from "./state.ts";
import type { Turn } from "./turn.ts";

type Ramp = Extract<Step, { readonly op: "ramp" }>;

/** From a failure to stable having its traffic again: a look, a decision, the router's answer. */
export const REACTION_MS = ms(2_000);

/** A share is raised when it can be by this much: each change costs a look. */
const WORTH = 1.25;

/**
 * The share at which a version that fails as often as cannot be ruled out costs `harm` requests until it is off:
 * harm / (requests per second · reaction · limit). The failures that it takes to find out come on top; they are few and
 * do not depend on the traffic.
 */
export function shareWithin(harm: number, { perSecond, limit }: { perSecond: number; limit: number }): number {
  return harm / (perSecond * (REACTION_MS / 1_000) * limit);
}

/** Raises the share from look to look; done when the router reports the last one. */
export function checkRamp(turn: Turn, step: Ramp): Check {
  const { rollout, state } = turn;
  const share = shareOf(state.split.weights, "canary");
  if (share > 0 && !reported(turn, state.split)) return taken(turn, state.split.weights);
  if (share >= step.to) return done(`${percent(share)} reached`);
  if (rollout.paused) return wait("person", `paused by ${attributed(rollout.paused)}`);
  const shut = closedNow(turn);
  if (shut) return wait("time", shut);
  const next = rollout.waived ? step.to : nextShare(turn, step);
  if (typeof next !== "number") return next;
  const stands = rollout.waived ? undefined : (unseen(turn) ?? unread(turn) ?? heldBack(turn));
  if (stands) return stands;
  const size = sizeFor(next, rollout.program.fullSize);
  for (const role of step.baseline ? (["canary", "baseline"] as const) : (["canary"] as const)) grow(turn, role, size);
  const before = state.split;
  const given = give(turn, { weights: canaryWeights(next, step.baseline) });
  if (turn.state.split === before) return given;
  turn.record("step", `raises the share to ${percent(next)}`);
  turn.setRollout({ stepSinceMs: turn.nowMs });
  return given;
}

function nextShare(turn: Turn, step: Ramp): Weight | Check {
  const { state, rollout } = turn;
  const share = shareOf(state.split.weights, "canary");
  if (state.perSecond === undefined || state.perSecond <= 0)
    return wait("evidence", "no request has come yet: a ramp is paced by requests");
  const { analysis, program } = rollout;
  const limit = analysis && program.analysis ? harmLimit(program.analysis, analysis) : 1;
  const exact = shareWithin(step.harm, { perSecond: state.perSecond, limit });
  const { granularity } = state.abilities.router;
  const steps = Math.floor((Math.min(exact, 1) * WHOLE) / granularity);
  const next = Math.min(step.to, Math.max(granularity, steps * granularity));
  if (share === 0 || next >= step.to || next >= WORTH * share) return weight(Math.max(next, share));
  const since = duration(ms(turn.nowMs - rollout.stepSinceMs));
  return wait(
    "evidence",
    `${percent(share)} for ${since}; ${percent(weight(Math.round(limit * WHOLE)))} more failures than stable's cannot be ruled out yet`,
  );
}

/** A pool grows, and never shrinks, on the way up; from then on it has its time to become ready. */
function grow(turn: Turn, role: Role, size: number): void {
  const pool = poolOf(turn.state, role);
  if (!pool || pool.size >= size) return;
  turn.want({ ...pool, size });
  turn.setRollout({ stepSinceMs: turn.nowMs });
}
