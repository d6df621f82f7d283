// Do buckets of any scale end up where their values belong?
import { expect, test } from "vitest";
import { NATIVE_BOUNDS, nativeCounts } from "./native.ts";

/** Buckets of a scale: the one of this index ends at 2^(index / 2^scale). */
const bucket = (scale: number, index: number, count: number) =>
  [2 ** ((index - 1) / 2 ** scale), 2 ** (index / 2 ** scale), count] as const;

const told = (counts: readonly number[]) =>
  counts.flatMap((count, index) => (count > 0 ? [[NATIVE_BOUNDS[index], count]] : []));

test.each([-2, 0, 1, 3, 8])("a bucket of scale %i lies below its own bound, never above the next", (scale) => {
  for (const index of [-30, -7, -1, 0, 1, 5, 40]) {
    const [, right] = bucket(scale, index, 1);
    if (right < 2 ** -20 || right > 2 ** 20) continue;
    const [[bound = 0, count] = []] = told(nativeCounts({ count: 1, buckets: [bucket(scale, index, 1)] }));
    expect(count).toBe(1);
    expect(bound).toBeGreaterThanOrEqual(right * (1 - 1e-6));
    expect(bound).toBeLessThan(right * Math.SQRT2 * (1 + 1e-6));
  }
});

test("what is beyond all bounds, and what is nothing or less", () => {
  const counts = nativeCounts({
    count: 6,
    buckets: [
      [-1, -0.5, 1],
      [-0.001, 0.001, 2],
      [2 ** 30, 2 ** 31, 3],
    ],
  });
  expect(counts[0]).toBe(1);
  expect(counts.at(-1)).toBe(3);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(6);
});
