// How long to wait before something that failed is started again?
import { ms, type Ms } from "./units.ts";

/** Pauses between restarts: the first one, doubled up to the longest. */
export interface Backoff {
  readonly firstMs: Ms;
  readonly mostMs: Ms;
  /** So long without a break, and the next failure counts as the first. */
  readonly resetMs: Ms;
}

/** 0.5 s doubling to 30 s, forgotten after a minute that went well. */
export const BACKOFF: Backoff = { firstMs: ms(500), mostMs: ms(30_000), resetMs: ms(60_000) };

/** The pause after so many failures in a row; the first failure is 1. */
export function pauseAfter(failures: number, backoff: Backoff): Ms {
  const doublings = Math.min(Math.max(0, failures - 1), 30);
  return ms(Math.min(backoff.mostMs, backoff.firstMs * 2 ** doublings));
}
