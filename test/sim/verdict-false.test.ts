// How often is a candidate that is as good as stable rolled back?
import { expect, test } from "vitest";
import { BOTH, CALM, clopperPearson, many, rolledBackAfter, type Scene, shareLine } from "./rollouts.ts";

/** Bursts of 3 errors in the mean, replicas that differ: what real services do, and what breaks naive tests. */
const REAL = { ...CALM, errors: 0.005, burst: 3, tau: 0.2, speed: 0.03 };

/** Looks each second at first, when least is known; then rarer, to save time: evidence adds up alike. */
const STAGES: Scene["stages"] = [
  { share: 0.05, seconds: 1, looks: 30 },
  { share: 0.1, seconds: 10, looks: 18 },
  { share: 0.2, seconds: 30, looks: 8 },
  { share: 0.3, seconds: 60, looks: 5 },
  { share: 0.5, seconds: 60, looks: 6 },
];

const AA: Scene = {
  plan: BOTH,
  stable: { ...REAL, count: 4 },
  canary: { ...REAL, count: 2 },
  rps: 200,
  latency: true,
  historySeconds: 0,
  stages: STAGES,
};

const CASES: readonly (readonly [name: string, scene: Scene])[] = [
  ["errors and latency, nothing known before", AA],
  ["errors, an hour known before", { ...AA, latency: false, historySeconds: 3_600 }],
  [
    "errors of 0.1 %, nothing known before",
    {
      ...AA,
      latency: false,
      stable: { ...REAL, errors: 0.001, count: 4 },
      canary: { ...REAL, errors: 0.001, count: 2 },
    },
  ],
  [
    "errors, one canary replica, ten minutes known before",
    {
      ...AA,
      latency: false,
      historySeconds: 600,
      canary: { ...REAL, count: 1 },
    },
  ],
];

test.for(CASES)("2 000 good candidates in bursts, replicas unequal: %s", ([name, scene]) => {
  const ends = many(2_000, (seed) => rolledBackAfter(scene, seed));
  const false_ = ends.filter(Number.isFinite).length;
  console.log(`false rollbacks, ${name}: ${shareLine(false_, ends.length)}`);
  expect(false_ / ends.length).toBeLessThanOrEqual(scene.plan.falseRollback);
  expect(clopperPearson(false_, ends.length)[1]).toBeLessThan(1.6 * scene.plan.falseRollback);
});
