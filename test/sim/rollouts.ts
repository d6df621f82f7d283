// What does the verdict say of many simulated rollouts?
import { GO_FACTOR, GO_MARGIN, HARM_FACTOR, HARM_MARGIN, OMEGA } from "../../src/core/stats/defaults.ts";
import type { AnalysisPlan, Look, MetricPlan } from "../../src/core/stats/plan.ts";
import { type AnalysisState, type Background, learn, look, startAnalysis } from "../../src/core/stats/verdict.ts";
import { startBackground } from "../../src/core/stats/verdict.ts";
import { ms } from "../../src/core/units.ts";
import { clopperPearson } from "../../src/rehearse/interval.ts";
import { type Behaviour, lookAt, type Replica, replicas } from "./fleet.ts";
import { type Random, random } from "../../src/rehearse/random.ts";

export { clopperPearson };

export const ERRORS: MetricPlan = {
  name: "success-rate",
  kind: "errors",
  counts: "failed",
  omega: OMEGA.errors,
  warmupMs: ms(0),
  harm: HARM_MARGIN,
  go: GO_MARGIN,
};

export const LATENCY: MetricPlan = {
  name: "latency-p99",
  kind: "latency",
  quantile: 0.99,
  omega: OMEGA.latency,
  warmupMs: ms(0),
  harmFactor: HARM_FACTOR,
  goFactor: GO_FACTOR,
};

/** Both metrics with their default weights. */
export const BOTH: AnalysisPlan = { falseRollback: 0.01, falseGo: 0.05, metrics: [ERRORS, LATENCY] };

/** A quiet service: 0.1 % errors, 60 ms, 300 ms at the 99th percentile. */
export const CALM: Behaviour = { errors: 0.001, burst: 1, tau: 0, p50Ms: 60, p99Ms: 300 };

export interface Scene {
  readonly plan: AnalysisPlan;
  readonly stable: Behaviour & { readonly count: number };
  readonly canary: Behaviour & { readonly count: number };
  readonly rps: number;
  /** Draws latencies too. */
  readonly latency: boolean;
  /** Seconds of the stable fleet alone, before the rollout. */
  readonly historySeconds: number;
  /** The rollout: looks of so many seconds at this share. */
  readonly stages: readonly { readonly share: number; readonly seconds: number; readonly looks: number }[];
}

function learnt(chance: Random, fleet: readonly Replica[], scene: Scene): Background {
  let known = startBackground();
  for (let second = 0; second < scene.historySeconds; second += 60) {
    known = learn(known, lookAt(chance, fleet, { rps: scene.rps, share: 0, seconds: 60, latency: scene.latency }));
  }
  return known;
}

/** A rollout as it stood after a look. */
export interface Moment {
  readonly state: AnalysisState;
  readonly seconds: number;
  readonly seen: Look;
}

/** The looks of one rollout; whoever reads them stops when they have seen enough. */
export function* rollout(scene: Scene, seed: number): Generator<Moment> {
  const chance = random(seed);
  const stable = replicas(chance, "stable", scene.stable);
  const known = scene.historySeconds > 0 ? learnt(chance, stable, scene) : undefined;
  const fleet = [...stable, ...replicas(chance, "canary", scene.canary)];
  let state = startAnalysis(scene.plan, known);
  let elapsed = 0;
  for (const { share, seconds, looks } of scene.stages) {
    for (let i = 0; i < looks; i++) {
      const seen = lookAt(chance, fleet, { rps: scene.rps, share, seconds, latency: scene.latency });
      state = look(scene.plan, state, seen);
      elapsed += seconds;
      yield { state, seconds: elapsed, seen };
    }
  }
}

/** Seconds until the canary was shown to be worse; `Infinity` if it never was. */
export function rolledBackAfter(scene: Scene, seed: number): number {
  for (const { state, seconds } of rollout(scene, seed)) {
    if (state.top >= Math.log(1 / scene.plan.falseRollback)) return seconds;
  }
  return Infinity;
}

export function many<T>(count: number, one: (seed: number) => T): T[] {
  return Array.from({ length: count }, (_, seed) => one(seed + 1));
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

/** One line for the log: `7 of 2000 (0.35 %, 95 % interval 0.14 … 0.72 %)`. */
export function shareLine(x: number, n: number): string {
  const [low, high] = clopperPearson(x, n);
  const text = (share: number): string => (100 * share).toFixed(2);
  return `${x} of ${n} (${text(x / n)} %, 95 % interval ${text(low)} … ${text(high)} %)`;
}
