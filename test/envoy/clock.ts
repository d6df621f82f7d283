// How does time pass in a test that does not want to wait?
import { systemClock } from "../../src/adapters/system/clock.ts";
import { ms, type Ms } from "../../src/core/units.ts";
import type { Clock } from "../../src/ports/clock.ts";

/** The system's clock, which can be put forward. */
export class SystemClockAhead implements Clock {
  readonly #clock = systemClock();
  #aheadMs = 0;

  ahead(byMs: number): void {
    this.#aheadMs += byMs;
  }

  now(): Ms {
    return ms(this.#clock.now() + this.#aheadMs);
  }

  sleep(...args: Parameters<Clock["sleep"]>): ReturnType<Clock["sleep"]> {
    return this.#clock.sleep(...args);
  }
}
