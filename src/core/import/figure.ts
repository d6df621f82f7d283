// Which metric of Serin is a question of somebody else's, with its bounds?
import { percentText } from "./context.ts";
import type { AnyPart } from "./part.ts";
import { textOf, type Figure, type Read } from "./promql.ts";
import { from, type Out } from "./write.ts";

/** A value must stay on this side of it. */
export interface Bound {
  readonly field: "max" | "min";
  readonly value: number;
  readonly part: AnyPart;
}

/** What is asked, of whom. */
export interface Question {
  readonly name: string;
  readonly source: string;
  readonly query: AnyPart;
  readonly read: Read;
}

/** A metric, or why there is none. */
type Made = { readonly ok: true; readonly metrics: readonly Named[] } | { readonly ok: false; readonly why: string };

/** A metric without its name, and the one that it should have. */
interface Named {
  readonly name: string;
  readonly fields: Fields;
}

type Fields = { readonly [name: string]: Out | undefined };

export const OTHER_SHAPE =
  "Serin compares counters, means, histograms and levels of each pod, and this question is none of the shapes that it can read so: a ratio or a quantile of rates, a mean, a level";
export const SAY_SERIES =
  "name the series: kind: share with bad (or good) and total, histogram, mean or gauge with series, and the source";

/** The metrics that a question becomes; each bound is one. */
export function metricsOf({ name, source, query, read }: Question, bounds: readonly Bound[]): Made {
  const { figure } = read;
  for (const change of read.changed) query.changes(change);
  if (figure.kind === "quantile") return quantile(figure, { name, source, bounds, query });
  const each = (fieldsOf: (bound: Bound) => Fields): Made => ({
    ok: true,
    metrics: bounds.map((bound, index) => ({
      name: index === 0 ? name : `${name} ${bound.field}`,
      fields: { ...fieldsOf(bound), source },
    })),
  });
  if (figure.kind === "ratio") {
    if (bounds.length > 0) return each((bound) => shareOf(figure, bound, query));
    return { ok: false, why: "without a bound nobody knows whether more or less of this share is worse" };
  }
  const series: Fields =
    figure.kind === "mean"
      ? { kind: "mean", series: from(figure.sum, query), total: figure.count }
      : { kind: "gauge", series: from(figure.series, query) };
  const factor = figure.kind === "mean" ? figure.factor : 1;
  const level = { ...series, effect: "rollBack" };
  if (bounds.length === 0) return { ok: true, metrics: [{ name, fields: { ...level, source, worse: "up" } }] };
  return each(({ field, value, part }) => {
    return { ...level, worse: field === "max" ? "up" : "down", [field]: from(plainNumber(value / factor), part) };
  });
}

function plainNumber(value: number): number {
  return Number(value.toPrecision(12));
}

/** Whatever the bound is of: the share of what went wrong is what may not be more. */
function shareOf(figure: Extract<Figure, { kind: "ratio" }>, { field, value, part }: Bound, query: AnyPart): Fields {
  const fraction = value / figure.factor;
  const isBad = (field === "max") !== figure.rest;
  const most = Math.min(1, Math.max(0, field === "max" ? fraction : 1 - fraction));
  const counter = from(figure.part, query);
  return {
    kind: "share",
    ...(isBad ? { bad: counter } : { good: counter }),
    total: figure.total,
    max: from(percentText(most * 100), part),
  };
}

interface Asked {
  readonly name: string;
  readonly source: string;
  readonly bounds: readonly Bound[];
  readonly query: AnyPart;
}

/** The quantile is beyond the bound when more than the rest of the values are. */
function quantile(figure: Extract<Figure, { kind: "quantile" }>, { name, source, bounds, query }: Asked): Made {
  const { histogram, of, factor } = figure;
  const [bound, ...more] = bounds;
  const whole = { kind: "histogram", source, series: from(textOf(histogram), query), quantile: percentText(of * 100) };
  if (!bound) return { ok: true, metrics: [{ name, fields: whole }] };
  if (bound.field === "min" || more.length > 0) return { ok: false, why: "a quantile that is too small is no fault" };
  const le = `le="${plainNumber(bound.value / factor)}"`;
  query.changes(`counted is how many are beyond the bound: the histogram must have a bucket with ${le}`);
  const share = {
    kind: "share",
    source,
    good: from(textOf({ name: `${histogram.name}_bucket`, matchers: [...histogram.matchers, le] }), query),
    total: textOf({ name: `${histogram.name}_count`, matchers: histogram.matchers }),
    max: from(percentText((1 - of) * 100), bound.part),
  };
  return { ok: true, metrics: [{ name, fields: share }] };
}
