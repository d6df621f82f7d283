// Does the limit of harm hold as often as it says?
import { describe, expect, test } from "vitest";
import { random } from "../../rehearse/random.ts";
import { ms } from "../units.ts";
import type { AnalysisPlan, Look, LookRow } from "./plan.ts";
import { harmLimit, look, startAnalysis } from "./verdict.ts";

const PLAN: AnalysisPlan = {
  falseRollback: 0.01,
  falseGo: 0.05,
  limit: true,
  metrics: [
    {
      kind: "errors",
      name: "success-rate",
      omega: 1,
      warmupMs: ms(0),
      counts: "failed",
      harm: { rho: 1.1, delta: 1e-4 },
      go: { rho: 1, delta: 5e-3 },
    },
  ],
};

const row = (arm: LookRow["arm"], number: number, [requests, failed]: readonly [number, number]): LookRow => ({
  replica: `${arm}-${number}`,
  arm,
  ageMs: ms(600_000),
  requests,
  failed,
  clientErrors: 0,
  latency: {},
});

/** Limits after each look of so many seconds, with 100 canary and 900 stable requests a second. */
function limits(
  seed: number,
  at: { readonly canary: number; readonly stable: number; readonly looks: number },
): number[] {
  const chance = random(seed);
  let state = startAnalysis(PLAN);
  return Array.from({ length: at.looks }, () => {
    const draw = (n: number, share: number): readonly [number, number] => [n, chance.binomial(n, share)];
    const rows = [0, 1].map((n) => row("canary", n, draw(50, at.canary)));
    const others = [0, 1, 2, 3].map((n) => row("stable", n, draw(225, at.stable)));
    const seen: Look = { durationMs: ms(1_000), rows: [...rows, ...others] };
    state = look(PLAN, state, seen);
    return harmLimit(PLAN, state);
  });
}

describe("the limit", () => {
  test("is everything at first, and falls as a good canary answers", () => {
    expect(harmLimit(PLAN, startAnalysis(PLAN))).toBe(1);
    const seen = limits(1, { canary: 0.001, stable: 0.001, looks: 120 });
    expect(seen.toSorted((a, b) => b - a)).toEqual(seen);
    expect(seen[0]).toBeLessThan(1);
    expect(seen.at(-1)).toBeLessThan(0.01);
  });

  test("without being asked for it is everything", () => {
    const plan = { ...PLAN, limit: false };
    expect(harmLimit(plan, startAnalysis(plan))).toBe(1);
  });

  test.each([
    { canary: 0.021, stable: 0.001, difference: 0.02 },
    { canary: 0.03, stable: 0.02, difference: 0.01 },
  ])("is below the true difference, at any look, in fewer than 5 of 100 rollouts: %o", ({ difference, ...at }) => {
    const runs = 300;
    let wrong = 0;
    for (let seed = 1; seed <= runs; seed++) {
      const least = Math.min(...limits(seed, { ...at, looks: 60 }));
      if (least < difference) wrong += 1;
    }
    // Three standard deviations above 5 %.
    expect(wrong / runs).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs));
  });
});
