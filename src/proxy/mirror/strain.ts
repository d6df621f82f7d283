// Has this worker time for more than its users' requests?
import { performance, type EventLoopUtilization } from "node:perf_hooks";

const LOOK_EVERY_MS = 200;
const STRAINED = 0.95;

/**
 * Tells whether the worker's event loop was busy for more than 95 % of the last 200 ms. Its share of busy time speaks before
 * anybody waits: a loop that is late has made users wait already. At 95 % a request waits for some ten others in the mean,
 * a fraction of a millisecond; a shorter look would take a burst, or code that is not compiled yet, for a load.
 */
export function strain(): (now: number) => boolean {
  let last: EventLoopUtilization = performance.eventLoopUtilization();
  // What was done before says nothing of the loop yet.
  let lookedAt = performance.now();
  let strained = false;
  return (now) => {
    if (now - lookedAt < LOOK_EVERY_MS) return strained;
    const current = performance.eventLoopUtilization();
    strained = performance.eventLoopUtilization(current, last).utilization > STRAINED;
    last = current;
    lookedAt = now;
    return strained;
  };
}

/** Milliseconds on an axis that all threads share. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
