// Which one figure do points make, or why do they make none?
import type { Figure, FigureAsked } from "../../ports/figures.ts";

/** A value as a vendor has it: a number, a text that is one, or whatever else came. */
export interface Point {
  readonly atMs: number;
  readonly value: unknown;
}

/** No figure, with the reason as a phrase that follows the source's name. */
export function failed(why: string): Figure {
  return { ok: false, why };
}

export const NO_DATA = failed("has no data for the interval");

/** Several series where one was asked for. None of them is the figure. */
export function several(count: number, what = "series"): Figure {
  return failed(`answered ${count} ${what} where one was asked for`);
}

/** The one value that was answered. */
export function figureOf(value: unknown): Figure {
  const number = numberOf(value);
  if (number === undefined) return failed(`answered ${shown(value)}, which is no number`);
  if (!Number.isFinite(number)) return failed(`answered ${number}`);
  return { ok: true, value: number };
}

/**
 * The values of one series: their mean for a `level`, their sum for a `count`. Points without a value (null) are no
 * points; one that is not finite spoils the figure, since nobody knows what it stands for.
 */
export function figureOfValues(values: readonly unknown[], { as }: Pick<FigureAsked, "as">): Figure {
  if (values.length === 0) return NO_DATA;
  const there = values.filter((value) => value !== null && value !== undefined);
  if (there.length === 0) return failed("has only null for the interval");
  let sum = 0;
  for (const value of there) {
    const figure = figureOf(value);
    if (!figure.ok) return figure;
    sum += figure.value;
  }
  return figureOf(as === "count" ? sum : sum / there.length);
}

/** The same of the points that lie in the interval. */
function figureOfPoints(points: readonly Point[], asked: FigureAsked): Figure {
  const inside = points.filter(({ atMs }) => atMs > asked.fromMs && atMs <= asked.toMs);
  return figureOfValues(
    inside.map(({ value }) => value),
    asked,
  );
}

/** One series of points out of those that came. */
export function figureOfSeries(series: readonly (readonly Point[])[], asked: FigureAsked): Figure {
  const [only] = series;
  if (!only) return NO_DATA;
  return series.length > 1 ? several(series.length) : figureOfPoints(only, asked);
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu;
const ENDLESS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Infinity,
  "+inf": Infinity,
  "-inf": -Infinity,
};

/** Several vendors write numbers as texts. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return DECIMAL.test(text) ? Number(text) : ENDLESS[text.toLowerCase()];
}

const SHOWN = 60;

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** The interval from and to whole points: a point that is cut off would be counted in part now, and never again. */
export function widened(
  { fromMs, toMs }: FigureAsked,
  stepMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs: (Math.floor(toMs / stepMs) + 1) * stepMs };
}
