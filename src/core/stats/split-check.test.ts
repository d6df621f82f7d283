// Is a split that is not as asked for found, and one nearly so left alone?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { random } from "../../rehearse/random.ts";
import { checkSplit, splitReport, type SplitState, startSplitCheck } from "./split-check.ts";

/** Looks of 15 s at 200 requests a second. */
const REQUESTS = 3_000;

/** So many looks at a split of `asked` that is `realised` instead. */
function after([asked, realised]: readonly [number, number], looks: number, from = startSplitCheck()): SplitState {
  const chance = random(1);
  let state = from;
  for (let look = 0; look < looks; look++) {
    const canary = chance.binomial(REQUESTS, realised);
    state = checkSplit(state, { canary, others: REQUESTS - canary, share: asked, durationMs: 15_000 });
  }
  return state;
}

describe("what it says", () => {
  test("as asked for, for an hour", () => {
    const report = splitReport(after([0.1, 0.1], 240));
    expect(report.off).toBe(false);
    expect(report.expected).toBeCloseTo(0.1, 12);
    expect(report.realised).toBeCloseTo(0.1, 2);
    expect(report.text).toMatch(/^(9\.\d|10)% of the requests went to the canary, 10% were asked for$/u);
  });

  test("half of it, or twice, is found in one look", () => {
    for (const realised of [0.05, 0.2]) expect(splitReport(after([0.1, realised], 1)).off).toBe(true);
    expect(splitReport(after([0.1, 0.05], 2)).text).toMatch(
      /^the traffic is not split as configured: (4\.\d|5\.\d)% of the requests went to the canary, 10% were asked for$/u,
    );
  });

  test("within five per cent of the odds it is never called off", () => {
    expect(splitReport(after([0.1, 0.1 * 1.02], 2_000)).off).toBe(false);
    expect(splitReport(after([0.5, 0.51], 2_000)).off).toBe(false);
  });

  test("a split that goes wrong after hours is found in minutes, and forgiven when it is right again", () => {
    const good = after([0.1, 0.1], 1_000);
    expect(splitReport(good).off).toBe(false);
    const bad = after([0.1, 0.15], 4, good);
    expect(splitReport(bad).off).toBe(true);
    const long = after([0.1, 0.15], 400, good);
    expect(splitReport(long).realised).toBeCloseTo(0.15, 1);
    expect(splitReport(after([0.1, 0.1], 20, long)).off).toBe(false);
  });

  test("nothing was shared out yet, or there is nothing to share", () => {
    expect(splitReport(startSplitCheck())).toMatchObject({ off: false, expected: 0, realised: 0 });
    const state = after([0.1, 0.1], 1);
    for (const share of [0, 1]) expect(checkSplit(state, { canary: 5, others: 5, share })).toBe(state);
    expect(checkSplit(state, { canary: 0, others: 0, share: 0.5 })).toBe(state);
  });
});

describe("properties", () => {
  const count = fc.integer({ min: 0, max: 5_000 });
  const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });

  test("canary and others are mirror images", () => {
    fc.assert(
      fc.property(count, count, share, (canary, others, asked) => {
        const here = splitReport(checkSplit(startSplitCheck(), { canary, others, share: asked }));
        const there = splitReport(checkSplit(startSplitCheck(), { canary: others, others: canary, share: 1 - asked }));
        expect(there.log).toBeCloseTo(here.log, 6);
      }),
    );
  });

  test("the further off, the more evidence; always finite; survives JSON", () => {
    fc.assert(
      fc.property(count, share, (canary, asked) => {
        const all = 5_000;
        const logOf = (x: number): number =>
          splitReport(checkSplit(startSplitCheck(), { canary: x, others: all - x, share: asked })).log;
        const beyond = canary > asked * all ? Math.min(all, canary + 50) : Math.max(0, canary - 50);
        expect(logOf(beyond)).toBeGreaterThanOrEqual(logOf(canary) - 1e-9);
        expect(Number.isFinite(logOf(canary))).toBe(true);
      }),
    );
    const state = after([0.1, 0.12], 5);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });
});

test.each([
  [{ canary: -1, others: 1, share: 0.5 }, "checkSplit: requests of the canary is negative: -1"],
  [{ canary: 1, others: NaN, share: 0.5 }, "checkSplit: requests of the others is NaN"],
  [{ canary: 1, others: 1, share: 1.5 }, "checkSplit: share is above 1: 1.5"],
  [{ canary: 1, others: 1, share: 0.5, durationMs: Infinity }, "checkSplit: duration is Infinity"],
])("what can't be counted with is refused by name: %#", (odd, message) => {
  expect(() => checkSplit(startSplitCheck(), odd)).toThrow(new RangeError(message));
});
