// Which figures does an analysis use when the user names none?
import type { Margin } from "./plan.ts";

/**
 * Beyond this a candidate is worse in errors: 10 % more failures than the baseline, plus one in ten thousand. Replicas of
 * one revision differ by about this much, so without it `worse` would be shown against a good candidate in the end.
 */
export const HARM_MARGIN: Margin = { rho: 1.1, delta: 1e-4 };

/** Below this a candidate is no worse in errors: half a percentage point more failures than the baseline. */
export const GO_MARGIN: Margin = { rho: 1, delta: 5e-3 };

/** Beyond this a candidate is worse in latency. One bucket of the histogram (9 %) is the finest that can be seen. */
export const HARM_FACTOR = 1.1;

/** Below this a candidate is no worse in latency. */
export const GO_FACTOR = 1.2;

/**
 * How the alarm budget is shared among kinds of metrics, normalised over those of a plan: errors hurt users more surely
 * than slowness, and both more surely than anything else.
 */
export const OMEGA = {
  errors: 0.6,
  latency: 0.4,
  events: 0.2,
  ratio: 0.1,
  buckets: 0.1,
  gauge: 0.1,
  leak: 0.1,
  anomaly: 0.1,
} as const;
