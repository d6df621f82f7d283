import * as fc from "fast-check";
import { expect, test } from "vitest";
import { percent, weight } from "../units.ts";
import { readFlaggerWeight, readFraction, readWeight } from "./weights.ts";

test("reads whatever `percent` writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (ppm) => {
      expect(readWeight(percent(weight(ppm)))).toEqual({ ok: true, value: ppm });
    }),
  );
});

test.each([
  ["105%", "found 105%, a weight is from 0.0001% to 100%"],
  ["0%", "found 0%, a weight is from 0.0001% to 100%"],
  ["-1%", "found -1%, a weight is from 0.0001% to 100%"],
  ["0.00012%", "found 0.00012%, a weight has at most four decimals, such as 0.0001%"],
  [10, "found 10, a weight is written with a percent sign, such as 10%"],
  ["10", "found 10, a weight is written with a percent sign, such as 10%"],
  ["ten", "found ten, a weight is written with a percent sign, such as 10%"],
  [null, "found nothing, a weight is written with a percent sign, such as 10%"],
])("%j is not a weight", (input, message) => {
  expect(readWeight(input)).toEqual({ ok: false, message });
});

test("a percentage is a fraction of one, without floating-point noise", () => {
  expect(readFraction("0.1%", { atLeast: 0, atMost: 100 })).toEqual({ ok: true, value: 0.001 });
  expect(readFraction("99.5%", { atLeast: 0, atMost: 100 })).toEqual({ ok: true, value: 0.995 });
  expect(readFraction("101%", { atLeast: 0, atMost: 100 }).ok).toBe(false);
});

test("Flagger's weights are whole numbers of percent", () => {
  expect(readFlaggerWeight(10)).toEqual({ ok: true, value: 100_000 });
  expect(readFlaggerWeight("0.5%")).toEqual({ ok: true, value: 5_000 });
  expect(readFlaggerWeight(0.5).ok).toBe(false);
  expect(readFlaggerWeight(101).ok).toBe(false);
});

test("never throws, whatever stands there", () => {
  const everything = fc.property(fc.anything(), (input) => typeof readWeight(input).ok === "boolean");
  expect(() => fc.assert(everything)).not.toThrow();
});
