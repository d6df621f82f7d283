// Are conditions of Argo read as bounds, and all others left alone?
import { expect, test } from "vitest";
import { boundsOf } from "./condition.ts";

test.each([
  ["result >= 0.95", [{ field: "min", value: 0.95 }]],
  ["result[0] < 5e-3", [{ field: "max", value: 0.005 }]],
  ["0.99 <= result[0]", [{ field: "min", value: 0.99 }]],
  ["asFloat(result) > 10", [{ field: "min", value: 10 }]],
  ["(asInt(result[0]) <= 10)", [{ field: "max", value: 10 }]],
  [
    "result[0] > 1 && result[0] < 3",
    [
      { field: "min", value: 1 },
      { field: "max", value: 3 },
    ],
  ],
])("success: %s", (condition, bounds) => {
  expect(boundsOf(condition, "success")).toEqual(bounds);
});

test("failure: what must not be", () => {
  expect(boundsOf("result[0] < 0.95", "failure")).toEqual([{ field: "min", value: 0.95 }]);
  expect(boundsOf("result[0] < 1 || result[0] > 3", "failure")).toEqual([
    { field: "min", value: 1 },
    { field: "max", value: 3 },
  ]);
});

test.each([
  "result == 1",
  "result[0] > 1 || result[0] < 3",
  "len(result) > 0",
  "result[1] > 3",
  "all(result, # < 1)",
  "result.ok",
  "result > limit",
  "",
])("not read: %s", (condition) => {
  expect(boundsOf(condition, "success")).toBeUndefined();
});
