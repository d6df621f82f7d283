// Is memory that grows found, and what only comes and goes not?
import { describe, expect, test } from "vitest";
import { random } from "../../rehearse/random.ts";
import type { GaugeLook } from "./gauge.ts";
import { leakReport, type LeakRule, type LeakState, lookAtLeak, startLeak } from "./leak.ts";

/** Megabytes. */
const RULE: LeakRule = { marginPerHour: 5, limit: 1_000 };
const NEEDED = Math.log(100);

interface Growth {
  /** Per hour. */
  readonly canary?: number;
  readonly baseline?: number;
  /** Standard deviation of each reading. */
  readonly noise?: number;
}

/** Two canary and two baseline replicas of 300 MB, read four times a minute. */
function looks(minutes: number, growth: Growth, seed = 1): GaugeLook[] {
  const chance = random(seed);
  return Array.from({ length: 4 * minutes }, (_, index) => {
    const arm = (name: string, perHour: number) =>
      [0, 1].map((replica) => ({
        replica: `${name}-${replica}`,
        value: 300 + 20 * replica + (perHour * index) / 240 + (growth.noise ?? 2) * chance.normal(),
      }));
    return { durationMs: 15_000, canary: arm("c", growth.canary ?? 0), baseline: arm("b", growth.baseline ?? 0) };
  });
}

/** The same looks with other values on the canary. */
function changed(all: readonly GaugeLook[], value: (was: number, index: number) => number): GaugeLook[] {
  return all.map(({ durationMs, canary, baseline }, index) => ({
    durationMs,
    canary: canary.map((seen) => ({ replica: seen.replica, value: value(seen.value, index) })),
    baseline,
  }));
}

const after = (all: readonly GaugeLook[]): LeakState =>
  all.reduce<LeakState>((state, look) => lookAtLeak(RULE, state, look), startLeak());

describe("what it says", () => {
  test("a canary that grows by 200 MB an hour is found in half an hour, with its growth and what is left", () => {
    const state = after(looks(30, { canary: 200 }));
    const report = leakReport(RULE, state);
    expect(report.logBad).toBeGreaterThan(NEEDED);
    expect(report.logGo).toBeLessThan(0);
    expect(report.canaryPerHour).toBeGreaterThan(190);
    expect(report.canaryPerHour).toBeLessThan(210);
    expect(Math.abs(report.baselinePerHour ?? NaN)).toBeLessThan(10);
    expect(report.hoursToLimit).toBeGreaterThan(2.7);
    expect(report.hoursToLimit).toBeLessThan(3.2);
    expect(report.blocks).toBe(29);
  });

  test("when both grow alike, neither leaks more, and in time that is shown", () => {
    const report = leakReport(RULE, after(looks(240, { canary: 100, baseline: 100, noise: 1 })));
    expect(report.logBad).toBeLessThan(0);
    expect(report.logGo).toBeGreaterThan(Math.log(20));
    expect(report.canaryPerHour).toBeGreaterThan(95);
  });

  test("a limit that is reached in no time anyone waits for is not foretold", () => {
    for (const canary of [0.01, 1e-300]) {
      const report = leakReport({ marginPerHour: 5, limit: 1e9 }, after(looks(30, { canary, noise: 0 })));
      expect(report.hoursToLimit).toBeUndefined();
    }
  });

  test("at first nothing", () => {
    const report = leakReport(RULE, after(looks(4, { canary: 500 })));
    expect(report).toMatchObject({ canaryPerHour: undefined, hoursToLimit: undefined, blocks: 3 });
    expect(report.logBad).toBeCloseTo(0, 12);
    expect(leakReport({ marginPerHour: 5 }, after(looks(30, { canary: 500 }))).hoursToLimit).toBeUndefined();
  });
});

describe("what does not count", () => {
  test("memory that is collected within the minute: only the lowest value does", () => {
    const sawtooth = changed(looks(60, { noise: 0 }), (was, index) => was + 100 * (index % 4));
    const report = leakReport(RULE, after(sawtooth));
    expect(report.canaryPerHour).toBeCloseTo(0, 6);
    expect(report.logBad).toBeLessThan(0);
  });

  test("replicas that come and go at other levels", () => {
    const newcomer = { replica: "c-2", value: 900 };
    const changing = looks(60, { noise: 1 }).map(({ durationMs, canary, baseline }, index) => ({
      durationMs,
      canary: index < 120 ? canary : [...canary, newcomer],
      baseline,
    }));
    expect(leakReport(RULE, after(changing)).canaryPerHour).toBeLessThan(5);
  });

  test("a replica that begins again", () => {
    const restarted = changed(looks(60, { noise: 1 }), (was, index) => (index < 120 ? was : was / 4));
    expect(Math.abs(leakReport(RULE, after(restarted)).canaryPerHour ?? NaN)).toBeLessThan(5);
  });

  test("time without readings of both arms: the growth over a gap counts as it was", () => {
    const all = looks(60, { canary: 200 });
    const gap = [...all.slice(0, 100), { durationMs: 20 * 15_000, canary: [], baseline: [] }, ...all.slice(120)];
    const report = leakReport(RULE, after(gap));
    expect(report.canaryPerHour).toBeGreaterThan(190);
    expect(report.canaryPerHour).toBeLessThan(210);
  });
});

describe("robustness", () => {
  test("a clock that stood still changes nothing; what can't be counted with is refused by name", () => {
    const state = after(looks(3, {}));
    const [look] = looks(1, {});
    expect(lookAtLeak(RULE, state, { ...look, durationMs: 0, canary: [], baseline: [] })).toBe(state);
    const odd = (value: number): GaugeLook => ({ durationMs: 1, canary: [{ replica: "c", value }], baseline: [] });
    expect(() => lookAtLeak(RULE, state, odd(NaN))).toThrow(new RangeError("lookAtLeak: canary value of c is NaN"));
    expect(() => lookAtLeak(RULE, state, odd(-1))).toThrow(
      new RangeError("lookAtLeak: canary value of c is negative: -1"),
    );
    expect(() => leakReport({ marginPerHour: Infinity }, state)).toThrow(RangeError);
  });

  test("the order of replicas does not matter; the state survives JSON and stays small", () => {
    const all = looks(600, { canary: 20 });
    const turned = all.map((look) => ({
      ...look,
      canary: look.canary.toReversed(),
      baseline: look.baseline.toReversed(),
    }));
    const state = after(all);
    expect(leakReport(RULE, after(turned))).toEqual(leakReport(RULE, state));
    expect(leakReport(RULE, JSON.parse(JSON.stringify(state)) as LeakState)).toEqual(leakReport(RULE, state));
    expect(JSON.stringify(state).length).toBeLessThan(8_000);
    const many = Array.from({ length: 100 }, (_, index) => ({ replica: `r-${index}`, value: index }));
    const crowd = after([{ durationMs: 60_000, canary: many, baseline: many }]);
    expect(Object.keys(crowd.canaryFloors).length).toBe(32);
  });
});
