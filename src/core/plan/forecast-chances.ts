// What are the chances that a metric shows what is true?
import type { Histogram } from "../histogram.ts";
import { ERRORS_TAU } from "../stats/dispersion.ts";
import type { AnalysisPlan, ErrorMetric, LatencyMetric, Margin, MetricPlan } from "../stats/plan.ts";
import { chanceBeyond, chanceOf, type Course } from "../stats/power.ts";
import {
  chanceNotSlower,
  chanceSlower,
  lognormal,
  measured,
  type Slowdown,
  type Slower,
} from "../stats/power-latency.ts";
import type { Compared } from "./forecast-course.ts";

/** What the stable version does when nothing changes. */
export interface Traffic {
  /** Requests per second of the whole service, above 0. */
  readonly perSecond: number;
  /** Share of requests that fail normally, 0…1. */
  readonly errors: number;
  /** Of a lognormal latency, 0 < p50Ms < p99Ms; or as counted on the stable version. */
  readonly latency?: { readonly p50Ms: number; readonly p99Ms: number } | Histogram | undefined;
  /** How many times as variable as independent ones failures are; 1 when it is not said. */
  readonly phi?: number | undefined;
  /** How much replicas differ in errors: standard deviation of the log odds; alike when it is not said. */
  readonly tau?: number | undefined;
  /** Requests of stable that are known before the rollout; an hour's when it is not said. */
  readonly known?: number | undefined;
  readonly source: "given" | "measured";
  /** Replicas that carry stable; as many as the file says when it is not said. */
  readonly replicas?: number | undefined;
}

/** The chance that something is shown by the end of a course. */
export type Chance = (course: Course) => number;

interface WatchBase extends Compared {
  readonly name: string;
  /** That a version as good as stable is shown to be no worse. */
  readonly noWorse: Chance;
}

/** A metric, and what it can show. */
export type Watch =
  | (WatchBase & {
      readonly kind: "errors";
      readonly metric: ErrorMetric;
      readonly failing: (share: number) => Chance;
      /** That a version as good as stable is shown to be below a margin. */
      readonly within: (margin: Margin, needed: number) => Chance;
    })
  | (WatchBase & {
      readonly kind: "latency";
      readonly metric: LatencyMetric;
      readonly slower: (down: Slowdown) => Chance;
    });

/** A metric that is not forecast, and why. */
export interface Unforecast {
  readonly name: string;
  readonly why: string;
}

/** Nobody knows that a request never fails: no errors are taken to be one in a hundred thousand. */
const FEWEST_ERRORS = 1e-5;

export const normalErrors = (traffic: Traffic): number => Math.max(FEWEST_ERRORS, traffic.errors);

const HOUR_S = 3_600;

/** The latencies of stable; `undefined` when nothing is known of them. */
function speedOf({ latency }: Traffic): Slower | undefined {
  if (latency === undefined) return undefined;
  return "p50Ms" in latency ? lognormal(latency.p50Ms, latency.p99Ms) : measured(latency);
}

function watchErrors(metric: ErrorMetric, analysis: AnalysisPlan, traffic: Traffic): Watch {
  const baseline = normalErrors(traffic);
  const known = traffic.known ?? traffic.perSecond * HOUR_S;
  const phi = traffic.phi ?? 1;
  const common = { baseline, phi, tau: { start: ERRORS_TAU, true: traffic.tau ?? 0 }, known };
  const { max } = metric;
  const needed = Math.log(1 / analysis.falseRollback) - Math.log(metric.omega) + (max === undefined ? 0 : Math.LN2);
  const within = (margin: Margin, asked: number): Chance => {
    return (course) => chanceOf({ ...common, shows: "go", canary: baseline, margin, needed: asked }, course);
  };
  return {
    kind: "errors",
    name: metric.name,
    warmupMs: metric.warmupMs,
    metric,
    failing: (canary) => (course) => {
      const compared = chanceOf({ ...common, shows: "harm", canary, margin: metric.harm, needed }, course);
      if (max === undefined) return compared;
      return Math.max(compared, chanceBeyond({ canary, baseline, max, needed, phi }, course.canaryRequests));
    },
    within,
    noWorse: within(metric.go, Math.log(1 / analysis.falseGo)),
  };
}

function watchLatency(metric: LatencyMetric, analysis: AnalysisPlan, at: { traffic: Traffic; stable: Slower }): Watch {
  const { stable } = at;
  const known = at.traffic.known ?? at.traffic.perSecond * HOUR_S;
  const needed = Math.log(1 / analysis.falseRollback) - Math.log(metric.omega);
  return {
    kind: "latency",
    name: metric.name,
    warmupMs: metric.warmupMs,
    metric,
    slower: (down) => chanceSlower(metric, down, { stable, known, needed }),
    noWorse: chanceNotSlower(metric, { stable, known, needed: Math.log(1 / analysis.falseGo) }),
  };
}

function watch(metric: MetricPlan, analysis: AnalysisPlan, traffic: Traffic): Watch | Unforecast {
  const { name } = metric;
  if (metric.kind === "errors") {
    if (metric.counts === "failed") return watchErrors(metric, analysis, traffic);
    return { name, why: "the normal share of requests answered with 4xx is not known" };
  }
  if (metric.kind !== "latency") return { name, why: `there is no forecast for this kind of metric (${metric.kind})` };
  const stable = speedOf(traffic);
  if (stable === undefined) return { name, why: "stable's latency is not known: give --p50 and --p99" };
  return watchLatency(metric, analysis, { traffic, stable });
}

/** The metrics that can be forecast, and the others. */
export function watchesOf(analysis: AnalysisPlan, traffic: Traffic) {
  const all = analysis.metrics.map((metric) => watch(metric, analysis, traffic));
  return {
    watches: all.filter((one): one is Watch => !("why" in one)),
    unforecast: all.filter((one): one is Unforecast => "why" in one),
  };
}
