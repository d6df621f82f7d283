// Is every pass that rests on lack of data found?
import { expect, test } from "vitest";
import { judge } from "./judge.ts";
import { readRequest } from "./request.ts";
import { lacksIn } from "./strict.ts";

type Series = readonly (number | string)[];

interface Given {
  readonly canary?: object;
  readonly experiment: Series;
  readonly control: Series;
  readonly groups?: readonly string[];
}

const many = (level: number, length = 60): number[] => Array.from({ length }, (_, i) => level + ((i * 37) % 17) / 10);

function kindsOf(...metrics: readonly Given[]): readonly string[] {
  const read = readRequest({
    canaryConfig: {
      metrics: metrics.map(({ canary, groups = ["g"] }, index) => ({
        name: `m${index}`,
        groups,
        analysisConfigurations: { canary },
      })),
      classifier: {},
    },
    metricSetPairList: metrics.map(({ experiment, control }, index) => ({
      name: `m${index}`,
      values: { experiment, control },
    })),
    scoreThresholds: { pass: 95, marginal: 75 },
  });
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  return lacksIn(read.request, judge(read.request)).map(
    ({ kind, metric, group }) => `${kind} ${metric ?? group ?? ""}`,
  );
}

const GOOD: Given = { experiment: many(10), control: many(10.1) };

test("enough data is no lack", () => {
  expect(kindsOf(GOOD, { experiment: many(20), control: many(10) })).toEqual([]);
});

test.each<[string, Given, readonly string[]]>([
  ["fewer than 50 points", { experiment: many(10, 49), control: many(10.1) }, ["few-points m1"]],
  ["four points a side", { experiment: [1, 2, 3, 4], control: [1, 2, 3, 5] }, ["too-few-to-tell m1"]],
  ["one point against many", { experiment: [10.5], control: many(10, 20) }, ["too-few-to-tell m1"]],
  ["the same point", { experiment: [1], control: [1] }, ["identical-point m1"]],
  ["a failed comparison", { experiment: [1], control: [0] }, ["metric-failed m1"]],
  ["no data", { experiment: [], control: many(10) }, ["metric-without-data m1"]],
  [
    "no data that counts as a pass",
    { experiment: [], control: many(10), canary: { nanStrategy: "replace" } },
    ["passed-empty m1"],
  ],
  [
    "missing points that count as 0",
    { experiment: [...many(10), "NaN"], control: many(10), canary: { nanStrategy: "replace" } },
    ["counted-as-zero m1"],
  ],
  [
    "a group of its own without data",
    { experiment: [], control: [], groups: ["other"] },
    ["group-without-data other", "metric-without-data m1"],
  ],
  ["muted", { experiment: [], control: [], canary: { muted: true } }, []],
  ["failed for lack of data", { experiment: [], control: [], canary: { mustHaveData: true } }, []],
])("%s", (_, metric, kinds) => {
  expect(kindsOf(GOOD, metric)).toEqual(kinds);
});

test("nothing judged", () => {
  expect(kindsOf()).toEqual(["nothing-judged "]);
  expect(kindsOf({ ...GOOD, canary: { muted: true } })).toEqual(["nothing-judged "]);
});

test("five a side can be told apart", () => {
  expect(kindsOf({ experiment: [1, 2, 3, 4, 5], control: [1, 2, 3, 4, 6] })).toEqual(["few-points m0"]);
});
