// Which series does a metrics page hold?
import { MalformedPage, type PageFormat, readSample, type Sample, unescaped } from "./line.ts";

/** What a page says of a metric's values. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset"
  | "unknown";

/** The words for a type in each format. `untyped` is what Prometheus' format calls `unknown`. */
const TYPES: Readonly<Record<PageFormat, Readonly<Record<string, MetricType>>>> = {
  prometheus: {
    counter: "counter",
    gauge: "gauge",
    histogram: "histogram",
    summary: "summary",
    untyped: "unknown",
  },
  openmetrics: {
    counter: "counter",
    gauge: "gauge",
    histogram: "histogram",
    gaugehistogram: "gaugehistogram",
    summary: "summary",
    info: "info",
    stateset: "stateset",
    unknown: "unknown",
  },
};

/** What a page says of a metric besides its values. */
interface Family {
  readonly type: MetricType;
  readonly help?: string | undefined;
  readonly unit?: string | undefined;
}

/** A page, whole. */
export interface Page {
  /** By the name that HELP, TYPE and UNIT give. */
  readonly families: ReadonlyMap<string, Family>;
  /** By the name that stands before the labels: `orders_total`, `latency_bucket`. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

interface Draft {
  readonly families: Map<string, { type?: MetricType; help?: string; unit?: string }>;
  readonly samples: Map<string, Sample[]>;
}

/**
 * Reads a page in Prometheus' text format 0.0.4 or in OpenMetrics 1.0, as Prometheus itself reads it. Throws
 * MalformedPage at the first line that is neither: a page that is wrong in one place is not trusted in others.
 *
 * Stricter than Prometheus on purpose where a page may be cut off or does not say what it seems to: an OpenMetrics page
 * ends with `# EOF` and one of Prometheus' with the end of a line, a comma stands between two labels, and no label has an
 * end of a line in it. More lenient in two things: names in quotes,
 * which Prometheus knows since its version 3, and exemplars, which are read over wherever they stand. Histograms in one value are of OpenMetrics 2.0, which nobody sends who was not asked for
 * it: such a page is refused.
 */
export function parsePage(text: string, format: PageFormat): Page {
  const draft: Draft = { families: new Map(), samples: new Map() };
  let line = 0;
  let ended = false;
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const one = text.slice(at, end === -1 ? text.length : end);
    line += 1;
    if (ended) throw new MalformedPage(line, one, "nothing comes after # EOF");
    if (format === "openmetrics") ended = one === "# EOF";
    if (end === -1 && !ended)
      throw new MalformedPage(line, one, "the last line ends too: a part of the page is missing");
    if (!ended) readLine(draft, one, { line, format });
    at = end === -1 ? text.length : end + 1;
  }
  if (format === "openmetrics" && !ended) {
    throw new MalformedPage(line + 1, "", "the last line is # EOF: a part of the page is missing");
  }
  const families = [...draft.families].map(
    ([name, { type = "unknown", ...rest }]) => [name, { type, ...rest }] as const,
  );
  return { families: new Map(families), samples: draft.samples };
}

interface Place {
  readonly line: number;
  readonly format: PageFormat;
}

const BLANK = /^[ \t]*$/u;
const COMMENT = /^[ \t]*#(?:[ \t]+(?:(HELP|TYPE)[ \t]+(.*))?)?/su;
const TOLD = /^# (HELP|TYPE|UNIT) (.*)$/su;
const NAMED = /^([a-zA-Z_:][a-zA-Z0-9_:]*)/u;
const QUOTED = /^"((?:\\.|[^\\"])+)"/u;

function readLine(draft: Draft, text: string, place: Place): void {
  const { line, format } = place;
  if (format === "prometheus") {
    if (BLANK.test(text)) return;
    const comment = COMMENT.exec(text);
    if (comment?.[1] !== undefined) return readTold(draft, comment, place);
    if (comment) return;
  } else if (text === "" || text.startsWith("#")) {
    const told = TOLD.exec(text);
    if (!told) throw new MalformedPage(line, text, "a line is # HELP, # TYPE, # UNIT, # EOF or a sample");
    return readTold(draft, told, place);
  }
  const sample = readSample(text, line, format);
  const others = draft.samples.get(sample.name);
  if (others) others.push(sample);
  else draft.samples.set(sample.name, [sample]);
}

function readTold(draft: Draft, [, keyword, rest = ""]: RegExpExecArray, { line, format }: Place): void {
  const [written = "", plain] = NAMED.exec(rest) ?? QUOTED.exec(rest) ?? [];
  if (plain === undefined) throw new MalformedPage(line, rest, `after ${keyword} comes the name of a metric`);
  const name = written.startsWith('"') ? unescaped(plain) : plain;
  const value = readAfter(rest.slice(written.length), { line, format });
  const family = draft.families.get(name) ?? {};
  draft.families.set(name, family);
  if (keyword === "HELP") family.help = readHelp(value, format);
  else if (keyword === "UNIT") family.unit = readUnit(value, { line, name });
  else family.type = readType(value, { line, format, before: family.type });
}

/** What comes after a name, without the one character between them. */
function readAfter(rest: string, { line, format }: Place): string {
  const isGap = format === "prometheus" ? /^[ \t]/u.test(rest) : rest.startsWith(" ");
  if (!isGap && (rest !== "" || format === "openmetrics"))
    throw new MalformedPage(line, rest, "after the name of a metric comes a space");
  return rest.slice(1);
}

/** In Prometheus' format quotes need no backslash here, and so none is taken away. */
function readHelp(help: string, format: PageFormat): string {
  if (format === "openmetrics") return unescaped(help);
  return BLANK.test(help) ? "" : help.replaceAll(/\\([\\n])/gu, (_, escaped) => (escaped === "n" ? "\n" : "\\"));
}

function readUnit(unit: string, told: { readonly line: number; readonly name: string }): string {
  if (unit !== "" && !told.name.endsWith(`_${unit}`))
    throw new MalformedPage(told.line, unit, `the unit is the end of the name ${told.name}`);
  return unit;
}

/**
 * A metric that is given two types has an unknown one. Go's library writes such pages as OpenMetrics, where a gauge and a
 * counter have the same name but for `_total`.
 */
function readType(word: string, told: Place & { readonly before: MetricType | undefined }): MetricType {
  const known = TYPES[told.format];
  const type = Object.hasOwn(known, word) ? known[word] : undefined;
  if (type === undefined) throw new MalformedPage(told.line, word, `a type is one of ${Object.keys(known).join(", ")}`);
  return told.before === undefined || told.before === type ? type : "unknown";
}
