// Does Kayenta's judge guard a rollout as its stage would?
import { describe, expect, test } from "vitest";
import { bucketOf } from "../../histogram.ts";
import { ms } from "../../units.ts";
import type { AnalysisPlan, Look, LookRow } from "../plan.ts";
import { beginJudgement, look, startAnalysis, verdictOf } from "../verdict.ts";
import type { KayentaPlan } from "./stage.ts";

const canary = { direction: "increase" };
const CONFIG = {
  metrics: [
    { name: "errors", groups: ["web"], analysisConfigurations: { canary } },
    { name: "latency", groups: ["web"], analysisConfigurations: { canary } },
  ],
  classifier: { groupWeights: { web: 100 } },
};

const STAGE: KayentaPlan = {
  config: CONFIG,
  points: [
    { name: "errors", of: { from: "failed" } },
    { name: "latency", of: { from: "quantile", quantile: 0.9 } },
  ],
  lifetimeMs: ms(3_600_000),
  intervalMs: ms(1_200_000),
  lookbackMs: ms(0),
  warmupMs: ms(0),
  stepMs: ms(60_000),
  pass: 95,
  marginal: 75,
  strict: true,
};

const planOf = (change: Partial<KayentaPlan> = {}): AnalysisPlan => ({
  falseRollback: 0.01,
  falseGo: 0.05,
  metrics: [],
  kayenta: { ...STAGE, ...change },
});

const row = (arm: LookRow["arm"], failed: number, slowMs: number): LookRow => ({
  replica: arm,
  arm,
  ageMs: ms(600_000),
  requests: 1_000,
  failed,
  clientErrors: 0,
  latency: { [bucketOf(20_000)]: 800, [bucketOf(slowMs * 1_000)]: 200 },
});

/** Half a minute; noise that repeats, other for each arm. */
function half(index: number, failed: number): Look {
  const noise = (n: number): number => (index * n) % 7;
  return {
    durationMs: ms(30_000),
    rows: [row("canary", failed + noise(3), 40 + noise(5)), row("stable", 10 + noise(2), 40 + noise(4))],
  };
}

function after(plan: AnalysisPlan, minutes: number, failed: number) {
  let state = startAnalysis(plan);
  for (let index = 0; index < 2 * minutes; index++) state = look(plan, state, half(index, failed));
  return { state, verdict: verdictOf(plan, state) };
}

describe("a stage of three runs", () => {
  test("before the first run nothing is said", () => {
    const { verdict } = after(planOf(), 19, 10);
    expect(verdict).toMatchObject({ kind: "undecided", sure: 0, metrics: [] });
    expect(verdict.text).toBe("Kayenta's judge: no run yet; the next run is due in 1m.");
  });

  test("a good canary passes with its last run, and not before", () => {
    expect(after(planOf(), 41, 10).verdict.kind).toBe("undecided");
    const { verdict } = after(planOf(), 60, 10);
    expect(verdict.kind).toBe("no-worse");
    expect(verdict.text).toContain("the last run scored 100, which reaches the pass score 95 (run 3 of 3)");
    expect(verdict.metrics.map(({ name, noWorse }) => [name, noWorse])).toEqual([
      ["errors", true],
      ["latency", true],
    ]);
  });

  test("a run at or below the marginal score ends it at once", () => {
    const { state, verdict } = after(planOf(), 20, 60);
    expect(verdict.kind).toBe("worse");
    expect(verdict.metrics.map(({ blamed }) => blamed)).toEqual([true, false]);
    expect(verdict.text).toContain("run 1 scored 50, which is not above the marginal score 75");
    const later = look(planOf(), state, half(0, 10));
    expect(verdictOf(planOf(), later).kind).toBe("worse");
  });

  test("a last run below pass is worse, though none was marginal", () => {
    expect(after(planOf({ marginal: 10 }), 40, 60).verdict.kind).toBe("undecided");
    expect(after(planOf({ marginal: 10 }), 60, 60).verdict.kind).toBe("worse");
  });

  test("a new judgement is a new stage", () => {
    const { state } = after(planOf(), 60, 10);
    expect(verdictOf(planOf(), beginJudgement(planOf(), state)).kind).toBe("undecided");
  });

  test("a sliding window forgets", () => {
    const plan = planOf({ lookbackMs: ms(1_200_000), marginal: 10 });
    let state = startAnalysis(plan);
    for (let index = 0; index < 120; index++) state = look(plan, state, half(index, index < 80 ? 60 : 10));
    expect(verdictOf(plan, state).kind).toBe("no-worse");
  });
});

test("a pass for lack of data is held back, unless it is asked for as Kayenta has it", () => {
  const quiet = (plan: AnalysisPlan) => {
    let state = startAnalysis(plan);
    for (let index = 0; index < 120; index++) state = look(plan, state, { durationMs: ms(30_000), rows: [] });
    return verdictOf(plan, state);
  };
  const lenient = {
    ...CONFIG,
    metrics: CONFIG.metrics.map(({ name, groups }) => ({
      name,
      groups,
      analysisConfigurations: { canary: { ...canary, nanStrategy: "replace" } },
    })),
  };
  const strict = quiet(planOf({ config: lenient }));
  expect(strict.kind).toBe("undecided");
  expect(strict.suspended).toContain("Kayenta's judge passes for lack of data");
  expect(quiet(planOf({ config: lenient, strict: false })).kind).toBe("no-worse");
});

test("through JSON nothing is lost", () => {
  const { state } = after(planOf(), 30, 10);
  const read = JSON.parse(JSON.stringify(state)) as typeof state;
  expect(verdictOf(planOf(), read)).toEqual(verdictOf(planOf(), state));
});
