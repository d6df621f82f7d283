// How soon is a bad candidate found out?
import { expect, test } from "vitest";
import { look } from "../../src/core/stats/verdict.ts";
import { BOTH, CALM, many, quantile, rolledBackAfter, rollout, type Scene } from "./rollouts.ts";

const TEN_PERCENT: Scene = {
  plan: BOTH,
  stable: { ...CALM, count: 4 },
  canary: { ...CALM, count: 2 },
  rps: 200,
  latency: false,
  historySeconds: 0,
  stages: [{ share: 0.1, seconds: 1, looks: 600 }],
};

function seconds(scene: Scene, runs: number): number[] {
  return many(runs, (seed) => rolledBackAfter(scene, seed));
}

function line(name: string, ends: readonly number[]): string {
  const [early, middle, late] = [0.1, 0.5, 0.9].map((q) => quantile(ends, q));
  return `${name}: median ${middle} s, 10 % within ${early} s, 90 % within ${late} s`;
}

test.each([0, 3_600])(
  "three per cent of errors against a thousandth, 20 canary requests a second, %d s known before",
  (historySeconds) => {
    const scene = { ...TEN_PERCENT, canary: { ...CALM, errors: 0.03, count: 2 }, historySeconds };
    const ends = seconds(scene, 400);
    console.log(line(`3 % errors against 0.1 %, ${historySeconds} s known before`, ends));
    expect(quantile(ends, 0.5)).toBeLessThan(10);
  },
);

test.each([0, 3_600])("half of the requests failing, %d s known before: the first look is enough", (historySeconds) => {
  const scene = { ...TEN_PERCENT, canary: { ...CALM, errors: 0.5, count: 2 }, historySeconds };
  const ends = seconds(scene, 300);
  console.log(line(`half failing, ${historySeconds} s known before`, ends));
  expect(ends.filter((end) => end > 1).length).toBeLessThanOrEqual(3);
});

test("half of the requests failing: the first look that holds 15 canary requests, at any share", () => {
  for (const share of [0.02, 0.05, 0.1, 0.3]) {
    const scene = { ...TEN_PERCENT, canary: { ...CALM, errors: 0.5, count: 1 } };
    const late = many(200, (seed) => {
      for (const { state } of rollout({ ...scene, stages: [{ share, seconds: 1, looks: 60 }] }, seed)) {
        if (state.top >= Math.log(100)) return false;
        if (state.canaryRequests >= 15) return true;
      }
      return true;
    });
    const missed = late.filter(Boolean).length;
    console.log(`half failing at ${100 * share} %: ${missed} of ${late.length} not seen at 15 canary requests`);
    expect(missed).toBeLessThanOrEqual(4);
  }
});

test("slower answers", () => {
  const scene: Scene = { ...TEN_PERCENT, latency: true };
  const cases = [
    ["the slowest 5 % take 1.4 times as long", { tail: 1.4 }, 300],
    ["everything takes 1.4 times as long", { p50Ms: 84, p99Ms: 420 }, 60],
    ["the slowest 5 % take 3 times as long", { tail: 3 }, 60],
  ] as const;
  for (const [name, change, limit] of cases) {
    const ends = seconds({ ...scene, canary: { ...CALM, ...change, count: 2 } }, 30);
    console.log(line(name, ends));
    expect(quantile(ends, 0.5)).toBeLessThan(limit);
  }
});

/** Seconds from the beginning of trouble to the rollback: a good rollout, then the looks of a bad one. */
function lateTrouble(good: Scene, bad: Scene, seed: number): number {
  let state = [...rollout(good, seed)].at(-1)?.state;
  for (const { seen, seconds: since } of rollout(bad, seed + 1_000)) {
    if (state === undefined) throw new Error("a rollout without looks");
    state = look(bad.plan, state, seen);
    if (state.top >= Math.log(100)) return since;
  }
  return Infinity;
}

test("trouble that begins after twenty good minutes", () => {
  const good: Scene = { ...TEN_PERCENT, stages: [{ share: 0.1, seconds: 5, looks: 240 }] };
  const ends = many(50, (seed) =>
    lateTrouble(good, { ...TEN_PERCENT, canary: { ...CALM, errors: 0.5, count: 2 } }, seed),
  );
  console.log(line("half of the requests failing after 20 good minutes", ends));
  expect(quantile(ends, 0.9)).toBeLessThanOrEqual(10);
});
