// How much traffic can a role carry?
import { canCarry } from "../plan/capacity.ts";
import { ROLES, shareOf, type Role, type Weights } from "../split.ts";
import { percent, WHOLE } from "../units.ts";
import { poolOf } from "./state.ts";
import type { Turn } from "./turn.ts";

/** The share of the traffic, in parts per million, that a role's ready replicas can carry. */
export function capacityOf(turn: Turn, role: Role, fullSize: number): number {
  const ready = turn.ready(poolOf(turn.state, role)?.pool);
  return Math.min(WHOLE, Math.floor((ready / fullSize) * WHOLE));
}

/**
 * Why these weights cannot be set yet: the first role whose share would grow beyond what its ready replicas carry.
 * A share that stays or falls is never the reason.
 */
export function shortOf(turn: Turn, weights: Weights, fullSize: number): string | undefined {
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
