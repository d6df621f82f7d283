// What does one line of a metrics page say?
import { readNumber } from "./number.ts";

/** The two formats of metrics pages: Prometheus text 0.0.4 and OpenMetrics 1.0. */
export type PageFormat = "prometheus" | "openmetrics";

/** One value of one series. Explicit timestamps and exemplars are read over: a page is taken for what holds now. */
export interface Sample {
  readonly name: string;
  /** In the order in which they stand. One with an empty value is the same as none. */
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
  readonly format: PageFormat;
  at: number;
}

const METRIC = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const WORD = /[^ \t]+/y;
/** Spaces and tabs are free in Prometheus' format; in OpenMetrics one space stands where it must, and nowhere else. */
const FREE: Readonly<Record<PageFormat, RegExp>> = { prometheus: /[ \t]*/y, openmetrics: /(?:)/y };
const GAP: Readonly<Record<PageFormat, RegExp>> = { prometheus: /[ \t]*/y, openmetrics: / ?/y };
const QUOTE = 34;
const BACKSLASH = 92;
/** The largest number of milliseconds that Prometheus keeps: 64 bits with a sign. */
const LAST_MILLISECOND = 2n ** 63n - 1n;

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

/** Reads a line with a sample. Throws MalformedPage. */
export function readSample(text: string, line: number, format: PageFormat): Sample {
  const cursor: Cursor = { text, line, format, at: 0 };
  const before = take(cursor, METRIC);
  if (before !== "") take(cursor, FREE[format]);
  else if (text[0] !== "{") throw wrong(cursor, METRIC_RIGHT);
  const { labels, name = before } = readLabels(cursor, before === "");
  if (name === "") throw new MalformedPage(line, text, METRIC_RIGHT);
  const gap = take(cursor, GAP[format]);
  if (format === "openmetrics" && gap === "") throw wrong(cursor, "a space stands before a value");
  if (text[cursor.at] === "{") throw wrong(cursor, "values of several parts, as in OpenMetrics 2.0, are not read");
  const value = readValue(cursor);
  readTime(cursor);
  if (format === "openmetrics") readExemplar(cursor);
  if (cursor.at < text.length) throw wrong(cursor, "after the value comes a timestamp or nothing");
  return { name, labels, value, line };
}

interface Labels {
  readonly labels: ReadonlyMap<string, string>;
  /** The name of the metric where it stands in quotes among the labels. */
  readonly name?: string;
}

const NO_LABELS: Labels = { labels: new Map() };

function readLabels(cursor: Cursor, mayName: boolean): Labels {
  if (cursor.text[cursor.at] !== "{") return NO_LABELS;
  cursor.at += 1;
  const labels = new Map<string, string>();
  let named: string | undefined;
  let isLast = false;
  const free = FREE[cursor.format];
  for (take(cursor, free); cursor.text[cursor.at] !== "}" || isLast; take(cursor, free)) {
    const start = cursor.at;
    const found = readLabel(cursor);
    if (found.value === undefined && (!mayName || named !== undefined))
      throw wrong({ ...cursor, at: start }, LABEL_RIGHT);
    if (found.value === undefined) named = found.name;
    else if (labels.has(found.name)) throw wrong({ ...cursor, at: start }, `a series has one label ${found.name}`);
    else labels.set(found.name, found.value);
    take(cursor, free);
    const next = cursor.text[cursor.at];
    if (next === "}") break;
    if (next !== ",") throw wrong(cursor, "after a label comes , or }");
    cursor.at += 1;
    // In Prometheus' format a comma may be the last; in OpenMetrics another label follows.
    isLast = cursor.format === "openmetrics";
  }
  cursor.at += 1;
  return named === undefined ? { labels } : { labels, name: named };
}

/** A label, or a name in quotes alone: the metric's. Since Prometheus 3 labels may have names in quotes as well. */
function readLabel(cursor: Cursor): { readonly name: string; readonly value?: string } {
  const free = FREE[cursor.format];
  const isQuoted = cursor.text[cursor.at] === '"';
  const start = cursor.at;
  const name = isQuoted ? readQuoted(cursor, "a name in quotes") : take(cursor, LABEL);
  if (name === "" || name === "__name__") throw wrong({ ...cursor, at: start }, LABEL_RIGHT);
  take(cursor, free);
  if (cursor.text[cursor.at] !== "=") {
    if (isQuoted) return { name };
    throw wrong(cursor, LABEL_RIGHT);
  }
  cursor.at += 1;
  take(cursor, free);
  if (cursor.text[cursor.at] !== '"') throw wrong(cursor, LABEL_RIGHT);
  return { name, value: readQuoted(cursor, "the value of a label") };
}

function readQuoted(cursor: Cursor, what: string): string {
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
  throw wrong(cursor, `${what} ends with "`);
}

/** `\\`, `\"` and `\n`; before anything else a backslash stands for itself, as Prometheus reads it. */
export function unescaped(raw: string): string {
  return raw.replaceAll(/\\([\\"n])/gu, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
}

function readValue(cursor: Cursor): number {
  const start = cursor.at;
  const value = readNumber(take(cursor, WORD));
  if (value === undefined) throw wrong({ ...cursor, at: start }, "a value is a number, +Inf, -Inf or NaN");
  take(cursor, GAP[cursor.format]);
  return value;
}

/** Milliseconds as an integer; in OpenMetrics seconds. */
function readTime(cursor: Cursor): void {
  const { text, format, at: start } = cursor;
  if (start === text.length) {
    // OpenMetrics has no spaces at the end.
    if (format === "openmetrics" && text.endsWith(" ")) throw wrong(cursor, "a line does not end with a space");
    return;
  }
  if (format === "openmetrics" && text[start] === "#") return;
  const word = take(cursor, WORD);
  const isTime =
    format === "openmetrics"
      ? Number.isFinite(readNumber(word))
      : /^\d+$/u.test(word) && BigInt(word) <= LAST_MILLISECOND;
  const right = format === "openmetrics" ? "a timestamp is a number of seconds" : "a timestamp is whole milliseconds";
  if (!isTime) throw wrong({ ...cursor, at: start }, right);
  take(cursor, GAP[format]);
  if (format === "openmetrics" && cursor.at === text.length && text.endsWith(" "))
    throw wrong(cursor, "a line does not end with a space");
}

function readExemplar(cursor: Cursor): void {
  if (cursor.text[cursor.at] !== "#") return;
  cursor.at += 1;
  const right = "an exemplar begins with # {";
  if (!cursor.text.startsWith(" {", cursor.at)) throw wrong(cursor, right);
  cursor.at += 1;
  readLabels(cursor, false);
  if (take(cursor, GAP.openmetrics) === "") throw wrong(cursor, "a space stands before a value");
  readValue(cursor);
  readTime(cursor);
  if (cursor.text[cursor.at] === "#") throw wrong(cursor, "a sample has one exemplar");
}
