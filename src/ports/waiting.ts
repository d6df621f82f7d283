// How long is what goes on by itself waited for?
import { ms, type Ms } from "../core/units.ts";
import type { Clock } from "./clock.ts";
import type { Call } from "./observed.ts";

/** Waits for what goes on also when the call is called off. */
export async function withCall<T>(work: Promise<T>, { signal }: Call): Promise<T> {
  const over = new AbortController();
  const off = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true, signal: over.signal });
  });
  try {
    return await Promise.race([work, off]);
  } finally {
    over.abort();
  }
}

/** So long a question is waited for, by all who look meanwhile together; its answer is taken whenever it comes. */
const PATIENCE_MS = ms(1_000);

/**
 * Waits for work a second altogether, however often it is waited for: a server that is silent holds up one look a little,
 * and those after it not at all.
 */
export class Patience {
  readonly #clock: Clock;
  readonly #sinceMs = new WeakMap<Promise<unknown>, Ms>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it ended while it was waited for. Rejects if it did. */
  async endsSoon(work: Promise<unknown>): Promise<boolean> {
    const now = this.#clock.now();
    const sinceMs = this.#sinceMs.get(work) ?? now;
    this.#sinceMs.set(work, sinceMs);
    const leftMs = sinceMs + PATIENCE_MS - now;
    // More than all of it: the clock was set back, and nobody knows since when.
    if (leftMs <= 0 || leftMs > PATIENCE_MS) return false;
    const over = new AbortController();
    try {
      const late = this.#clock.sleep(ms(leftMs), over.signal).then(() => false);
      return await Promise.race([work.then(() => true), late]);
    } finally {
      over.abort("done");
    }
  }
}
