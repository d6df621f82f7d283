// What does a look say about requests that went wrong?
import { type Arms, armsForErrors, carry, cellsOf, type Counter, countErrors, countsOf, tallyOf } from "./arms.ts";
import type { Background } from "./background.ts";
import { startBound, watch } from "./bound.ts";
import { betweenOf, type Carried, carriedOf, compare, judge, startContrast, startGo } from "./contrast.ts";
import { ERRORS_TAU, phiOf, startDispersion, type Tally } from "./dispersion.ts";
import { differ, startDifference, type Totals } from "./interval.ts";
import type { ErrorMetric, Look } from "./plan.ts";
import { type Contrast, type ErrorState, startTops } from "./state.ts";
import type { Counts } from "./two-by-two.ts";

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

/** What follows the share of an arm's requests that a counter counts. */
type ShareState = Pick<ErrorState, "contrast" | "difference" | "canaryReplicas" | "baselineReplicas" | "go" | "bound">;

interface Share {
  readonly arms: Arms;
  readonly counter: Counter;
  readonly durationMs: number;
  /** The counts that are tested, of those that were seen. */
  readonly tested?: (seen: Counts) => Counts;
  /** The canary's rows as they came, where bursts of failures are to be told from steady ones. */
  readonly bursts?: readonly Tally[];
}

/** Adds a look at both arms' shares, all but the strongest evidence so far. */
export function lookAtShare(
  metric: Pick<ErrorMetric, "harm" | "go" | "max">,
  state: ShareState,
  { arms, counter, durationMs, tested = (seen) => seen, bursts }: Share,
): ShareState {
  const canary = tallyOf(arms.canary, counter);
  const baseline = tallyOf(arms.baseline, counter);
  const counts = tested(countsOf(canary, baseline));
  const contrast = compare(state.contrast, {
    counts,
    durationMs,
    margin: metric.harm,
    canary: bursts,
    cells: cellsOf(arms.fleet, counter),
  });
  const carriers = {
    canaryReplicas: carry(state.canaryReplicas, arms.canary),
    baselineReplicas: carry(state.baselineReplicas, arms.baseline),
  };
  const carried = carriedOf(carriers);
  const bound = { max: metric.max ?? 1, phi: phiOf(state.contrast.dispersion) };
  return {
    ...carriers,
    contrast,
    difference: differ(state.difference, counts, totalsOf(contrast, carried)),
    go: judge(state.go, [{ counts, margin: metric.go }], { before: state.contrast, after: contrast, carried }),
    bound: state.bound && watch(state.bound, { canary, baseline, durationMs }, bound),
  };
}

export function lookAtErrors(metric: ErrorMetric, state: ErrorState, seen: Look): ErrorState {
  const arms = armsForErrors(seen, metric.warmupMs);
  const counter = countErrors(metric.counts);
  const bursts = arms.canary.map(counter);
  return { ...state, ...lookAtShare(metric, state, { arms, counter, durationMs: seen.durationMs, bursts }) };
}
