// What does one line of a metrics page say?

/** The two formats of metrics pages: Prometheus text 0.0.4 and OpenMetrics 1.0. */
export type PageFormat = "prometheus" | "openmetrics";

/** One value of one series. Explicit timestamps and exemplars are read over: a page is taken for what holds now. */
export interface Sample {
  readonly name: string;
  /** In the order in which they stand. */
  readonly labels: ReadonlyMap<string, string>;
  /** May be NaN or infinite: pages may say so. */
  readonly value: number;
  /** Its place on the page, from 1. */
  readonly line: number;
}

/** A page that cannot be read; nothing of it counts. */
export class MalformedPage extends Error {
  override readonly name = "MalformedPage";
  /** From 1. */
  readonly line: number;

  constructor(line: number, found: string, right: string) {
    super(`line ${line}: found ${excerpt(found)}; ${right}`);
    this.line = line;
  }
}

function excerpt(found: string): string {
  if (found === "") return "the end of the line";
  return JSON.stringify(found.length > 40 ? `${found.slice(0, 40)}…` : found);
}

/** Where the reading of a line stands. */
interface Cursor {
  readonly text: string;
  readonly line: number;
  at: number;
}

const METRIC = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const SPACE = /[ \t]*/y;
const WORD = /[^ \t]+/y;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu;
const NOT_FINITE = /^([+-]?)(?:inf(?:inity)?|nan)$/iu;
const QUOTE = 34;
const BACKSLASH = 92;

const METRIC_RIGHT = "a line begins with the name of a metric: letters, digits, _ and :, no digit first";
const LABEL_RIGHT = 'a label is name="value"';

function take(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const [found = ""] = pattern.exec(cursor.text) ?? [];
  cursor.at += found.length;
  return found;
}

function wrong(cursor: Cursor, right: string): MalformedPage {
  return new MalformedPage(cursor.line, cursor.text.slice(cursor.at), right);
}

/** A number as pages write it: decimal, `+Inf`, `NaN`. `undefined` when it is none. */
export function readNumber(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text);
  const [, sign] = NOT_FINITE.exec(text) ?? [];
  if (sign === undefined) return undefined;
  if (/nan$/iu.test(text)) return Number.NaN;
  return sign === "-" ? -Infinity : Infinity;
}

/** Reads a line with a sample. Throws MalformedPage. */
export function readSample(text: string, line: number, format: PageFormat): Sample {
  const cursor: Cursor = { text, line, at: 0 };
  take(cursor, SPACE);
  const name = take(cursor, METRIC);
  if (name === "") throw wrong(cursor, METRIC_RIGHT);
  take(cursor, SPACE);
  const labels = readLabels(cursor);
  const value = readValue(cursor);
  readTime(cursor, format);
  if (format === "openmetrics") readExemplar(cursor);
  if (cursor.at < text.length) throw wrong(cursor, "after the value comes a timestamp or nothing");
  return { name, labels, value, line };
}

const NO_LABELS: ReadonlyMap<string, string> = new Map();

function readLabels(cursor: Cursor): ReadonlyMap<string, string> {
  if (cursor.text[cursor.at] !== "{") return NO_LABELS;
  cursor.at += 1;
  const labels = new Map<string, string>();
  for (;;) {
    take(cursor, SPACE);
    if (cursor.text[cursor.at] === "}") break;
    readLabel(cursor, labels);
    take(cursor, SPACE);
    const next = cursor.text[cursor.at];
    if (next === "}") break;
    if (next !== ",") throw wrong(cursor, "after a label comes , or }");
    cursor.at += 1;
  }
  cursor.at += 1;
  take(cursor, SPACE);
  return labels;
}

function readLabel(cursor: Cursor, labels: Map<string, string>): void {
  const start = cursor.at;
  const name = take(cursor, LABEL);
  if (name === "") throw wrong(cursor, LABEL_RIGHT);
  take(cursor, SPACE);
  if (cursor.text[cursor.at] !== "=") throw wrong(cursor, LABEL_RIGHT);
  cursor.at += 1;
  take(cursor, SPACE);
  if (cursor.text[cursor.at] !== '"') throw wrong(cursor, LABEL_RIGHT);
  const value = readQuoted(cursor);
  if (labels.has(name)) throw wrong({ ...cursor, at: start }, `a series has one label ${name}`);
  labels.set(name, value);
}

function readQuoted(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.at + 1;
  let escapes = false;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      cursor.at = at + 1;
      const raw = text.slice(start, at);
      return escapes ? unescaped(raw) : raw;
    }
    if (code === BACKSLASH) {
      escapes = true;
      at += 1;
    }
  }
  throw wrong(cursor, 'the value of a label ends with "');
}

/** `\\`, `\"` and `\n`; before anything else a backslash stands for itself, as Prometheus reads it. */
export function unescaped(raw: string): string {
  return raw.replaceAll(/\\([\\"n])/gu, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
}

function readValue(cursor: Cursor): number {
  const start = cursor.at;
  const value = readNumber(take(cursor, WORD));
  if (value === undefined) throw wrong({ ...cursor, at: start }, "a value is a number, +Inf, -Inf or NaN");
  take(cursor, SPACE);
  return value;
}

/** Milliseconds as an integer; in OpenMetrics seconds. */
function readTime(cursor: Cursor, format: PageFormat): void {
  const start = cursor.at;
  if (start === cursor.text.length || (format === "openmetrics" && cursor.text[start] === "#")) return;
  const word = take(cursor, WORD);
  const isTime = format === "openmetrics" ? Number.isFinite(readNumber(word)) : /^-?\d+$/u.test(word);
  const right = format === "openmetrics" ? "a timestamp is a number of seconds" : "a timestamp is whole milliseconds";
  if (!isTime) throw wrong({ ...cursor, at: start }, right);
  take(cursor, SPACE);
}

function readExemplar(cursor: Cursor): void {
  if (cursor.text[cursor.at] !== "#") return;
  cursor.at += 1;
  take(cursor, SPACE);
  if (cursor.text[cursor.at] !== "{") throw wrong(cursor, "an exemplar begins with {");
  readLabels(cursor);
  readValue(cursor);
  readTime(cursor, "openmetrics");
}
