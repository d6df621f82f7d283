// Does a metric say rightly where its figures are read?
import { answeredBy } from "../exposition/names.ts";
import { readSelector } from "../exposition/selector.ts";
import { placed, tellsPools } from "../placeholders.ts";
import { readSignalName, signalName, type SourcedName } from "../signal-names.ts";
import type { MetricSpec } from "./metrics.ts";
import type { MeanOf } from "../stats/plan.ts";
import type { Preset } from "./presets.ts";
import { shown } from "./reading.ts";
import { type IsWrong, listed, type Report } from "./rule.ts";
import { tellsOnlyPools, wrongPlaceholders, type PrometheusSpec, type SourceSpec } from "./sources.ts";
import { INTERVAL_NAMES, wrongQuery } from "./vendor-query.ts";
import type { VendorSpec } from "./vendors.ts";

/** Fields that name what a metric is made of. */
const SERIES = ["series", "good", "bad", "total"] as const;

interface Fields extends Readonly<Partial<Record<(typeof SERIES)[number], string | undefined>>> {
  readonly kind?: string | undefined;
  readonly preset?: string | undefined;
  readonly source?: string | undefined;
  readonly query?: string | undefined;
}

/** The same fields with the source in each name; a query is the series that it gives. */
export function withSource<T extends Fields>(fields: T): T {
  const { source, query } = fields;
  if (source === undefined) return fields;
  const named = SERIES.flatMap((field) => {
    const text = fields[field];
    return text === undefined ? [] : [[field, signalName({ source, asks: "series", text })] as const];
  });
  const asked = query === undefined ? {} : { series: signalName({ source, asks: "query", text: query }) };
  return { ...fields, ...Object.fromEntries(named), ...asked };
}

/** Names that a preset brings along, each given another one. */
function renamed(preset: Preset, to: (name: string) => string): Preset {
  if (preset.kind === "ratio")
    return {
      ...preset,
      ...(preset.part !== undefined && { part: to(preset.part) }),
      ...(preset.whole !== undefined && { whole: to(preset.whole) }),
    };
  if (preset.kind === "buckets" && preset.histogram !== undefined)
    return { ...preset, histogram: to(preset.histogram) };
  if (preset.kind === "events" && preset.counter !== undefined) return { ...preset, counter: to(preset.counter) };
  if (preset.kind === "gauge" && preset.of) return { ...preset, of: renamedMean(preset.of, to) };
  return preset;
}

function renamedMean(of: MeanOf, to: (name: string) => string): MeanOf {
  if (of.from === "mean") return { ...of, sum: to(of.sum), count: to(of.count) };
  return of.from === "gauge" || of.from === "rate" ? { ...of, name: to(of.name) } : of;
}

/** The preset as its source tells it: what a framework's page calls a figure, a Prometheus calls so too. */
export function presetOfSource(preset: Preset, source: string | undefined): Preset {
  if (source === undefined) return preset;
  return renamed(preset, (text) => {
    return answeredBy(text) === "process" ? text : signalName({ source, asks: "series", text });
  });
}

/** Whether a preset brings names of series along. */
function hasSeries(preset: Preset): boolean {
  let found = false;
  renamed(preset, (name) => {
    found ||= answeredBy(name) === "exposition";
    return name;
  });
  return found;
}

/** Why a text is no selector. */
function wrongSelector(text: string): string | undefined {
  const read = readSelector(text);
  if (read.ok) return undefined;
  const at = read.at < text.length ? ` at ${shown(text.slice(read.at))}` : "";
  return `found ${shown(text)}${at}, ${read.why}`;
}

/** Reports what is wrong with a metric's names whichever source it has. */
export function checkNames(fields: Fields, preset: Preset, report: Report): void {
  const { source, query } = fields;
  if (source === undefined) {
    for (const field of SERIES) {
      const text = fields[field];
      const wrong = text === undefined || answeredBy(text) === "process" ? undefined : wrongSelector(text);
      if (wrong !== undefined) report([field], "wrong-value", wrong);
    }
    if (query !== undefined)
      report(["source"], "missing-field", "query needs source: which of analysis.sources is asked");
    return;
  }
  if (preset.kind === "errors" || preset.kind === "latency") {
    const message = `${fields.preset ?? ""} is counted where requests pass: take the source out, or make a share or a histogram of your own`;
    return report(["source"], "conflict", message);
  }
  if (query === undefined && SERIES.every((field) => fields[field] === undefined) && !hasSeries(preset))
    report(["source"], "missing-field", "source needs what is read there: series, good or bad with total, or query");
  if (query !== undefined) checkQuery({ ...fields, query }, preset, report);
}

function checkQuery(fields: Fields & { readonly query: string }, preset: Preset, report: Report): void {
  const { query, series } = fields;
  const called = fields.preset ?? fields.kind ?? "";
  const isLevel = preset.kind === "gauge" && fields.kind !== "mean" && !("as" in preset && preset.as === "rate");
  const other = preset.kind !== "events" && preset.kind !== "leak" && preset.kind !== "anomaly";
  if (!isLevel && other)
    return report(
      ["query"],
      "conflict",
      `${called} has no query, which gives one number: take it out, or use kind: gauge`,
    );
  if (series !== undefined) report(["series"], "conflict", "found beside query, both give the same: keep one");
  // A name that nobody knows may have been meant to tell them: it is named with the sources.
  const isMistyped = wrongPlaceholders(query, { also: INTERVAL_NAMES }).length > 0;
  if (preset.kind !== "anomaly" && !tellsPools(query) && !isMistyped) {
    const message =
      "the query gives both versions the same number, so nothing can be compared: put {{role}}, {{pool}} or {{revision}} into it";
    report(["query"], "missing-field", message);
  }
}

