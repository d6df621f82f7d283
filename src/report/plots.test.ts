// Are plots drawn within their frames, whatever is drawn?
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ERRORS, NOTHING, recordsOf, START, verdictOf } from "../../test/support/report.ts";
import { xmlTrouble } from "../../test/support/xml.ts";
import type { TrailPoint } from "../core/stats/trail.ts";
import { ms, weight } from "../core/units.ts";
import { htmlOf } from "./html.ts";
import { markdownOf } from "./markdown.ts";
import { pieces } from "./plot.ts";
import { axisUnit, interval, odds, quantity, sure } from "./quantity.ts";
import { reportOf } from "./report.ts";
import { oddsTicks, scale, timeTicks, valueAxis, valueTicks } from "./scale.ts";
import { spark } from "./spark.ts";

const labels = (ticks: readonly { label: string }[]) => ticks.map(({ label }) => label);

test("times are named at round distances", () => {
  expect(labels(timeTicks([0, 130_000], 5))).toEqual(["0", "30s", "1m", "1m 30s", "2m"]);
  expect(labels(timeTicks([0, 3], 5))).toEqual(["0", "1ms", "2ms", "3ms"]);
  expect(labels(timeTicks([7_500, 35_000], 5))).toEqual(["10s", "20s", "30s"]);
  expect(labels(timeTicks([9_500, 10_500], 5))).toEqual(["9.6s", "9.8s", "10s", "10.2s", "10.4s"]);
  expect(labels(timeTicks([7_199_000, 7_203_000], 5))).toEqual(["1h 59m 59s", "2h", "2h 1s", "2h 2s", "2h 3s"]);
  expect(labels(timeTicks([0, 40 * 86_400_000], 5))).toEqual(["0", "14d", "28d"]);
});

test("values are named in one unit, with as many decimals", () => {
  const named = (top: number, unit: string) => labels(valueTicks(valueAxis([0, top], axisUnit(unit, top))));
  expect(named(0.031, "share")).toEqual(["0%", "1%", "2%", "3%", "4%"]);
  expect(named(0.0012, "share")).toEqual(["0.00%", "0.05%", "0.10%", "0.15%"]);
  expect(named(412, "ms")).toEqual(["0 ms", "200 ms", "400 ms", "600 ms"]);
  expect(named(9_000, "ms")).toEqual(["0 s", "5 s", "10 s"]);
  expect(named(3 * 2 ** 30, "B")).toEqual(["0 GiB", "1 GiB", "2 GiB", "3 GiB"]);
  expect(named(70, "1/s")).toEqual(["0/s", "20/s", "40/s", "60/s", "80/s"]);
  expect(named(0, "widgets")).toEqual(["0", "1"]);
});

test("evidence is named as odds, always with 1:1", () => {
  expect(labels(oddsTicks([-2.4, 5.5]))).toEqual(["1:10", "1:1", "10:1", "100:1"]);
  expect(labels(oddsTicks([-4.7, 14]))).toEqual(["1:100", "1:1", "100:1", "10⁴:1", "10⁶:1"]);
  expect([odds(0), odds(Math.log(120)), odds(-Math.log(8)), odds(800), odds(null), odds(undefined)]).toEqual([
    "1:1",
    "120:1",
    "1:8",
    "over 10⁶:1",
    "beyond measure",
    "–",
  ]);
});

test("figures in their units", () => {
  expect([quantity(0.25, "cores"), quantity(3, "1/h"), quantity(0.02, "s"), quantity(null, "B")]).toEqual([
    "0.25 cores",
    "3.0 an hour",
    "20 ms",
    "beyond measure",
  ]);
  expect([interval([0.021, 0.039], "share"), interval([-0.03, 0.12], "MiB"), interval(undefined, "B")]).toEqual([
    "+2.1 to +3.9 points",
    "−3.0% to +12%",
    "–",
  ]);
  expect([sure(Math.log(100)), sure(-3), sure(undefined)]).toEqual(["99%", "0%", "–"]);
});

test("a pause in the trail and a moment without a figure are gaps", () => {
  const spots = [0, 1, 2, 3, 20, 21].map((second) => ({
    atMs: second * 1_000,
    x: second,
    y: second === 2 ? undefined : 5,
  }));
  expect(pieces(spots).map((piece) => piece.map(({ x }) => x))).toEqual([[0, 1], [3], [20, 21]]);
});

test("a line of bars", () => {
  const levels = [0, 0.5, 1].map((level, index) => ({ atMs: index * 10, level }));
  expect(spark(levels, 4)).toBe("▁▅▅█");
  expect(spark(levels.slice(0, 1), 4)).toBe("");
});

test("what lies outside is kept near", () => {
  const at = scale([0, 10], [100, 0]);
  expect([at(5), at(1e300), at(-Infinity), scale([3, 3], [0, 9])(3)]).toEqual([50, -1_000, 100, 0]);
});

/** Anything that a number in a journal may be. */
const value = fc.oneof(
  fc.double(),
  fc.double({ min: 0, max: 1 }),
  fc.constantFrom(0, 1, -1, 1e300, -1e300, 5e-324, Infinity, -Infinity, NaN, undefined, null as unknown as undefined),
);

const point = fc.record({
  atMs: fc.integer({ min: -5_000, max: 40 * 86_400_000 }).map((since) => ms(START + since)),
  share: fc.integer({ min: 0, max: 1_000_000 }).map(weight),
  canaryRequests: fc.nat(),
  kind: fc.constant("undecided" as const),
  metrics: fc.dictionary(
    fc.constantFrom("success-rate", "memory", "__proto__", "toString", "<&>"),
    fc.record({
      canary: value,
      baseline: value,
      interval: fc.option(fc.tuple(value, value), { nil: undefined }),
      logBad: value,
      logGo: value,
    }),
    { maxKeys: 4 },
  ),
}) as fc.Arbitrary<TrailPoint>;

test("no trail brings a number that is none, or markup that is none", () => {
  const unit = fc.constantFrom("share", "ms", "s", "B", "B/s", "cores", "1/h", "", "<b>");
  fc.assert(
    fc.property(fc.array(point, { maxLength: 12 }), unit, value, (points, of, canary) => {
      const told = { ...ERRORS, unit: of, canary, logBad: canary ?? 0 };
      const verdict = verdictOf("undecided", [told, { ...told, name: "memory", baseline: canary }]);
      const trail = { points, stride: 1, since: 0 };
      const records = recordsOf([
        [0, "started", "x"],
        [30, "back", "y", { verdict, trail }],
      ]);
      const report = reportOf(records, NOTHING);
      const page = htmlOf(report);
      expect(xmlTrouble(page)).toBeUndefined();
      expect(page).not.toMatch(/NaN|Infinity|undefined|null/u);
      expect(markdownOf(report)).not.toMatch(/NaN|Infinity|undefined|null/u);
    }),
    { seed: 7, numRuns: 150 },
  );
});
