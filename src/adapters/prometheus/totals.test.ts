// Is each thing that a series has counted new exactly once?
import { expect, test } from "vitest";
import { counted, rhythmOf, type Counted } from "./totals.ts";

const samples = (...values: readonly (readonly [number, number])[]): readonly Counted[] =>
  values.map(([at, value]) => [at, [value]]);

test("samples that come again add nothing, and resets between two looks are seen", () => {
  const first = counted(undefined, samples([1, 5], [2, 7]), true);
  expect(first?.total).toEqual([7]);
  const again = counted(first, samples([1, 5], [2, 7]), true);
  expect(again).toEqual(first);
  // It began again at 0 between two samples, and has counted more than before since.
  expect(counted(first, samples([2, 7], [3, 1], [4, 9]), true)?.total).toEqual([16]);
});

test("of what was there before anybody looked, nothing is new", () => {
  const first = counted(undefined, samples([1, 500], [2, 700]), false);
  expect(first?.total).toEqual([0]);
  expect(counted(first, samples([3, 705]), false)?.total).toEqual([5]);
  expect(counted(undefined, [], false)).toBeUndefined();
  expect(counted(undefined, [], true)).toBeUndefined();
});

test("counts of buckets begin again together", () => {
  const first = counted(undefined, [[1, [3, 4]]], true);
  expect(counted(first, [[2, [5, 1]]], true)?.total).toEqual([8, 5]);
});

test("the usual time between samples is not that of a gap", () => {
  expect(rhythmOf([0, 10, 20, 95, 105])).toBe(10);
  expect(rhythmOf([7])).toBeUndefined();
});
