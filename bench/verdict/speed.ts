// What does one look cost?
import { highOrLow } from "../../src/core/stats/kayenta/classify.ts";
import type { Look, LookRow, MetricPlan } from "../../src/core/stats/plan.ts";
import { type AnalysisState, look, startAnalysis } from "../../src/core/stats/verdict.ts";
import { CALM, ERRORS, LATENCY } from "../../test/sim/rollouts.ts";
import { lookAt, replicas } from "../../test/sim/fleet.ts";
import { random } from "../../src/rehearse/random.ts";

const METRICS = 10;
const POINTS = 180;
const LOOKS = 600;

/** Ten metrics like errors and ten latencies. */
const PLAN = {
  falseRollback: 0.01,
  falseGo: 0.05,
  metrics: Array.from({ length: METRICS }, (_, index): readonly MetricPlan[] => [
    { ...ERRORS, name: `errors-${index}`, omega: 0.5 / METRICS },
    { ...LATENCY, name: `latency-${index}`, omega: 0.5 / METRICS },
  ]).flat(),
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

/** Looks at a service in bursts: what costs most. */
function looksOf(rps: number, seconds: number, count: number): readonly Look[] {
  const chance = random(5);
  const how = { ...CALM, errors: 0.005, burst: 3 };
  const fleet = [
    ...replicas(chance, "stable", { ...how, count: 7 }),
    ...replicas(chance, "canary", { ...how, count: 3 }),
  ];
  return Array.from({ length: count }, () => lookAt(chance, fleet, { rps, share: 0.1, seconds, latency: true }));
}

/** Milliseconds of each look. */
function timed(looks: readonly Look[], plan: typeof PLAN): readonly number[] {
  let state: AnalysisState = startAnalysis(plan);
  return looks.map((seen) => {
    const began = performance.now();
    state = look(plan, state, seen);
    return performance.now() - began;
  });
}

/** Milliseconds in which Kayenta judges as many metrics over three hours of minutes. */
function kayentaMs(): number {
  const chance = random(6);
  const series = (): number[] => Array.from({ length: POINTS }, () => 100 * chance.lognormal(0.2));
  const pairs = Array.from({ length: 2 * METRICS }, () => [series(), series()] as const);
  const once = (): number => {
    const began = performance.now();
    for (const [experiment, control] of pairs) highOrLow(experiment, control, "increase");
    return performance.now() - began;
  };
  return median(Array.from({ length: 9 }, once));
}

const rowsOf = (looks: readonly Look[]): readonly LookRow[] => looks[0]?.rows ?? [];

export interface Speed {
  readonly lookMs: number;
  readonly halfSecondMs: number;
  readonly kayentaMs: number;
  readonly replicas: number;
  /** Share of a core that ten thousand rollouts of two metrics need, each looked at every 15 s. */
  readonly fleetShare: number;
}

export function measureSpeed(): Speed {
  const looks = looksOf(200, 15, LOOKS);
  timed(looks, PLAN);
  const two = { ...PLAN, metrics: PLAN.metrics.slice(0, 2) };
  timed(looks, two);
  return {
    lookMs: median(timed(looks, PLAN)),
    halfSecondMs: median(timed(looksOf(200, 0.5, LOOKS), PLAN)),
    kayentaMs: kayentaMs(),
    replicas: rowsOf(looks).length,
    fleetShare: (10_000 * median(timed(looks, two))) / 15_000,
  };
}
