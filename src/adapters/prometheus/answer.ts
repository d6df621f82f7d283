// What does a Prometheus answer, or what is wrong with its answer?
import { messageOf } from "../../core/issues.ts";
import type { Ms } from "../../core/units.ts";
import type { Web, WebAnswer } from "../../ports/web.ts";

export type Labels = Readonly<Record<string, string>>;

/** A native histogram at one moment: buckets as they are told, without those that are empty. */
export interface Native {
  readonly count: number;
  readonly buckets: readonly (readonly [left: number, right: number, count: number])[];
}

/** One series, oldest sample first. It has numbers, or native histograms, or both where it changed from one to the other. */
export interface TimedSeries {
  readonly labels: Labels;
  readonly numbers: readonly (readonly [atMs: number, value: number])[];
  readonly natives: readonly (readonly [atMs: number, histogram: Native])[];
}

type Failed = { readonly ok: false; readonly why: string };

export type RangeAnswer =
  | { readonly ok: true; readonly series: readonly TimedSeries[]; readonly dateMs: Ms | undefined }
  | Failed;

export type NumberAnswer = { readonly ok: true; readonly value: number } | Failed;

/** A server, and how long it may take. */
export interface Server {
  /** Without a slash at its end. */
  readonly url: string;
  readonly web: Web;
  readonly timeoutMs: Ms;
}

const MOST_BYTES = 64 * 1_048_576;

/** Why an answer tells nothing; its words follow the address. */
class Unusable extends Error {}

/** Asks a question in PromQL; the form is posted, for a question may be long. */
async function ask({ url, web, timeoutMs }: Server, form: Readonly<Record<string, string>>, signal?: AbortSignal) {
  const timeout = `${Math.max(1, Math.floor(timeoutMs / 1_000))}s`;
  return web.ask({
    url: `${url}/api/v1/query`,
    form: { ...form, timeout },
    timeoutMs,
    mostBytes: MOST_BYTES,
    signal,
  });
}

/** The samples of a range, with their own moments. */
export async function askRange(server: Server, query: string): Promise<RangeAnswer> {
  const answer = await ask(server, { query });
  try {
    const { type, result, dateMs } = dataOf(answer);
    if (type !== "matrix") throw new Unusable(`answered with a ${type} where samples were asked for`);
    return { ok: true, series: result.map(seriesOf), dateMs };
  } catch (error) {
    return failed(error);
  }
}

/** One number at a moment; nothing and several are told apart from it. */
export async function askNumber(server: Server, question: Question, signal: AbortSignal): Promise<NumberAnswer> {
  const answer = await ask(server, { query: question.query, time: String(question.atMs / 1_000) }, signal);
  try {
    const { type, result } = dataOf(answer);
    if (type === "scalar") return numberOf(result[1]);
    if (type !== "vector") throw new Unusable(`answered with a ${type} where one number was asked for`);
    const [first, second] = result;
    if (first === undefined) throw new Unusable("has no data");
    if (second !== undefined) {
      const example = JSON.stringify(field(second, "metric") ?? {}).slice(0, 120);
      throw new Unusable(
        `answered with ${result.length} series where one number was asked for, one of them ${example}`,
      );
    }
    const sample = field(first, "value");
    if (!Array.isArray(sample)) throw new Unusable("answered with a histogram where one number was asked for");
    return numberOf((sample as readonly unknown[])[1]);
  } catch (error) {
    return failed(error);
  }
}

/** A question, and the moment it is about. */
export interface Question {
  readonly query: string;
  readonly atMs: Ms;
}

function failed(error: unknown): Failed {
  if (error instanceof Unusable) return { ok: false, why: error.message };
  return { ok: false, why: `answered, but not as a Prometheus does: ${messageOf(error)}` };
}

