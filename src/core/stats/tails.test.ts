// Does every way to count slow requests count the same ones?
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BUCKETS, countAbove, countOf, mergeHistograms } from "../histogram.ts";
import { ms } from "../units.ts";
import type { LookRow } from "./plan.ts";
import { cellsBeyond, tailsOf, tallyBeyond, wholeTail, withLatencies } from "./tails.ts";

const latency = fc.dictionary(fc.integer({ min: 0, max: BUCKETS - 1 }).map(String), fc.integer({ min: 1, max: 1_000 }));
const rows = fc.array(
  fc.record({
    replica: fc.constantFrom("a", "b", "-"),
    arm: fc.constant<LookRow["arm"]>("stable"),
    ageMs: fc.constant(ms(0)),
    requests: fc.constant(0),
    failed: fc.constant(0),
    clientErrors: fc.constant(0),
    latency,
  }),
  { maxLength: 6 },
);
const bucket = fc.integer({ min: -1, max: BUCKETS });

test("what is beyond a bucket, row by row and all together", () => {
  fc.assert(
    fc.property(rows, bucket, (seen, limit) => {
      const tails = tailsOf(seen);
      for (const [i, row] of seen.entries()) {
        expect(tallyBeyond(tails[i] ?? wholeTail([]), limit)).toEqual([
          countOf(row.latency),
          countAbove(row.latency, limit),
        ]);
      }
      const all = mergeHistograms(seen.map((row) => row.latency));
      expect(tallyBeyond(wholeTail(tails), limit)).toEqual([countOf(all), countAbove(all, limit)]);
    }),
  );
});

test("by replica, without requests that no replica could answer", () => {
  fc.assert(
    fc.property(rows, bucket, (seen, limit) => {
      const cells = cellsBeyond({ rows: seen, tails: tailsOf(seen) }, limit);
      for (const replica of ["a", "b"]) {
        const own = mergeHistograms(seen.filter((row) => row.replica === replica).map((row) => row.latency));
        const expected = countOf(own) > 0 ? [countOf(own), countAbove(own, limit)] : undefined;
        expect(cells[replica]).toEqual(expected);
      }
      expect(cells["-"]).toBeUndefined();
    }),
  );
});

test("histograms add up, also of fractions of requests", () => {
  fc.assert(
    fc.property(rows, latency, (seen, before) => {
      const halves = seen.map((row) => ({ ...row, latency: mergeHistograms([row.latency, { 7: 0.5 }]) }));
      const next = withLatencies(before, halves, wholeTail(tailsOf(halves)));
      expect(next).toEqual(mergeHistograms([before, ...halves.map((row) => row.latency)]));
    }),
  );
});
