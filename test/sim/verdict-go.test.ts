// How often is a candidate at the margin called no worse, and how soon is a good one?
import { expect, test } from "vitest";
import { GO_MARGIN } from "../../src/core/stats/defaults.ts";
import { bucketsFor, BUCKETS_PER_OCTAVE } from "../../src/core/histogram.ts";
import {
  BOTH,
  CALM,
  clopperPearson,
  ERRORS,
  LATENCY,
  many,
  quantile,
  rollout,
  type Scene,
  shareLine,
} from "./rollouts.ts";

const JUDGE: Scene = {
  plan: { ...BOTH, metrics: [{ ...ERRORS, omega: 1 }] },
  stable: { ...CALM, errors: 0.002, count: 4 },
  canary: { ...CALM, errors: 0.002 + GO_MARGIN.delta, count: 2 },
  rps: 200,
  latency: false,
  historySeconds: 0,
  stages: [{ share: 0.1, seconds: 5, looks: 120 }],
};

/** Seconds until every metric has shown `no-worse`. */
function passedAfter(scene: Scene, seed: number): number {
  const needed = Math.log(1 / scene.plan.falseGo);
  for (const { state, seconds } of rollout(scene, seed)) {
    if (state.metrics.every((metric) => "go" in metric && metric.go.top >= needed)) return seconds;
  }
  return Infinity;
}

const slower = 2 ** (bucketsFor(LATENCY.kind === "latency" ? LATENCY.goFactor : 1) / BUCKETS_PER_OCTAVE);
const ONLY_LATENCY: Scene = {
  ...JUDGE,
  plan: { ...BOTH, metrics: [{ ...LATENCY, omega: 1 }] },
  canary: { ...CALM, p50Ms: 60 * slower, p99Ms: 300 * slower, count: 2 },
  latency: true,
};

const burst = { burst: 3, tau: 0 };
const CASES: readonly (readonly [name: string, scene: Scene, runs: number])[] = [
  ["errors", JUDGE, 400],
  ["errors in bursts", { ...JUDGE, stable: { ...JUDGE.stable, ...burst }, canary: { ...JUDGE.canary, ...burst } }, 400],
  [
    "errors in bursts, an hour known before",
    { ...JUDGE, historySeconds: 3_600, stable: { ...JUDGE.stable, ...burst }, canary: { ...JUDGE.canary, ...burst } },
    400,
  ],
  ["latency", ONLY_LATENCY, 120],
];

test.for(CASES)("at the margin: %s", ([name, scene, runs]) => {
  const passed = many(runs, (seed) => passedAfter(scene, seed)).filter(Number.isFinite).length;
  console.log(`no-worse at the margin, ${name}: ${shareLine(passed, runs)}`);
  expect(clopperPearson(passed, runs)[0]).toBeLessThanOrEqual(scene.plan.falseGo);
  expect(passed / runs).toBeLessThanOrEqual(1.2 * scene.plan.falseGo);
});

test("a good candidate passes", () => {
  const scene: Scene = { ...JUDGE, plan: BOTH, canary: { ...CALM, errors: 0.002, count: 2 }, latency: true };
  const ends = many(40, (seed) => passedAfter(scene, seed));
  console.log(
    `a good candidate is shown no worse: median ${quantile(ends, 0.5)} s, 90 % within ${quantile(ends, 0.9)} s`,
  );
  expect(quantile(ends, 0.9)).toBeLessThan(600);
});
