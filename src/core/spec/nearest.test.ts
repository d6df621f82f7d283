import * as fc from "fast-check";
import { expect, test } from "vitest";
import { distance, nearest } from "./nearest.ts";

test("counts edits, a swap of neighbours as one", () => {
  expect(distance("weight", "weight")).toBe(0);
  expect(distance("wieght", "weight")).toBe(1);
  expect(distance("kitten", "sitting")).toBe(3);
  expect(distance("", "abc")).toBe(3);
});

test("is a distance: symmetric, zero only for the same word, at most the longer word", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      expect(distance(a, b)).toBe(distance(b, a));
      expect(distance(a, b) === 0).toBe(a === b);
      expect(distance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

test("suggests only what is near", () => {
  const known = ["weight", "hold", "judge", "gate"];
  expect(nearest("wieght", known)).toBe("weight");
  expect(nearest("Weight", known)).toBe("weight");
  expect(nearest("holt", known)).toBe("hold");
  expect(nearest("colour", known)).toBeUndefined();
  expect(nearest("x", known)).toBeUndefined();
  expect(nearest("step_weight", ["stepWeight"])).toBe("stepWeight");
  expect(nearest("w".repeat(100_000), known)).toBeUndefined();
});

test("a known name is its own nearest", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{2,20}$/u), (name) => {
      expect(nearest(name, ["zz", name])).toBe(name);
    }),
  );
});
