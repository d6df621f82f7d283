// Where on the share axis does a request without a key fall?
import { AXIS } from "../core/cohort.ts";

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
