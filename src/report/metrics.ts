// What does the evidence say of each metric, now and on the way?
import { about } from "../core/stats/figures.ts";
import type { MetricVerdict, Verdict } from "../core/stats/plan.ts";
import type { TrailMetric, TrailPoint } from "../core/stats/trail.ts";
import type { MetricPoint, MetricReport } from "./model.ts";
import { finite } from "./quantity.ts";

/** What the values of these metrics are; their names say what one would wish for. */
const LABELS: Readonly<Record<string, string>> = {
  "success-rate": "errors",
  "client-errors": "client errors",
  availability: "failed checks",
  "cache-hit-rate": "cache misses",
};

/** What a metric's values are called in a sentence. */
const labelOf = (name: string): string => (Object.hasOwn(LABELS, name) ? (LABELS[name] ?? name) : name);

/** Journals of earlier versions lack what was added since. */
type Judged = Omit<MetricVerdict, "effect" | "mustShow"> & Partial<Pick<MetricVerdict, "effect" | "mustShow">>;

interface Told {
  readonly verdict: Verdict | undefined;
  readonly points: readonly TrailPoint[];
  readonly startedMs: number;
}

/** Metrics in the order of the file; those that only the trail knows come last. */
export function metricsOf({ verdict, points, startedMs }: Told): readonly MetricReport[] {
  const judged = (verdict?.metrics ?? []).map((metric) => {
    const way = pointsOf(metric.name, metric.unit, points);
    return judgedMetric(metric, { points: way, startedMs });
  });
  const names = new Set(judged.map(({ name }) => name));
  const others = [...new Set(points.flatMap(({ metrics }) => Object.keys(metrics)))].filter((name) => !names.has(name));
  return [...judged, ...others.map((name) => trailOnly(name, points))];
}

interface Way {
  readonly points: readonly MetricPoint[];
  readonly startedMs: number;
}

function judgedMetric(metric: Judged, { points, startedMs }: Way): MetricReport {
  return {
    name: metric.name,
    label: labelOf(metric.name),
    unit: metric.unit,
    effect: metric.effect,
    canary: metric.canary,
    baseline: metric.baseline,
    interval: metric.interval,
    canaryRequests: metric.canaryRequests,
    baselineRequests: metric.baselineRequests,
    logBad: metric.logBad,
    logGo: metric.logGo,
    noWorse: metric.noWorse,
    isScored: metric.kind === "kayenta",
    mustShow: metric.mustShow ?? true,
    did: metric.blamed ? (metric.effect ?? "rollBack") : undefined,
    by: metric.by,
    isSeen: metric.blamed && metric.kind === "gauge" && metric.by === "bound",
    sinceMs: sinceOf(metric, points, startedMs),
    missing: missingOf(metric),
    text: metric.text,
    points,
  };
}

/** Of a metric that no verdict speaks of, the last moment is what there is. */
function trailOnly(name: string, trail: readonly TrailPoint[]): MetricReport {
  const points = pointsOf(name, "", trail);
  const last = trail.findLast(({ metrics }) => metrics[name] !== undefined);
  const said = last?.metrics[name];
  return {
    name,
    label: labelOf(name),
    unit: "",
    effect: undefined,
    canary: said?.canary,
    baseline: said?.baseline,
    interval: said?.interval,
    canaryRequests: last?.canaryRequests ?? 0,
    baselineRequests: 0,
    logBad: said?.logBad,
    logGo: said?.logGo,
    noWorse: false,
    mustShow: false,
    did: undefined,
    by: undefined,
    isSeen: false,
    sinceMs: risingSince(points),
    missing: undefined,
    text: "the journal holds its course, and no verdict on it",
    points,
  };
}

function pointsOf(name: string, unit: string, trail: readonly TrailPoint[]): readonly MetricPoint[] {
  return trail.flatMap(({ atMs, metrics }) => {
    const said = Object.hasOwn(metrics, name) ? metrics[name] : undefined;
    return said === undefined ? [] : [pointOf(said, atMs, unit)];
  });
}

function pointOf(said: TrailMetric, atMs: number, unit: string): MetricPoint {
  const baseline = finite(said.baseline);
  return {
    atMs,
    canary: finite(said.canary),
    baseline,
    band: bandOf(baseline, said.interval, unit),
    logBad: finite(said.logBad),
    logGo: finite(said.logGo),
  };
}

/** Intervals of shares are of the difference, those of levels of the ratio less 1. */
function bandOf(baseline: number | undefined, interval: TrailMetric["interval"], unit: string): MetricPoint["band"] {
  const [low, high] = [finite(interval?.[0]), finite(interval?.[1])];
  if (baseline === undefined || low === undefined || high === undefined) return undefined;
  const at = (bound: number): number =>
    unit === "share" ? Math.min(1, Math.max(0, baseline + bound)) : baseline * (1 + bound);
  return [at(low), at(high)];
}

/** A verdict counts from the beginning of the analysis, which is where the trail begins. */
function sinceOf({ sinceMs }: Judged, points: readonly MetricPoint[], startedMs: number): number | undefined {
  const told = finite(sinceMs);
  if (told === undefined) return risingSince(points);
  return told >= startedMs ? told : (points[0]?.atMs ?? startedMs) + told;
}

/** Evidence below two to one is what chance brings. */
const SOME = Math.LN2;

/** The last moment at which the evidence was at its lowest before its peak; nothing when it never was much. */
function risingSince(points: readonly MetricPoint[]): number | undefined {
  const known = points.filter(({ logBad }) => logBad !== undefined);
  let top = 0;
  known.forEach(({ logBad = 0 }, index) => {
    if (logBad > (known[top]?.logBad ?? 0)) top = index;
  });
  if ((known[top]?.logBad ?? 0) < SOME) return undefined;
  let low = top;
  for (let index = top; index >= 0; index--) {
    if ((known[index]?.logBad ?? 0) < (known[low]?.logBad ?? 0)) low = index;
  }
  return known[low]?.atMs;
}

/** With the metric as its subject: `needs about 900 more canary requests`. */
function missingOf({ noWorse, missing, needsRequests, canaryRequests }: Judged): string | undefined {
  if (noWorse) return undefined;
  if (missing) return missing;
  if (canaryRequests === 0) return "has nothing to go by yet";
  const needs = finite(needsRequests);
  return needs === undefined ? "is not within its margin so far" : `needs about ${about(needs)} more canary requests`;
}
