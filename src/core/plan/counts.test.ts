// Are the counts the nearest there are, within the surge?
import { assert, integer, nat, property, tuple } from "fast-check";
import { expect, test } from "vitest";
import { weight, WHOLE } from "../units.ts";
import { countsFor, recounted } from "./counts.ts";

test("the fewest pods that make the share", () => {
  expect(countsFor(weight(100_000), 9, 9)).toEqual({ stable: 9, canary: 1, share: 100_000 });
  expect(countsFor(weight(100_000), 4, 4)).toEqual({ stable: 4, canary: 1, share: 200_000 });
  expect(countsFor(weight(500_000), 4, 4)).toEqual({ stable: 4, canary: 4, share: 500_000 });
});

test("with less surge stable comes down", () => {
  expect(countsFor(weight(500_000), 4, 1)).toEqual({ stable: 3, canary: 2, share: 400_000 });
  expect(countsFor(weight(750_000), 4, 0)).toEqual({ stable: 1, canary: 3, share: 750_000 });
});

test("a single pod without surge is replaced at once", () => {
  expect(countsFor(weight(300_000), 1, 0)).toEqual({ stable: 0, canary: 1, share: WHOLE });
});

test("no other counts come nearer, and the full size is always there", () => {
  assert(
    property(integer({ min: 1, max: 999_999 }), integer({ min: 1, max: 40 }), nat(40), (asked, full, extra) => {
      const { stable, canary, share } = countsFor(weight(asked), full, extra);
      expect(stable + canary).toBeGreaterThanOrEqual(full);
      expect(stable + canary).toBeLessThanOrEqual(full + extra);
      expect(stable).toBeLessThanOrEqual(full);
      for (let other = 1; other <= full; other += 1) {
        const rest = Math.min(full, full + extra - other);
        if (rest < 1) continue;
        expect(Math.abs(share - asked)).toBeLessThanOrEqual(Math.abs((WHOLE * other) / (other + rest) - asked) + 1);
      }
    }),
  );
});

test("no way to other counts goes beyond the surge or below the full size, and all arrive", () => {
  const sizes = { min: 1, max: 20 };
  assert(
    property(
      integer(sizes),
      integer(sizes),
      tuple(integer({ min: 1, max: 999_999 }), integer({ min: 1, max: 999_999 })),
      (full, surge, shares) => {
        const counts = shares.map((share) => countsFor(weight(share), full, surge));
        const [from, to] = counts.map(({ stable, canary }) => ({ stable, size: canary }));
        if (!from || !to) return;
        let now = from;
        for (const step of recounted(from, to, { fullSize: full, surge })) {
          if (step.op !== "scale") continue;
          now = step.role === "stable" ? { ...now, stable: step.size } : { ...now, size: step.size };
          expect(now.stable + now.size).toBeLessThanOrEqual(full + surge);
          expect(now.stable + now.size).toBeGreaterThanOrEqual(full);
        }
        expect(now).toEqual(to);
      },
    ),
  );
});
