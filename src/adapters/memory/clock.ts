// What time is it in a test, where time moves only when told?
import { ms, type Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";

/** So many wake-ups at one moment are a loop that sleeps for no time. */
const MOST_AT_ONE_MOMENT = 100_000;

/** A clock that a test or the simulator moves by hand. */
export interface VirtualClock extends Clock {
  /**
   * Moves time on and wakes every sleeper on the way, in order of time and, at one moment, in the order in which they
   * went to sleep. After each moment everything that they set off runs until it waits again.
   */
  advance(durationMs: Ms): Promise<void>;
  /** The same, to a moment. Throws a RangeError when that would go back. */
  advanceTo(momentMs: Ms): Promise<void>;
  /** When the next sleeper wakes; undefined when nobody sleeps. */
  nextMs(): Ms | undefined;
  /** How many sleep. */
  sleeping(): number;
}

interface Sleeper {
  readonly wakeMs: number;
  readonly order: number;
  readonly wake: () => void;
}

/** A virtual clock that stands at `startMs`. */
export function createVirtualClock(startMs: Ms = ms(1_700_000_000_000)): VirtualClock {
  return new SteppedClock(startMs);
}

class SteppedClock implements VirtualClock {
  #nowMs: Ms;
  #order = 0;
  /** Latest first, so that the next one is taken off the end. */
  readonly #sleepers: Sleeper[] = [];

  constructor(startMs: Ms) {
    this.#nowMs = startMs;
  }

  now(): Ms {
    return this.#nowMs;
  }

  sleep(durationMs: Ms, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const abort = (): void => {
        const at = this.#sleepers.indexOf(sleeper);
        if (at >= 0) this.#sleepers.splice(at, 1);
        resolve();
      };
      const wake = (): void => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const sleeper = { wakeMs: this.#nowMs + Math.max(0, durationMs), order: (this.#order += 1), wake };
      this.#insert(sleeper);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  advance(durationMs: Ms): Promise<void> {
    return this.advanceTo(ms(this.#nowMs + durationMs));
  }

  async advanceTo(momentMs: Ms): Promise<void> {
    if (momentMs < this.#nowMs) throw new RangeError(`time does not go back: ${this.#nowMs} to ${momentMs}`);
    await settled();
    let moments = 0;
    for (let next = this.nextMs(); next !== undefined && next <= momentMs; next = this.nextMs()) {
      moments = next === this.#nowMs ? moments + 1 : 0;
      if (moments > MOST_AT_ONE_MOMENT) throw new RangeError("something sleeps for no time, over and over");
      // Another caller of advance may have moved on meanwhile.
      this.#nowMs = ms(Math.max(this.#nowMs, next));
      this.#wakeAll(this.#nowMs);
      await settled();
    }
    this.#nowMs = ms(Math.max(this.#nowMs, momentMs));
  }

  nextMs(): Ms | undefined {
    const next = this.#sleepers.at(-1);
    return next && ms(next.wakeMs);
  }

  sleeping(): number {
    return this.#sleepers.length;
  }

  #wakeAll(nowMs: number): void {
    const due: Sleeper[] = [];
    for (let next = this.#sleepers.at(-1); next && next.wakeMs <= nowMs; next = this.#sleepers.at(-1)) {
      due.push(next);
      this.#sleepers.pop();
    }
    for (const sleeper of due) sleeper.wake();
  }

  #insert(sleeper: Sleeper): void {
    let low = 0;
    let high = this.#sleepers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#sleepers[middle];
      // All that went to sleep earlier have a smaller order, so an equal moment goes before them.
      if (other && other.wakeMs > sleeper.wakeMs) low = middle + 1;
      else high = middle;
    }
    this.#sleepers.splice(low, 0, sleeper);
  }
}

/** Resolves when every promise that can go on has gone on: a macrotask runs only after all microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