function numberOf(text: unknown): NumberAnswer {
  const value = number(text);
  return Number.isFinite(value)
    ? { ok: true, value }
    : { ok: false, why: `answered ${String(text)}, which is no number` };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

const quoted = (text: unknown): string => JSON.stringify(String(text).replaceAll(/\s+/gu, " ").slice(0, 200));

/** What the answer says; a warning says that something is missing in it. */
function dataOf(answer: WebAnswer): { type: string; result: readonly unknown[]; dateMs: Ms | undefined } {
  if (!answer.ok) {
    const said = field(answer.json, "error");
    if (said === undefined) throw new Unusable(answer.why);
    throw new Unusable(`answered ${answer.status ?? 0}: ${quoted(said)}`);
  }
  const { json, dateMs } = answer;
  if (field(json, "status") !== "success") {
    const said = field(json, "error");
    throw new Unusable(
      said === undefined
        ? "answered, but not as a Prometheus does: it has no status: success"
        : `answered: ${quoted(said)}`,
    );
  }
  const warnings = field(json, "warnings");
  if (Array.isArray(warnings) && warnings.length > 0)
    throw new Unusable(`warned that its answer may not be whole: ${quoted(warnings[0])}`);
  if (field(json, "isPartial") === true) throw new Unusable("says that its answer is only a part");
  const data = field(json, "data");
  const [type, result] = [field(data, "resultType"), field(data, "result")];
  if (typeof type !== "string" || !Array.isArray(result))
    throw new Unusable("answered, but not as a Prometheus does: it has no data with a result");
  return { type, result, dateMs };
}

const number = (text: unknown): number => {
  if (typeof text !== "string") return Number.NaN;
  if (text === "+Inf" || text === "Inf") return Infinity;
  return text === "-Inf" ? -Infinity : Number(text === "" ? Number.NaN : text);
};

function moment(seconds: unknown): number {
  if (typeof seconds !== "number" || !Number.isFinite(seconds))
    throw new Unusable(`answered, but not as a Prometheus does: a sample has the time ${quoted(seconds)}`);
  return Math.round(seconds * 1_000);
}

function pairs(list: unknown): readonly (readonly [unknown, unknown])[] {
  if (list === undefined) return [];
  const isList = Array.isArray(list) && list.every((one) => Array.isArray(one) && one.length === 2);
  if (!isList) throw new Unusable("answered, but not as a Prometheus does: its samples are no pairs");
  return list as readonly (readonly [unknown, unknown])[];
}

function seriesOf(entry: unknown): TimedSeries {
  const labels = field(entry, "metric");
  if (typeof labels !== "object" || labels === null)
    throw new Unusable("answered, but not as a Prometheus does: a series has no labels");
  return {
    labels: labels as Labels,
    numbers: pairs(field(entry, "values")).map(([at, value]) => [moment(at), number(value)] as const),
    natives: pairs(field(entry, "histograms")).map(([at, value]) => [moment(at), nativeOf(value)] as const),
  };
}

function nativeOf(value: unknown): Native {
  const buckets = field(value, "buckets") ?? [];
  if (!Array.isArray(buckets)) throw new Unusable("answered, but not as a Prometheus does: a histogram has no buckets");
  return {
    count: number(field(value, "count")),
    buckets: buckets.map((bucket: unknown) => {
      const [, left, right, count] = Array.isArray(bucket) ? (bucket as readonly unknown[]) : [];
      return [number(left), number(right), number(count)] as const;
    }),
  };
}

/** What a metric is by its own word, where the server knows: `counter`, `gauge`, `histogram`, `summary`. */
export async function askType(server: Server, metric: string): Promise<string | undefined> {
  const names = [metric, metric.replace(/_(?:total|count|sum|bucket)$/u, "")];
  for (const name of new Set(names)) {
    const url = `${server.url}/api/v1/metadata?limit=1&metric=${encodeURIComponent(name)}`;
    const answer = await server.web.ask({ url, timeoutMs: server.timeoutMs, mostBytes: MOST_BYTES });
    const said = answer.ok ? field(field(answer.json, "data"), name) : undefined;
    const type = Array.isArray(said) ? field(said[0], "type") : undefined;
    if (typeof type === "string") return type;
  }
  return undefined;
}
