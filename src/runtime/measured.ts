// How much traffic did each role really get?
import { requestsBetween, type Counters } from "../core/evidence.ts";
import type { PoolState } from "../core/engine/state.ts";
import type { Role } from "../core/split.ts";

/** Requests counted in a window, by role. */
export interface Measured {
  readonly windowMs: number;
  readonly requests: Readonly<Partial<Record<Role, number>>>;
}

/** Shares are measured over this long. */
const WINDOW_MS = 10_000;

/** Readings are kept this far apart, but for the newest. */
const APART_MS = 2_000;

/** Remembers the last readings of a data plane's counters, since its weights were last changed. */
export class Meter {
  private readonly readings: Counters[] = [];
  private weights: string | undefined;

  /** `weights` names what the data plane reported when it was read; `undefined` when that could not be told. */
  add(counters: Counters, weights: string | undefined): void {
    if (weights !== undefined && weights !== this.weights) {
      this.readings.length = 0;
      this.weights = weights;
    }
    // Readings that are close together tell nothing more, and a thousand services would keep them all.
    const [before, last] = this.readings.slice(-2);
    if (before && last && last.at - before.at < APART_MS) this.readings.pop();
    this.readings.push(counters);
    while ((this.readings[1]?.at ?? Infinity) <= counters.at - WINDOW_MS) this.readings.shift();
  }

  /** What the roles that pools have now got in the window; `undefined` before two readings. */
  measure(pools: readonly PoolState[]): Measured | undefined {
    const [first] = this.readings;
    const last = this.readings.at(-1);
    if (!first || !last || last.at <= first.at) return undefined;
    const requests: Partial<Record<Role, number>> = {};
    for (const [pool, more] of requestsBetween(first, last)) {
      const role = pools.find(({ pool: name }) => name === pool)?.role;
      if (role && role !== "former") requests[role] = (requests[role] ?? 0) + more;
    }
    return { windowMs: last.at - first.at, requests };
  }
}
