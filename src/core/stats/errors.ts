// What does a look say about requests that went wrong?
import { armsForErrors, carry, cellsOf, countErrors, countsOf, tallyOf } from "./arms.ts";
import type { Background } from "./background.ts";
import { startBound, watch } from "./bound.ts";
import { betweenOf, type Carried, carriedOf, compare, judge, startContrast, startGo } from "./contrast.ts";
import { ERRORS_TAU, phiOf, startDispersion } from "./dispersion.ts";
import { differ, startDifference, type Totals } from "./interval.ts";
import type { ErrorMetric, Look } from "./plan.ts";
import { type Contrast, type ErrorState, startTops } from "./state.ts";

export function startErrors(metric: ErrorMetric, background?: Background): ErrorState {
  const known = background?.[metric.counts];
  return {
    kind: "errors",
    contrast: startContrast({
      prior: known?.tally ?? [0, 0],
      dispersion: known?.dispersion ?? startDispersion(),
      tau: ERRORS_TAU,
    }),
    difference: startDifference(),
    canaryReplicas: {},
    baselineReplicas: {},
    go: startGo(1),
    bound: metric.max === undefined ? null : startBound(),
    ...startTops(),
  };
}

/** What the interval of the difference rests on. */
export function totalsOf(contrast: Contrast, carried: Carried): Totals {
  return {
    ...contrast.counts,
    phi: phiOf(contrast.dispersion),
    between: betweenOf(contrast, carried),
  };
}

/** Adds a look, all but the strongest evidence so far. */
export function lookAtErrors(metric: ErrorMetric, state: ErrorState, seen: Look): ErrorState {
  const arms = armsForErrors(seen, metric.warmupMs);
  const counter = countErrors(metric.counts);
  const canary = tallyOf(arms.canary, counter);
  const baseline = tallyOf(arms.baseline, counter);
  const counts = countsOf(canary, baseline);
  const { durationMs } = seen;
  const contrast = compare(state.contrast, {
    counts,
    durationMs,
    margin: metric.harm,
    canary: arms.canary.map(counter),
    cells: cellsOf(arms.fleet, counter),
  });
  const carriers = {
    canaryReplicas: carry(state.canaryReplicas, arms.canary),
    baselineReplicas: carry(state.baselineReplicas, arms.baseline),
  };
  const carried = carriedOf(carriers);
  const bound = { max: metric.max ?? 1, phi: phiOf(state.contrast.dispersion) };
  return {
    ...state,
    ...carriers,
    contrast,
    difference: differ(state.difference, counts, totalsOf(contrast, carried)),
    go: judge(state.go, [{ counts, margin: metric.go }], {
      before: state.contrast,
      after: contrast,
      carried,
    }),
    bound: state.bound && watch(state.bound, { canary, baseline, durationMs }, bound),
  };
}
