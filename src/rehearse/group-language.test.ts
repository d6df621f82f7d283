// Is it understood whom of a group a line is about, and is a wrong line told what would be right?
import { describe, expect, test } from "vitest";
import { readGroupLines } from "./group-language.ts";

const MEMBERS = ["catalog", "checkout"];

describe("a line", () => {
  test.each([
    ["load 200/s", undefined, "load 200/s", 0],
    ["checkout: canary errors 2%", "checkout", "checkout: canary errors 2%", 0],
    ["checkout: errors of canary 2 % # a comment", "checkout", "checkout: canary errors 2%", 0],
    ["at 1m 30s checkout: crash canary 1", "checkout", "checkout: at 1m 30s crash canary 1", 90_000],
    ["catalog: at 2m metrics gone for 1m", "catalog", "catalog: at 2m metrics gone for 1m", 120_000],
    ["at 3m abort", undefined, "at 3m abort", 180_000],
    ["checkout: at 3m promote full", "checkout", "checkout: at 3m promote full", 180_000],
  ])("%s", (row, ...said) => {
    const events = readGroupLines(row, MEMBERS).events.map((one) => [one.member, one.text, one.atMs]);
    expect(events).toEqual([said]);
  });

  test("a file has one in each row", () => {
    const { events } = readGroupLines("load 5/s\n\n# nothing; really\ncatalog: canary slower x2\n", MEMBERS, true);
    expect(events.map(({ line, member }) => [line, member])).toEqual([
      [1, undefined],
      [4, "catalog"],
    ]);
  });
});

test.each([
  [
    "load 1/s; chekout: canary good",
    'line 2: found "chekout:"; right would be a member (catalog, checkout)',
    "checkout?",
  ],
  ["checkout: canary eats 2%", 'line 1: found "eats"', "errors"],
  ["expect outcome promoted", 'line 1: found "expect"', "expectations are of one rollout"],
  ["at 1m expect says x", 'line 1: found "expect"', "expectations are of one rollout"],
  ["rollout a.yaml", 'line 1: found "rollout"', "its own file says"],
  ["at 1m apply v3", 'line 1: found "apply"', "v2 of each member"],
  ["catalog: controller gone for 1m", 'line 1: found "catalog:"', "one controller"],
  ["at 1m promote full", 'line 1: found "full"', "checkout: at 30s promote full"],
])("%s is refused", (text, found, right) => {
  expect(() => readGroupLines(text, MEMBERS)).toThrow(found);
  expect(() => readGroupLines(text, MEMBERS)).toThrow(right);
});
