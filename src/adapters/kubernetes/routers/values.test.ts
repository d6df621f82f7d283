// Is a value that must be two things exactly those that are both?
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { ValueIs } from "../../../core/match.ts";
import { both, bothPaths, holds, segments, type PathIs } from "./values.ts";

const value: fc.Arbitrary<ValueIs> = fc.oneof(
  fc.constantFrom("a", "ab", "b").map((exact) => ({ exact })),
  fc.constantFrom("", "a", "ab", "b").map((prefix) => ({ prefix })),
  fc.constantFrom("a+b?", "b").map((regex) => ({ regex })),
  fc.constant({ present: true } as const),
);

test("whatever value a request has", () => {
  fc.assert(
    fc.property(value, value, fc.constantFrom("", "a", "ab", "abc", "aab", "b"), (one, other, text) => {
      const found = both(one, other);
      if (found === "unknown") return true;
      const isBoth = holds(one, text) === true && holds(other, text) === true;
      return (found === "never" ? false : holds(found, text)) === isBoth;
    }),
    { numRuns: 1_000 },
  );
  expect(both({ prefix: "a" }, { exact: "ab" })).toEqual({ exact: "ab" });
});

test.each<[PathIs | undefined, PathIs, PathIs | string | undefined]>([
  [undefined, segments("/cart"), { segments: "/cart" }],
  [{ prefix: "/" }, segments("/cart/"), { segments: "/cart" }],
  [{ prefix: "/ca" }, segments("/cart"), { segments: "/cart" }],
  [{ prefix: "/cart/x" }, segments("/cart"), { prefix: "/cart/x" }],
  [{ prefix: "/carts" }, segments("/cart"), "never"],
  [segments("/cart/x"), segments("/cart"), { segments: "/cart/x" }],
  [{ exact: "/cart/1" }, segments("/cart"), { exact: "/cart/1" }],
  [{ exact: "/carts" }, segments("/cart"), "never"],
  [{ exact: "/a1" }, { regex: "/a[0-9]" }, { exact: "/a1" }],
  [{ prefix: "/a" }, { regex: "/a[0-9]" }, "unknown"],
  [{ prefix: "/a" }, segments("/"), { prefix: "/a" }],
])("a path that is %o and %o is %o", (one, other, found) => {
  expect(bothPaths(one, other)).toEqual(found);
});
