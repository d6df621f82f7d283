import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bytes, readBytes, readPoolSize, replicasOf } from "./sizes.ts";

const bounds = { atLeast: 0, atMost: Number.MAX_SAFE_INTEGER };

test("reads whatever `bytes` writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (value) => {
      expect(readBytes(bytes(value), bounds)).toEqual({ ok: true, value });
    }),
  );
});

test.each([
  ["32kB", 32_000],
  ["32KiB", 32_768],
  ["1.5MB", 1_500_000],
  ["10 MiB", 10_485_760],
  [512, 512],
])("%j bytes", (input, expected) => {
  expect(readBytes(input, bounds)).toEqual({ ok: true, value: expected });
});

test.each([["32k"], ["1.5B"], ["B"], [-1], [1.5], [Number.NaN], [null], ["1e3B"]])("not bytes: %j", (input) => {
  expect(readBytes(input, bounds).ok).toBe(false);
});

test("a part of a pool is rounded up, at least one, at most all", () => {
  expect(readPoolSize("25%")).toEqual({ ok: true, value: { fraction: 0.25 } });
  expect(readPoolSize(4)).toEqual({ ok: true, value: { replicas: 4 } });
  for (const wrong of [0, "0%", "101%", "1.5", -1, "", null]) expect(readPoolSize(wrong).ok).toBe(false);
  expect(replicasOf({ fraction: 0.25 }, 5)).toBe(2);
  expect(replicasOf({ fraction: 0.01 }, 3)).toBe(1);
  expect(replicasOf({ fraction: 0.7 }, 10)).toBe(7);
  expect(replicasOf({ replicas: 9 }, 3)).toBe(3);
});
