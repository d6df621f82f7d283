import * as fc from "fast-check";
import { expect, test } from "vitest";
import { duration, ms } from "../units.ts";
import { readDuration } from "./durations.ts";

test.each([
  ["250ms", 250],
  ["90s", 90_000],
  ["5m", 300_000],
  ["1m30s", 90_000],
  ["1m 30s", 90_000],
  ["1.5s", 1_500],
  ["2h", 7_200_000],
  ["1d 2h 3m 4s 5ms", 93_784_005],
  ["0s", 0],
])("%s", (text, expected) => {
  expect(readDuration(text)).toEqual({ ok: true, value: expected });
});

test.each([
  ["5"],
  [5],
  [""],
  ["s"],
  ["5 m"],
  ["5m3h"],
  ["3h3h"],
  ["-5s"],
  ["1e3s"],
  ["5 minutes"],
  [null],
  [undefined],
  [[]],
  ["٥s"],
  ["400d"],
])("not a duration: %j", (input) => {
  expect(readDuration(input).ok).toBe(false);
});

test("a bound is named", () => {
  expect(readDuration("0s", { atLeast: ms(1) })).toEqual({
    ok: false,
    message: "found 0s, a duration here is from 1ms to 366d",
  });
});

test("reads whatever `duration` writes, to its precision", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 365 * 86_400_000 }), (value) => {
      const read = readDuration(duration(ms(value)));
      if (!read.ok) throw new Error(read.message);
      expect(Math.abs(read.value - value)).toBeLessThanOrEqual(value * 0.05);
    }),
  );
});

test("never throws, whatever stands there", () => {
  const everything = fc.property(fc.anything(), (input) => typeof readDuration(input).ok === "boolean");
  expect(() => fc.assert(everything)).not.toThrow();
});
