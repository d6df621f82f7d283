// Is the score made as Kayenta makes it, digits and order included?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { doubleText, roundHalfUp } from "./decimal.ts";
import { groupOrder, mapOrder } from "./scala-order.ts";
import { scoreOf, type Scored } from "./score.ts";

describe("rounding", () => {
  test.each([
    [33.333333333333336, 33.33],
    [66.66666666666667, 66.67],
    [94.995, 95],
    [94.9949999, 94.99],
    [1.005, 1.01],
    [-1.005, -1.01],
    [0.285, 0.29],
    [100, 100],
    [120.5, 120.5],
    [1e-7, 0],
    [1e21, 1e21],
    [NaN, NaN],
    [Infinity, Infinity],
  ])("%d is %d", (value, rounded) => {
    expect(roundHalfUp(value, 2)).toBe(rounded);
  });
  test("never further than half a step away", () => {
    fc.assert(
      fc.property(fc.double({ min: -1_000, max: 1_000, noNaN: true }), (value) => {
        expect(Math.abs(roundHalfUp(value, 2) - value)).toBeLessThanOrEqual(0.005 + 1e-12);
      }),
    );
  });
});

test.each([
  [100, "100.0"],
  [0, "0.0"],
  [-0, "-0.0"],
  [0.001, "0.001"],
  [0.0001, "1.0E-4"],
  [6.825022991538781e-5, "6.825022991538781E-5"],
  [9_999_999, "9999999.0"],
  [10_000_000, "1.0E7"],
  [12_345_678.9, "1.23456789E7"],
  [-1e21, "-1.0E21"],
  [NaN, "NaN"],
])("%d is written %s", (value, text) => {
  expect(doubleText(value)).toBe(text);
});

describe("the order of groups", () => {
  // As Scala 2.12.12 gives them.
  test.each([
    [
      ["business", "Aa"],
      ["Aa", "business"],
    ],
    [
      ["g1", "Ä", "business", "Aa", "errors"],
      ["business", "Ä", "Aa", "errors", "g1"],
    ],
  ])("%j", (names, order) => {
    expect(groupOrder(names)).toEqual(order);
  });
  test("no name is lost, and up to four keep the order of the configuration", () => {
    const names = fc.uniqueArray(fc.string(), { maxLength: 40 });
    fc.assert(
      fc.property(names, (some) => {
        expect(groupOrder(some).toSorted()).toEqual(some.toSorted());
        expect(mapOrder(some.slice(0, 4))).toEqual(some.slice(0, 4));
      }),
    );
  });
});

const classification = fc.constantFrom<Scored["classification"]>(
  "Pass",
  "High",
  "Low",
  "Nodata",
  "NodataFailMetric",
  "Error",
);
const scored = fc.record({
  classification,
  classificationReason: fc.constant("why"),
  groups: fc.subarray(["a", "b", "c"]),
  critical: fc.boolean(),
  muted: fc.boolean(),
});
const thresholds = { pass: 95, marginal: 75 };

describe("properties", () => {
  test("with weights of 100 in all, the score is from 0 to 100", () => {
    const weights = fc.constantFrom<[string, number][]>(
      [],
      [["a", 100]],
      [
        ["a", 50],
        ["b", 50],
      ],
      [
        ["a", 20],
        ["b", 30],
        ["c", 50],
      ],
    );
    fc.assert(
      fc.property(fc.array(scored, { maxLength: 12 }), weights, (results, given) => {
        const { score } = scoreOf(results, { weights: new Map(given), thresholds }).score;
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
      }),
    );
  });
  test("muted metrics never count", () => {
    fc.assert(
      fc.property(fc.array(scored, { maxLength: 12 }), (results) => {
        const rule = { weights: new Map([["a", 40]]), thresholds };
        const heard = results.filter(({ muted }) => !muted);
        expect(scoreOf(results, rule)).toEqual(scoreOf(heard, rule));
      }),
    );
  });
  test("one more pass in a group that has a weight is never worse", () => {
    fc.assert(
      fc.property(fc.array(scored, { minLength: 1, maxLength: 12 }), (results) => {
        const rule = { weights: new Map([["a", 100]]), thresholds };
        const only = results.map((result) => ({ ...result, groups: ["a"], muted: false }));
        fc.pre(only.some((result) => ["High", "Low"].includes(result.classification)));
        const pass: Scored = { classification: "Pass", groups: ["a"], critical: false, muted: false };
        expect(scoreOf([...only, pass], rule).score.score).toBeGreaterThanOrEqual(scoreOf(only, rule).score.score);
      }),
    );
  });
});

test("the first critical failure is the reason", () => {
  const result = (reason: string, critical: boolean): Scored => ({
    classification: "High",
    classificationReason: reason,
    groups: ["a"],
    critical,
    muted: false,
  });
  const found = scoreOf([result("one", false), result("two", true), result("three", true)], {
    weights: new Map(),
    thresholds,
  });
  expect(found.score).toEqual({ score: 0, classification: "Fail", classificationReason: "Canary Failed: two" });
});
