// Are the series of both sides paired as Kayenta pairs them?
import { expect, test } from "vitest";
import { mix, type MetricSet } from "./mixer.ts";

const MINUTE_MS = 60_000;

interface With {
  readonly tags?: Readonly<Record<string, string>>;
  /** How many points the window has room for. */
  readonly points?: number;
}

function set(name: string, values: readonly number[], { tags = {}, points = 0 }: With = {}): MetricSet {
  return { name, tags, values, startTimeMillis: 0, endTimeMillis: points * MINUTE_MS + 1, stepMillis: MINUTE_MS };
}

const T = { tagName: "tagValue" };
const AB = { tagNameA: "tagValueA", tagNameB: "tagValueB" };
const BA = { tagNameB: "tagValueB", tagNameA: "tagValueA" };

function pairsOf(names: readonly string[], control: readonly MetricSet[], experiment: readonly MetricSet[]) {
  const mixed = mix(names, { control, experiment });
  return mixed.ok ? mixed.pairs.map((pair) => [pair.name, pair.tags, pair.control, pair.experiment]) : mixed.message;
}

test("by name and tags, in the order of the configuration", () => {
  const control = [set("errors", [10, 20, 30], { tags: AB }), set("cpu", [1, 3], { tags: T })];
  const experiment = [set("cpu", [], { tags: T }), set("errors", [60, 70, 80], { tags: BA })];
  expect(pairsOf(["cpu", "errors"], control, experiment)).toEqual([
    ["cpu", T, [1, 3], []],
    ["errors", AB, [10, 20, 30], [60, 70, 80]],
  ]);
});

test("a side without tags stands as missing points beside each series of the other", () => {
  const bare = [set("errors", [70, 80], { points: 2 })];
  const tagged = [
    set("errors", [1, 2], { tags: { zone: "a" }, points: 2 }),
    set("errors", [3], { tags: { zone: "b" }, points: 2 }),
  ];
  expect(pairsOf(["errors"], bare, tagged)).toEqual([
    ["errors", { zone: "a" }, [NaN, NaN], [1, 2]],
    ["errors", { zone: "b" }, [NaN, NaN], [3, NaN]],
  ]);
  expect(pairsOf(["errors"], tagged, bare)).toEqual([
    ["errors", { zone: "a" }, [1, 2], [NaN, NaN]],
    ["errors", { zone: "b" }, [3, NaN], [NaN, NaN]],
  ]);
});

test("tags that one side lacks are paired with missing points", () => {
  const control = [
    set("cpu", [1], { tags: { zone: "a" }, points: 1 }),
    set("cpu", [2], { tags: { zone: "b" }, points: 1 }),
  ];
  const experiment = [
    set("cpu", [3], { tags: { zone: "b" }, points: 1 }),
    set("cpu", [4], { tags: { zone: "c" }, points: 1 }),
  ];
  expect(pairsOf(["cpu"], control, experiment)).toEqual([
    ["cpu", { zone: "a" }, [1], [NaN]],
    ["cpu", { zone: "b" }, [2], [3]],
    ["cpu", { zone: "c" }, [NaN], [4]],
  ]);
});

test("a shorter side is padded at its end, a longer one stays", () => {
  expect(pairsOf(["cpu"], [set("cpu", [], { points: 4 })], [set("cpu", [1, 2, 3, 4, 5], { points: 4 })])).toEqual([
    ["cpu", {}, [NaN, NaN, NaN, NaN], [1, 2, 3, 4, 5]],
  ]);
  expect(pairsOf(["cpu"], [{ ...set("cpu", [1], { points: 4 }), stepMillis: 0 }], [set("cpu", [2])])).toEqual([
    ["cpu", {}, [1], [2]],
  ]);
});

test("what does not fit together is named", () => {
  expect(pairsOf(["m"], [], [set("m", [])])).toBe(
    "found no baseline series of m; a metric without data needs an empty one",
  );
  expect(pairsOf(["m"], [set("m", [])], [])).toBe(
    "found no canary series of m; a metric without data needs an empty one",
  );
  expect(pairsOf(["m"], [set("m", [], { tags: { a: "1" } })], [set("m", [], { tags: { b: "1" } })])).toBe(
    "found the tags a on the baseline's series of m and b on the canary's, they must be the same",
  );
});
