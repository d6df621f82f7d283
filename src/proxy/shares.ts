// Where on the share axis does a request fall, and whose part of the axis is that?
import { ROLES, shareOf, type Role, type Weights } from "../core/split.ts";
import { WHOLE } from "../core/units.ts";

/** The axis as the hot path sees it: 32-bit integers, so that no sum ever drifts. */
export const AXIS = 2 ** 32;

/** 2³² divided by the golden ratio, to the nearest odd number. */
const GOLDEN = 0x9e3779b9;

/**
 * A Weyl sequence: every step moves on by the golden part of the axis. Any stretch of it is spread almost evenly, and
 * no period of requests falls in step with it, as it would with a counter. It has no state to set back when shares
 * change.
 */
export class Weyl {
  #at: number;

  /** `start` is any number from 0 to 1; workers start at random so that they don't all begin with the same role. */
  constructor(start: number) {
    this.#at = Math.floor(start * AXIS) >>> 0;
  }

  next(): number {
    this.#at = (this.#at + GOLDEN) >>> 0;
    return this.#at;
  }
}

/** Ends of the roles' parts of the axis, in the order of `ROLES`. */
export function cut(weights: Weights): readonly number[] {
  let sum = 0;
  return ROLES.map((role) => {
    sum += shareOf(weights, role);
    return Math.round((sum / WHOLE) * AXIS);
  });
}

/** The role whose part of the axis holds `position`; with weights that sum to less than the whole, the rest is stable's. */
export function roleAt(cuts: readonly number[], position: number): Role {
  for (let i = 0; i < ROLES.length; i += 1) {
    if (position < (cuts[i] ?? 0)) return ROLES[i] ?? "stable";
  }
  return "stable";
}
