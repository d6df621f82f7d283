// Which value does a page give for a selector?
import type { Reading } from "../signals.ts";
import { addBuckets, seriesKey, seriesText } from "./buckets.ts";
import type { Sample } from "./line.ts";
import type { MetricType, Page } from "./parse.ts";
import { type Selector, selects } from "./selector.ts";

/** The value, or why there is none: a phrase that follows the replica's name, `has no such series`. */
export type PageReading =
  | { readonly ok: true; readonly reading: Reading }
  | { readonly ok: false; readonly why: string };

/**
 * Reads a value of the wanted kind. Counters, gauges and histograms of several series that match are added up.
 * A counter may be named with or without `_total`; `_count` and `_sum` of histograms and summaries are counters too.
 * Where the metric is there but none of its series match, a counter and a histogram stand at 0: a series begins when
 * it first counts. That holds only when each label that must have a value occurs; else it is misspelt.
 */
export function readPage(page: Page, selector: Selector, kind: Reading["kind"]): PageReading {
  if (kind === "histogram") return readHistogram(page, selector);
  return kind === "counter" ? readCounter(page, selector) : readGauge(page, selector);
}

function no(why: string): PageReading {
  return { ok: false, why };
}

const PART = /^(.+)_(total|count|sum|bucket|created|gcount|gsum|info)$/u;

/** MicroProfile Metrics says of these that they are gauges, and yet they only grow. */
const GROWING = /^(?:base|vendor|application)_\w*(?:elapsedTime|processCpuTime)_seconds$/u;

/** What the values under a name are, from the type of the metric that they belong to. */
function natureOf(page: Page, name: string): "counter" | "gauge" | "quantile" | "unknown" {
  const own = page.families.get(name)?.type;
  if (own === "gauge" && GROWING.test(name)) return "counter";
  if (own !== undefined && own !== "unknown") return OWN[own];
  const [, base = "", part = ""] = PART.exec(name) ?? [];
  const type = page.families.get(base)?.type;
  const has = (...types: readonly MetricType[]): boolean => type !== undefined && types.includes(type);
  if (part === "total" && has("counter")) return "counter";
  if ((part === "count" || part === "sum") && has("summary", "histogram")) return "counter";
  if (part === "bucket" && has("histogram")) return "counter";
  return type !== undefined && type !== "unknown" ? "gauge" : "unknown";
}

const OWN: Readonly<Record<Exclude<MetricType, "unknown">, "counter" | "gauge" | "quantile">> = {
  counter: "counter",
  gauge: "gauge",
  histogram: "gauge",
  gaugehistogram: "gauge",
  summary: "quantile",
  info: "gauge",
  stateset: "gauge",
};

function readCounter(page: Page, selector: Selector): PageReading {
  const { metric } = selector;
  const names = [metric, `${metric}_total`, metric.replace(/_total$/u, "")];
  const name = names.find((one) => page.samples.has(one)) ?? names.find((one) => natureOf(page, one) === "counter");
  if (name === undefined) return no(missing(page, metric));
  const nature = natureOf(page, name);
  if (nature === "gauge" || nature === "quantile") return no(`gives ${name} as a ${nature}, not as a counter`);
  const all = page.samples.get(name) ?? [];
  const found = all.filter(({ labels }) => selects(selector, labels));
  if (found.length === 0 && !knowsLabels(all, selector)) return no(unmatched(all));
  const negative = found.find(({ value }) => value < 0);
  if (negative) return no(`gives ${seriesText(negative)} ${negative.value}, and a counter is never below 0`);
  return added(found, "counter");
}

function readGauge(page: Page, selector: Selector): PageReading {
  const { metric } = selector;
  const all = page.samples.get(metric);
  if (!all) return no(missing(page, metric));
  const nature = natureOf(page, metric);
  if (nature === "counter") return no(`gives ${metric} as a counter, not as a gauge`);
  const found = all.filter(({ labels }) => selects(selector, labels));
  if (found.length === 0) return no(unmatched(all));
  if (nature === "quantile" && found.length > 1) {
    return no(`gives ${found.length} quantiles of ${metric}, which cannot be added; choose one by its labels`);
  }
  return added(found, "gauge");
}

function readHistogram(page: Page, selector: Selector): PageReading {
  const { metric, matchers } = selector;
  if (matchers.some(({ label }) => label === "le")) return no("cannot be asked for one le: a histogram is read whole");
  const type = page.families.get(metric)?.type ?? "unknown";
  const all = page.samples.get(`${metric}_bucket`);
  if (type === "summary") return no(`gives ${metric} as a summary, which has no buckets`);
  if (type !== "histogram" && type !== "unknown") return no(`gives ${metric} as a ${type}, not as a histogram`);
  if (!all) return no(missing(page, metric));
  const found = all.filter(({ labels }) => selects(selector, labels));
  if (found.length > 0) return addBuckets(found);
  if (!knowsLabels(all, selector)) return no(unmatched(all));
  const others = addBuckets(all);
  if (!others.ok) return others;
  return { ok: true, reading: { ...others.reading, counts: others.reading.counts.map(() => 0) } };
}

/**
 * Whether every label that the selector asks a value of occurs. Of a metric that is only announced nobody knows its
 * labels yet, and a label that must not have a value may as well be absent.
 */
function knowsLabels(all: readonly Sample[], { matchers }: Selector): boolean {
  const asked = matchers.filter(({ negated }) => !negated);
  return all.length === 0 || asked.every(({ label }) => all.some(({ labels }) => labels.has(label)));
}

function missing(page: Page, metric: string): string {
  const histogram = metric.replace(/_(?:bucket|count|sum)$/u, "");
  if (metric.endsWith("_bucket") && page.samples.has(metric)) return `has it as the histogram ${histogram}`;
  const parts = ["_bucket", "_count"].filter((part) => page.samples.has(metric + part));
  if (parts.length > 0) return `has no ${metric}, but ${parts.map((part) => metric + part).join(" and ")}`;
  return `has no ${metric} on its page`;
}

function unmatched(all: readonly Sample[]): string {
  const [first] = all;
  return first ? `has no such series, but for instance ${seriesText(first)}` : "has no such series";
}

function added(found: readonly Sample[], kind: "counter" | "gauge"): PageReading {
  const seen = new Map<string, Sample>();
  let value = 0;
  for (const sample of found) {
    if (!Number.isFinite(sample.value)) return no(`gives ${seriesText(sample)} ${sample.value}`);
    const key = seriesKey(sample.labels);
    const twin = seen.get(key);
    if (twin) return no(`gives ${seriesText(sample)} twice (lines ${twin.line} and ${sample.line})`);
    seen.set(key, sample);
    value += sample.value;
  }
  return Number.isFinite(value) ? { ok: true, reading: { kind, value } } : no("gives values too large to add");
}