/** What is said of a name that no source has. */
export function noSource(name: string, sources: Readonly<Record<string, SourceSpec>>): string {
  const known = Object.keys(sources);
  const right = known.length === 0 ? "analysis.sources names none" : `known are ${listed(known, "and")}`;
  return `found ${shown(name)}, no such source: ${right}`;
}

/** What the analysis knows. */
interface Known {
  readonly metrics: readonly MetricSpec[];
  readonly sources: Readonly<Record<string, SourceSpec>>;
  /** Sources that something else than a metric needs. */
  readonly used: readonly string[];
  readonly namesOf: (metric: MetricSpec) => readonly string[];
  readonly isWrong: IsWrong;
}

/** Reports names that their source cannot answer. Paths begin at the analysis. */
export function checkAgainstSources(known: Known, report: Report): void {
  const { metrics, sources, isWrong } = known;
  const used = new Set(known.used);
  const isNamed = (name: string): boolean => Object.hasOwn(sources, name) || isWrong(["sources", name]);
  metrics.forEach((metric, index) => {
    const asks = asksOf(known, index);
    if (!asks) return;
    const path = ["metrics", index, "source"];
    used.add(asks.source);
    if (!isNamed(asks.source)) report(path, "wrong-value", noSource(asks.source, sources));
    const source = Object.hasOwn(sources, asks.source) ? sources[asks.source] : undefined;
    for (const query of asks.queries)
      for (const message of wrongPlaceholders(query, placesOf(source)))
        report(["metrics", index, "query"], "wrong-value", message);
    if (!source || isWrong(["sources", asks.source]) || isWrong(["metrics", index])) return;
    const wrong = known
      .namesOf(metric)
      .map((name) => wrongFor(source, metric, name))
      .find((why) => why !== undefined);
    if (wrong !== undefined) report(path, "wrong-value", wrong);
  });
  // Whoever is wrong may have meant to.
  if (metrics.some((_, index) => isWrong(["metrics", index]) && !asksOf(known, index))) return;
  for (const name of Object.keys(sources))
    if (!used.has(name))
      report(["sources", name], "conflict", "no metric is read there: give one source, or take it out");
}

interface Asks {
  readonly source: string;
  readonly queries: readonly string[];
}

/** Which source a metric asks, and what in words of one's own; of one that is wrong, as far as can be seen. */
function asksOf({ metrics, namesOf, isWrong }: Known, index: number): Asks | undefined {
  const metric = metrics[index];
  if (metric === undefined) return undefined;
  if (isWrong(["metrics", index])) {
    const { source, query } = Object(metric) as { readonly source?: unknown; readonly query?: unknown };
    return typeof source === "string" ? { source, queries: typeof query === "string" ? [query] : [] } : undefined;
  }
  const read = namesOf(metric).flatMap((name) => readSignalName(name) ?? []);
  const queries = read.filter(({ asks }) => asks === "query").map(({ text }) => text);
  return read[0] && { source: read[0].source, queries };
}

/** What can stand in a query. A source that is wrong is what it was written as. */
function placesOf(source: SourceSpec | undefined) {
  const { kind, prometheus } = Object(source) as { readonly kind?: unknown; readonly prometheus?: unknown };
  const isPrometheus = kind === "prometheus" || prometheus !== undefined;
  return { not: ["replica"], also: isPrometheus ? [] : INTERVAL_NAMES };
}

/** Why a source cannot tell a metric a name. */
function wrongFor(source: SourceSpec, metric: MetricSpec, name: string): string | undefined {
  const read = readSignalName(name);
  if (!read) return undefined;
  return source.kind === "prometheus" ? wrongForPrometheus(source, metric, read) : wrongForVendor(source, metric, read);
}

function wrongForPrometheus(source: PrometheusSpec, metric: MetricSpec, read: SourcedName): string | undefined {
  const selector = read.asks === "series" ? wrongSelector(read.text) : undefined;
  if (selector !== undefined) return `${selector}; a question in PromQL stands in query, for levels`;
  const perPool = read.asks === "query" || tellsOnlyPools(source);
  if (metric.kind === "events" && metric.per === "time" && perPool)
    return "of a whole pool nobody knows for how many replicas it is: per: requests, or match series by {{replica}}";
  const isLevel = metric.kind === "leak" || (metric.kind === "gauge" && metric.of.from !== "mean");
  if (isLevel && read.asks === "series" && tellsOnlyPools(source))
    return "the level of a whole pool grows with its replicas: match series by {{replica}}, or ask for a mean by query";
  if (read.asks === "query" && metric.kind === "events")
    return "a Prometheus is not asked by query how much happened, for increase() guesses: name the counter as series";
  return undefined;
}

/** Any pool, to see whether a question has all that it needs. */
const ANYWHERE = { service: "a", pool: "a", revision: "a", role: "a" };

/** Each of its names is a question, whose answer is one number of a pool. */
function wrongForVendor(source: VendorSpec, metric: MetricSpec, read: SourcedName): string | undefined {
  const { text } = read;
  if (metric.kind === "buckets") return "one number is no histogram: read it where the histogram is kept";
  if (metric.kind === "events" && metric.per === "time")
    return "of a whole pool nobody knows for how many replicas it is: per: requests";
  const [strange] = wrongPlaceholders(text, placesOf(source));
  // In a query it has been named already.
  if (strange !== undefined) return read.asks === "query" ? undefined : `in ${shown(text)} ${strange}`;
  if (metric.kind !== "anomaly" && !tellsPools(text))
    return `${shown(text)} gives both versions the same number: put {{role}}, {{pool}} or {{revision}} into it`;
  const wrong = wrongQuery(source.kind, placed(text, ANYWHERE) ?? text);
  return wrong === undefined ? undefined : `${read.source} ${wrong}`;
}
