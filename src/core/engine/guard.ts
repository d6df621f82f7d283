// Does the evidence, or what runs, end the rollout?
import { carriers } from "./capacity.ts";
import { sizeFor } from "../plan/capacity.ts";
import { isExposed, shareOf, type Split } from "../split.ts";
import { duration } from "../units.ts";
import { troubleOf } from "../world.ts";
import { poolOf } from "./state.ts";
import type { Turn } from "./turn.ts";
import { duringWhy } from "./hooks.ts";
import { stepDown } from "./step-down.ts";
import { canTake, dropRivals, leave, rivalsText } from "./rivals.ts";
import { goBack } from "./way-back.ts";

/** Ends the way forward when the candidate is worse, or can no longer carry what it was given. */
export function guard(turn: Turn): void {
  const { verdict, program, shortSinceMs, rivals } = turn.rollout;
  const others = dropRivals(turn);
  if (turn.rollout.phase === "back") return;
  if (!poolOf(turn.state, "canary")) {
    const said = others ? duringWhy(turn) : undefined;
    if (said !== undefined) return goBack(turn, "concluded", said);
    if (rivals && !others && verdict?.kind === "worse") goBack(turn, "concluded", `nobody is left.${leftText(turn)}`);
    return;
  }
  if (verdict?.kind === "worse" && !verdict.suspended) {
    if (others && !canTake(turn, "canary")) return goBack(turn, "concluded", verdict.text);
    if (others) {
      turn.record("verdict", `the canary leaves the experiment: ${verdict.text}`, { verdict });
      return leave(turn, "canary");
    }
    if (!stepDown(turn, verdict.text)) goBack(turn, "rolled-back", verdict.text);
    return;
  }
  const told = duringWhy(turn);
  if (told !== undefined) return goBack(turn, "rolled-back", told);
  const pool = poolOf(turn.state, "canary")?.pool;
  const needs = neededFor(turn.state.split, carriers(program));
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

const leftText = ({ rollout }: Turn): string => ` canary: ${rollout.verdict?.text ?? ""}${rivalsText(rollout)}`;

/** Replicas that the candidate needs for its share, for copies, and for those whom a rule sends to it. */
function neededFor(split: Split, fullSize: number): number {
  const { weights, mirror } = split;
  const copies = mirror?.to.includes("canary") ? sizeFor(mirror.share, fullSize) : 0;
  return Math.max(isExposed(split, "canary") ? 1 : 0, sizeFor(shareOf(weights, "canary"), fullSize), copies);
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
