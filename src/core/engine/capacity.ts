// How much traffic can a role carry?
import { canCarry } from "../plan/capacity.ts";
import type { Program } from "../plan/step.ts";
import { isExposed, ROLES, shareOf, type Role, type Split } from "../split.ts";
import { NOTHING, percent, WHOLE } from "../units.ts";
import { poolOf } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Replicas that together carry all of the traffic at the least. */
export function carriers({ fullSize, leastSize }: Program): number {
  return leastSize ?? fullSize;
}

/** The share of the traffic, in parts per million, that a role's ready replicas can carry. */
export function capacityOf(turn: Turn, role: Role): number {
  const ready = turn.ready(poolOf(turn.state, role)?.pool);
  return Math.min(WHOLE, Math.floor((ready / carriers(turn.rollout.program)) * WHOLE));
}

/**
 * Why these weights cannot be set yet: the first role whose share would grow beyond what its ready replicas carry.
 * A share that stays or falls is never the reason. Rules and copies need somebody who answers; copies, who carries them.
 */
export function shortOf(turn: Turn, split: Split): string | undefined {
  const { weights, mirror } = split;
  const fullSize = carriers(turn.rollout.program);
  for (const role of ROLES) {
    const isNamed = split.matches?.some(({ to }) => to === role) ?? false;
    if (role === "stable" || (!isNamed && !isExposed(split, role))) continue;
    const ready = turn.ready(poolOf(turn.state, role)?.pool);
    if (ready === 0) return `${role} has no ready replica`;
    const copies =
      mirror?.to.some((name) => name === role) && !isExposed(turn.state.split, role) ? mirror.share : NOTHING;
    if (!canCarry(copies, ready, fullSize))
      return `${role} has ${ready} ready, too few for copies of ${percent(copies)}`;
  }
  for (const role of ROLES) {
    const share = shareOf(weights, role);
    if (share <= shareOf(turn.state.split.weights, role)) continue;
    const ready = turn.ready(poolOf(turn.state, role)?.pool);
    if (!canCarry(share, ready, fullSize)) {
      return `${role} has ${ready} ready of ${fullSize} for all traffic, too few for ${percent(share)}`;
    }
  }
  return undefined;
}
