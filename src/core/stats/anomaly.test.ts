// Is a series that changes noticed, and one that does not left alone?
import { describe, expect, test } from "vitest";
import { random } from "../../rehearse/random.ts";
import { anomalyReport, type AnomalyRule, type AnomalyState, point, startAnomaly } from "./anomaly.ts";

const RULE: AnomalyRule = { arl: 10_080, worse: "up" };

const after = (values: readonly number[], from = startAnomaly()): AnomalyState =>
  values.reduce((state, value) => point(state, value, 60_000), from);

const noise = (seed: number, length: number, mean = 0): number[] => {
  const chance = random(seed);
  return Array.from({ length }, () => mean + chance.normal());
};

const QUIET = after(noise(1, 300));

describe("what it says", () => {
  test("a jump by four standard deviations is noticed within minutes", () => {
    expect(anomalyReport(RULE, QUIET)).toMatchObject({ alarm: false, learning: 0, text: "as before" });
    let state = QUIET;
    let minutes = 0;
    for (const value of noise(2, 15, 4)) {
      if (anomalyReport(RULE, state).alarm) break;
      state = point(state, value, 60_000);
      minutes++;
    }
    expect(minutes).toBeLessThanOrEqual(6);
    const report = anomalyReport(RULE, state);
    expect(report.sinceBlocks).toBeGreaterThan(0);
    expect(report.sinceBlocks).toBeLessThanOrEqual(minutes);
    expect(report.text).toBe(`higher than in the hours before, for about ${report.sinceBlocks} min`);
  });

  test("only the direction that is worse alarms", () => {
    const lower = after(noise(3, 12, -4), QUIET);
    expect(anomalyReport(RULE, lower).alarm).toBe(false);
    expect(anomalyReport({ ...RULE, worse: "down" }, lower).alarm).toBe(true);
    const either = anomalyReport({ ...RULE, worse: "either" }, lower);
    expect(either.alarm).toBe(true);
    expect(either.text).toMatch(/^lower than/u);
  });

  test("what lasts for hours becomes usual, and what ends is soon forgotten", () => {
    const higher = after(noise(4, 20, 4), QUIET);
    expect(anomalyReport(RULE, higher).alarm).toBe(true);
    expect(anomalyReport(RULE, after(noise(5, 25), higher)).alarm).toBe(false);
    expect(anomalyReport(RULE, after(noise(5, 300, 4), higher)).alarm).toBe(false);
  });

  test("an hour is learnt from first", () => {
    const young = after(noise(6, 40));
    expect(anomalyReport(RULE, young)).toMatchObject({
      score: 0,
      alarm: false,
      blocks: 40,
      learning: 21,
      text: "learning what is usual: 21 more minutes",
    });
    expect(anomalyReport(RULE, after(noise(7, 21, 50), young)).learning).toBe(0);
  });

  test("a series that stands still is not strange, until it moves", () => {
    const still = after(Array.from({ length: 500 }, () => 7));
    expect(anomalyReport({ ...RULE, worse: "either" }, still).score).toBeLessThan(2);
    const moved = after(
      Array.from({ length: 6 }, () => 8),
      still,
    );
    expect(anomalyReport(RULE, moved).alarm).toBe(true);
  });
});

describe("properties", () => {
  test("the higher the newest point, the higher the score", () => {
    const scores = [-5, -1, 0, 1, 2, 3, 5, 100].map((value) => anomalyReport(RULE, after([value], QUIET)).score);
    expect(scores).toEqual(scores.toSorted((a, b) => a - b));
    expect(new Set(scores).size).toBeGreaterThan(2);
  });

  test("a mirrored series is worse downwards, but for the draws between ties", () => {
    const values = [...noise(8, 300), ...noise(9, 10, 3)];
    const up = anomalyReport(RULE, after(values));
    const down = anomalyReport({ ...RULE, worse: "down" }, after(values.map((value) => -value)));
    expect(down).toMatchObject({ score: up.score, alarm: up.alarm, sinceBlocks: up.sinceBlocks });
  });

  test("it does not matter in how many looks a minute is read", () => {
    const values = noise(10, 100);
    let split = startAnomaly();
    for (const value of values) for (let part = 0; part < 4; part++) split = point(split, value, 15_000);
    expect(anomalyReport(RULE, split)).toEqual(anomalyReport(RULE, after(values)));
  });

  test("the same series gives the same answer; the state is bounded and survives JSON", () => {
    const state = after(noise(1, 1_000));
    expect(state.points.length).toBe(240);
    expect(after(noise(1, 1_000))).toEqual(state);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });
});

describe("robustness", () => {
  test("a clock that stood still changes nothing; what can't be counted with is refused by name", () => {
    expect(point(QUIET, 1, 0)).toBe(QUIET);
    expect(() => point(QUIET, NaN, 1)).toThrow(new RangeError("point: value is NaN"));
    expect(() => point(QUIET, 1, Infinity)).toThrow(new RangeError("point: duration is Infinity"));
    expect(() => anomalyReport({ ...RULE, arl: 1e9 }, QUIET)).toThrow(RangeError);
    expect(() => anomalyReport({ ...RULE, arl: NaN }, QUIET)).toThrow(RangeError);
  });
});
