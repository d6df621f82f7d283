import * as fc from "fast-check";
import { expect, test } from "vitest";
import { WHOLE, weight } from "../units.ts";
import { canCarry, shareFor, sizeFor } from "./capacity.ts";

test("a share needs its part of the replicas, rounded up", () => {
  expect(sizeFor(weight(0), 4)).toBe(0);
  expect(sizeFor(weight(1), 4)).toBe(1);
  expect(sizeFor(weight(250_000), 4)).toBe(1);
  expect(sizeFor(weight(250_100), 4)).toBe(2);
  expect(sizeFor(weight(666_667), 3)).toBe(2);
  expect(sizeFor(WHOLE, 7)).toBe(7);
});

const fullSize = fc.integer({ min: 1, max: 1_000 });

test("some replicas carry the share that they are for, and stable the rest", () => {
  fc.assert(
    fc.property(fullSize, fc.nat(1_000), fc.constantFrom(1, 1_000, 10_000, 500_000), (full, nat, granularity) => {
      const size = nat % (full + 1);
      const share = shareFor(size, full, weight(granularity));
      expect(canCarry(share, size, full)).toBe(true);
      expect(share % granularity).toBe(0);
      const fits = canCarry(weight(WHOLE - share), full - size, full);
      expect(fits || granularity > 1).toBe(true);
    }),
  );
});

test("never asks for more replicas than there are, and never for one too few", () => {
  fc.assert(
    fc.property(fullSize, fc.integer({ min: 1, max: WHOLE }), (full, ppm) => {
      const size = sizeFor(weight(ppm), full);
      expect(size).toBeGreaterThanOrEqual(1);
      expect(size).toBeLessThanOrEqual(full);
      expect((size / full) * WHOLE).toBeGreaterThanOrEqual(ppm - 1);
    }),
  );
});
