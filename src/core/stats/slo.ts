// Does the canary fail more often than a fixed bound allows, whatever the baseline does?
import { powerFor } from "./temper.ts";
import { clampShare, HARM, type Logs, oddsShift } from "./two-by-two.ts";
import type { Tally } from "./dispersion.ts";

/** The bound on a failure probability, and how variable the failures are. */
export interface Bound {
  readonly max: number;
  readonly phi: number;
}

/**
 * The evidence, per effect of the grid `HARM`, that failures are more frequent than `bound.max`. The likelihood ratio
 * grows with the number of failures, so it stays fair for every smaller probability, also one that changes
 * (Robbins, Siegmund: mixture sequential test; Ville's inequality).
 */
export function exceed(logs: Logs, tally: Tally, bound: Bound): Logs {
  const [requests, failed] = tally;
  if (requests <= 0) return logs;
  const max = clampShare(bound.max);
  return HARM.ratios.map((ratio, j) => {
    const alternative = oddsShift(max, ratio);
    const canaryFailed = Math.log(alternative / max);
    const canaryFine = Math.log1p(-alternative) - Math.log1p(-max);
    const factor = { share: 1, canary: max, baseline: 0, canaryFailed, canaryFine, baselineFailed: 0, baselineFine: 0 };
    return (logs[j] ?? 0) + powerFor(factor, bound.phi) * (failed * canaryFailed + (requests - failed) * canaryFine);
  });
}
