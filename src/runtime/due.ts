// When was a loop to look, how long did it take, and when had it decided?
import { ms, type Ms } from "../core/units.ts";

/** How one pass went. */
export interface Timing {
  readonly tookMs: Ms;
  /** From the moment when the look was due to the moment when what follows was decided, and written where it must be. */
  readonly lagMs?: Ms | undefined;
}

/** Follows the passes of one loop by its clock. */
export class Due {
  #dueMs = Infinity;
  #pass = { dueMs: 0, begunMs: 0, decidedMs: -1 };

  /** The next look is due then, if it is not due earlier. */
  by(atMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, atMs);
  }

  begin(nowMs: number): void {
    this.#pass = { dueMs: Math.min(this.#dueMs, nowMs), begunMs: nowMs, decidedMs: -1 };
    this.#dueMs = Infinity;
  }

  decided(nowMs: number): void {
    this.#pass.decidedMs = nowMs;
  }

  end(nowMs: number): Timing {
    const { dueMs, begunMs, decidedMs } = this.#pass;
    return { tookMs: ms(nowMs - begunMs), ...(decidedMs < 0 ? {} : { lagMs: ms(decidedMs - dueMs) }) };
  }
}
