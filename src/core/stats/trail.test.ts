// Does a trail stay small without losing its beginning, its end or its order?
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ms } from "../units.ts";
import { leave, MOST_POINTS, startTrail, type TrailPoint } from "./trail.ts";

const point = (at: number): TrailPoint => ({
  atMs: ms(at),
  share: 0,
  canaryRequests: at,
  kind: "undecided",
  metrics: {},
});

test("any number of looks leaves at most so many points, in order, from the first on", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), fc.func(fc.boolean()), (looks, keep) => {
      let trail = startTrail();
      for (let at = 0; at < looks; at++) trail = leave(trail, () => point(at), at % 97 === 0 && keep(at));
      const times = trail.points.map(({ atMs }) => atMs);
      expect(times.length).toBeLessThanOrEqual(MOST_POINTS);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times[0]).toBe(0);
      expect(looks - 1 - (times.at(-1) ?? 0)).toBeLessThanOrEqual(2 * trail.stride);
    }),
    { numRuns: 30 },
  );
});

test("a point is made only where one is left", () => {
  let made = 0;
  let trail = startTrail();
  for (let at = 0; at < 10_000; at++) {
    trail = leave(trail, () => {
      made += 1;
      return point(at);
    });
  }
  expect(made).toBeLessThan(1_000);
});
