// Which series does a metrics page hold?
import { MalformedPage, type PageFormat, readSample, type Sample, unescaped } from "./line.ts";

const TYPES = [
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
  "unknown",
  "untyped",
] as const;

/** What a page says of a metric's values. `untyped` is what Prometheus' format calls `unknown`. */
export type MetricType = Exclude<(typeof TYPES)[number], "untyped">;

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
 * Reads a page in Prometheus' text format 0.0.4 or in OpenMetrics 1.0. Throws MalformedPage at the first line that is
 * neither: a page that is wrong in one place is not trusted in others. More lenient than OpenMetrics in what cannot be
 * misunderstood: spaces, empty lines and the order of lines are free, as in the older format. An OpenMetrics page ends
 * with `# EOF` and one of Prometheus' with the end of a line; without it a part of the page is missing.
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
    else if (end === -1) throw new MalformedPage(line, one, "the last line ends too: a part of the page is missing");
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
const COMMENT = /^[ \t]*#(?:[ \t]+(HELP|TYPE|UNIT)(?![^ \t])(?:[ \t]+(.*))?)?/su;
const TOLD = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:[ \t]+(.*))?$/su;

function readLine(draft: Draft, text: string, place: Place): void {
  if (BLANK.test(text)) return;
  const comment = COMMENT.exec(text);
  if (comment) return readComment(draft, comment, place);
  const sample = readSample(text, place.line, place.format);
  const others = draft.samples.get(sample.name);
  if (others) others.push(sample);
  else draft.samples.set(sample.name, [sample]);
}

function readComment(draft: Draft, [, keyword, rest = ""]: RegExpExecArray, { line, format }: Place): void {
  if (keyword === undefined || (keyword === "UNIT" && format === "prometheus")) return;
  const [, name, value = ""] = TOLD.exec(rest) ?? [];
  if (name === undefined) throw new MalformedPage(line, rest, `after ${keyword} comes the name of a metric`);
  const family = draft.families.get(name) ?? {};
  draft.families.set(name, family);
  if (keyword === "HELP") family.help = unescaped(value);
  else if (keyword === "UNIT") family.unit = value;
  else family.type = readType(value.trim(), { line, name, before: family.type });
}

function readType(
  word: string,
  told: { readonly line: number; readonly name: string; readonly before: MetricType | undefined },
): MetricType {
  const known = TYPES.find((type) => type === word);
  if (!known) throw new MalformedPage(told.line, word, `a type is one of ${TYPES.join(", ")}`);
  const type = known === "untyped" ? "unknown" : known;
  if (told.before !== undefined && told.before !== type) {
    throw new MalformedPage(told.line, word, `${told.name} is a ${told.before} further up`);
  }
  return type;
}
