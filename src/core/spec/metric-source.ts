// Does a metric say rightly where its figures are read?
import { answeredBy } from "../exposition/names.ts";
import { readSelector } from "../exposition/selector.ts";
import { placed, tellsPools } from "../placeholders.ts";
import { namesIn } from "../outbox/template.ts";
import { readSignalName, signalName, type SourcedName } from "../signal-names.ts";
import type { MetricSpec } from "./metrics.ts";
import type { MeanOf } from "../stats/plan.ts";
import type { Preset } from "./presets.ts";
import { shown } from "./reading.ts";
import { listed, type Report } from "./rule.ts";
import { checkPlaceholders, tellsOnlyPools, type PrometheusSpec, type SourceSpec } from "./sources.ts";
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
  if (preset.kind !== "anomaly" && !tellsPools(query)) {
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
}

/** Reports names that their source cannot answer. Paths begin at the analysis. */
export function checkAgainstSources({ metrics, sources, namesOf, ...known }: Known, report: Report): void {
  const used = new Set(known.used);
  metrics.forEach((metric, index) => {
    const path = ["metrics", index, "source"];
    const [first] = namesOf(metric).flatMap((name) => readSignalName(name) ?? []);
    if (!first) return;
    used.add(first.source);
    const source = Object.hasOwn(sources, first.source) ? sources[first.source] : undefined;
    if (!source) return report(path, "wrong-value", noSource(first.source, sources));
    const also = source.kind === "prometheus" ? [] : INTERVAL_NAMES;
    for (const read of namesOf(metric).map(readSignalName)) {
      if (read?.asks === "query")
        checkPlaceholders(read.text, { path: ["metrics", index, "query"], report, not: ["replica"], also });
    }
    const wrong = namesOf(metric)
      .map((name) => wrongFor(source, metric, name))
      .find((why) => why !== undefined);
    if (wrong !== undefined) report(path, "wrong-value", wrong);
  });
  for (const name of Object.keys(sources))
    if (!used.has(name))
      report(["sources", name], "conflict", "no metric is read there: give one source, or take it out");
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
function wrongForVendor({ kind }: VendorSpec, metric: MetricSpec, read: SourcedName): string | undefined {
  const { text } = read;
  if (metric.kind === "buckets") return "one number is no histogram: read it where the histogram is kept";
  if (metric.kind === "events" && metric.per === "time")
    return "of a whole pool nobody knows for how many replicas it is: per: requests";
  if (metric.kind !== "anomaly" && !tellsPools(text))
    return `${shown(text)} gives both versions the same number: put {{role}}, {{pool}} or {{revision}} into it`;
  const asked = placed(text, ANYWHERE);
  const strange = asked === undefined ? undefined : namesIn(asked).find((name) => !INTERVAL_NAMES.includes(name));
  if (asked === undefined || strange !== undefined)
    return `${shown(text)} names what a question of a pool does not have`;
  const wrong = wrongQuery(kind, asked);
  return wrong === undefined ? undefined : `${read.source} ${wrong}`;
}
