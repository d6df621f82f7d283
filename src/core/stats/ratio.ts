// What does a look say about a share of events that two counters tell?
import { armsForErrors, countErrors } from "./arms.ts";
import { startBound } from "./bound.ts";
import { badOf, carriedOf, goodOf, startContrast, startGo } from "./contrast.ts";
import { LATENCY_TAU, phiOf, startDispersion } from "./dispersion.ts";
import { lookAtShare, totalsOf } from "./errors.ts";
import * as figures from "./figures.ts";
import { intervalOf, startDifference } from "./interval.ts";
import type { Look, LookRow, MetricVerdict, RatioMetric, SignalRow } from "./plan.ts";
import { asRow, numberOf, toldBy } from "./signal-arms.ts";
import { type Limits, missingOf, needOf, shared } from "./shared-report.ts";
import { type RatioState, startTops } from "./state.ts";
import type { Counts } from "./two-by-two.ts";

export function startRatio(metric: RatioMetric): RatioState {
  return {
    kind: "ratio",
    contrast: startContrast({ prior: [0, 0], dispersion: startDispersion(), tau: LATENCY_TAU }),
    difference: startDifference(),
    seenPart: false,
    canaryReplicas: {},
    baselineReplicas: {},
    go: startGo(1),
    bound: metric.max === undefined ? null : startBound(),
    ...startTops(),
  };
}

/** A part that was never counted is not there: a counter begins to be when something is counted for the first time. */
function rowOf(metric: RatioMetric, row: SignalRow): LookRow[] {
  const whole = numberOf(row.values[metric.whole]);
  const part = numberOf(row.values[metric.part]) ?? 0;
  // More parts than there is of the whole: read in between, or not a part of it. Nothing can be said of that look.
  if (whole === undefined || part > whole) return [];
  return [asRow(row, [whole, metric.rest ? whole - part : part])];
}

const counter = countErrors("failed");

const exchanged = ({ canaryN, canaryX, baselineN, baselineX }: Counts): Counts => ({
  canaryN: baselineN,
  canaryX: baselineX,
  baselineN: canaryN,
  baselineX: canaryX,
});

/** Of what is worse when it is rarer, stable is tested against the canary: what is seldom says more than its rest. */
const turned = (metric: RatioMetric, counts: Counts): Counts => (metric.worse === "down" ? exchanged(counts) : counts);

export function lookAtRatio(metric: RatioMetric, state: RatioState, seen: Look): RatioState {
  const told = toldBy(seen, [metric.whole]);
  if (told === undefined) return state;
  const rows = told.rows.flatMap((row) => rowOf(metric, row));
  const arms = armsForErrors({ durationMs: told.durationMs, rows }, metric.warmupMs);
  const tested = (counts: Counts) => turned(metric, counts);
  return {
    ...state,
    ...lookAtShare(metric, state, { arms, counter, durationMs: told.durationMs, tested }),
    seenPart: state.seenPart || told.rows.some(({ values }) => values[metric.part] !== undefined),
  };
}

export const badOfRatio = (state: RatioState): number => badOf(state.contrast, carriedOf(state));

/** `41% of 113 canary look-ups missed against 5.0% of 400 on stable`. */
function textOf(metric: RatioMetric, counts: Counts, interval: MetricVerdict["interval"]): string {
  const [events, did] = metric.words ?? [metric.whole, `were ${metric.rest ? "not " : ""}${metric.part}`];
  const canary = `${figures.share(counts.canaryX / counts.canaryN)} of ${figures.count(counts.canaryN)} canary ${events} ${did}`;
  if (counts.baselineN === 0) return `${canary}; nothing on stable to compare with`;
  const baseline = `${figures.share(counts.baselineX / counts.baselineN)} of ${figures.count(counts.baselineN)} on stable`;
  const range = interval ? ` (difference ${figures.points(interval[0])} to ${figures.points(interval[1])} points)` : "";
  return `${canary} against ${baseline}${range}`;
}

export function reportRatio(metric: RatioMetric, state: RatioState, limits: Limits): MetricVerdict {
  const carried = carriedOf(state);
  const logGo = goodOf(state.go, state.contrast, carried);
  const common = shared(metric, state, { ...limits, logGo, goTop: state.go.top });
  const counts = turned(metric, state.contrast.counts);
  const flipped = intervalOf(state.difference, totalsOf(state.contrast, carried));
  const interval = flipped && metric.worse === "down" ? ([-flipped[1], -flipped[0]] as const) : flipped;
  const mustShow = metric.effect === "rollBack" && metric.gates;
  const passes = mustShow ? common.noWorse : counts.canaryN > 0 && counts.baselineN > 0 && !common.blamed;
  const noWorse = passes && state.seenPart;
  const at = { ...limits, logGo, goTop: state.go.top, margins: [metric.go] };
  const needsRequests = noWorse ? undefined : needOf(state.contrast, state.go, at);
  const said = { noWorse, canaryRequests: counts.canaryN, needsRequests };
  const unseen = `has seen no ${metric.part} yet on any replica: is its name right?`;
  return {
    ...common,
    ...said,
    mustShow,
    unit: "share",
    canary: counts.canaryN > 0 ? counts.canaryX / counts.canaryN : undefined,
    baseline: counts.baselineN > 0 ? counts.baselineX / counts.baselineN : undefined,
    interval,
    baselineRequests: counts.baselineN,
    missing: state.seenPart || counts.canaryN === 0 ? missingOf(said, metric.words?.[0] ?? "events") : unseen,
    phi: phiOf(state.contrast.dispersion),
    text:
      counts.canaryN === 0
        ? `nothing was counted of ${metric.whole} on the canary yet`
        : textOf(metric, counts, interval),
  };
}
