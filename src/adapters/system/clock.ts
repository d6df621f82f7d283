// What time is it here, really?
import { ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";

/** Longest delay that a Node timer takes; longer ones would fire at once. */
const LONGEST_MS = 2_147_483_647;

/** The clock of the machine. */
export function systemClock(): Clock {
  return {
    now: () => ms(Date.now()),
    sleep: async (durationMs, signal) => {
      let left: number = durationMs;
      while (left > LONGEST_MS) {
        await pause(LONGEST_MS, signal);
        left -= LONGEST_MS;
      }
      if (left > 0) await pause(left, signal);
    },
  };
}

function pause(durationMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, durationMs);
    signal?.addEventListener("abort", end, { once: true });
  });
}
