// What time is it, and how does one wait?
import type { Ms } from "../core/units.ts";

/** Time, so that tests and the simulator can bring their own. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): Ms;
  /** Resolves after `durationMs`, or at once, without an error, when `signal` aborts. */
  sleep(durationMs: Ms, signal?: AbortSignal): Promise<void>;
}
