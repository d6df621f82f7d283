// Which points make a figure, and which one?
import { describe, expect, test } from "vitest";
import { ms } from "../../core/units.ts";
import type { FigureAsked } from "../../ports/figures.ts";
import { figureOf, figureOfSeries, figureOfValues, widened } from "./figure.ts";

const asked = (as: FigureAsked["as"]): FigureAsked => ({ query: "q", as, fromMs: ms(100), toMs: ms(200) });
const points = (...values: readonly (readonly [atMs: number, value: unknown])[]) =>
  values.map(([atMs, value]) => ({ atMs, value }));

describe("points of one series", () => {
  const all = points([100, 1], [101, 2], [150, null], [200, 4], [201, 8]);

  test("begin after the interval's begin and end with its end", () => {
    expect(figureOfSeries([all], asked("count"))).toEqual({ ok: true, value: 6 });
    expect(figureOfSeries([all], asked("level"))).toEqual({ ok: true, value: 3 });
  });

  test("are counted once in intervals that follow each other", () => {
    const before: FigureAsked = { ...asked("count"), fromMs: ms(0), toMs: ms(100) };
    const after: FigureAsked = { ...asked("count"), fromMs: ms(200), toMs: ms(300) };
    const sums = [before, asked("count"), after].map((one) => figureOfSeries([all], one));
    expect(sums).toEqual([1, 6, 8].map((value) => ({ ok: true, value })));
  });

  test("outside of it are no data", () => {
    const why = "has no data for the interval";
    expect(figureOfSeries([points([100, 1], [201, 2])], asked("count"))).toEqual({ ok: false, why });
    expect(figureOfSeries([], asked("count"))).toEqual({ ok: false, why });
  });

  test("with no value at all are not 0", () => {
    const why = "has only null for the interval";
    expect(figureOfSeries([points([150, null])], asked("count"))).toEqual({ ok: false, why });
  });

  test("of several series are none", () => {
    const why = "answered 3 series where one was asked for";
    expect(figureOfSeries([all, all, all], asked("level"))).toEqual({ ok: false, why });
  });
});

test.each([
  [[1, Number.NaN, 2], "answered NaN"],
  [[1, "Infinity"], 'answered "Infinity", which is no number'],
  [[1, "+Inf"], "answered Infinity"],
  [[1.7e308, 1.7e308], "answered Infinity"],
  [[1, "1,5"], 'answered "1,5", which is no number'],
  [[{}], "answered {}, which is no number"],
])("values of %j are no figure", (values, why) => {
  expect(figureOfValues(values, { as: "count" })).toEqual({ ok: false, why });
});

test.each([
  [0, 0],
  ["0", 0],
  [" 1.5 ", 1.5],
  ["-1e3", -1_000],
  [".5", 0.5],
])("%j is the number %d", (value, number) => {
  expect(figureOf(value)).toEqual({ ok: true, value: number });
});

test.each([["0x10"], [""], ["1 2"], [true], [null], [undefined], [[1]]])("%j is none", (value) => {
  expect(figureOf(value)).toMatchObject({
    ok: false,
    why: expect.stringMatching(/^answered .*, which is no number$/u) as unknown,
  });
});

test("an interval is asked for in whole steps", () => {
  expect(widened({ ...asked("level"), fromMs: ms(61_000), toMs: ms(179_999) }, 60_000)).toEqual({
    fromMs: 60_000,
    toMs: 180_000,
  });
  expect(widened({ ...asked("level"), fromMs: ms(60_000), toMs: ms(180_000) }, 60_000)).toEqual({
    fromMs: 60_000,
    toMs: 240_000,
  });
});
