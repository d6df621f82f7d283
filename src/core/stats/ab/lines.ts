// What does a file of users say, and which of its lines are wrong?
import type { Seen } from "./users.ts";

/** A line that is wrong; lines count from 1. */
export interface BadLine {
  readonly line: number;
  /** What was found, and what would be right. */
  readonly message: string;
}

/** The events of a file, or every line of it that is wrong. */
export type Lines =
  | { readonly ok: true; readonly events: readonly Seen[] }
  | { readonly ok: false; readonly issues: readonly BadLine[] };

/** One line read: an event, or what is wrong with it. */
type Read = { readonly seen: Seen } | { readonly message: string };

/** The fields of a line before they are understood; absent ones are `undefined`. */
type Fields = Readonly<Record<"user" | "variant" | "converted" | "at", unknown>>;

const CONVERTED: Readonly<Record<string, boolean>> = { "1": true, "0": false, true: true, false: false };

/** Understands a moment as people write it: milliseconds since the epoch, or `undefined`. */
export type MomentOf = (text: string) => number | undefined;

/** A value as it stands in a message, shortened. */
function shown(value: unknown): string {
  if (value === undefined || value === "") return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function nameOf(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

function timeOf(value: unknown, momentOf: MomentOf): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return /^\d{1,16}$/u.test(text) ? Number(text) : momentOf(text);
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

function variantOf(value: unknown): string | undefined | { readonly message: string } {
  if (!isGiven(value)) return undefined;
  return nameOf(value) ?? { message: `variant: found ${shown(value)}, a name must be here` };
}

function convertedOf(value: unknown): boolean | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const text = String(value).trim().toLowerCase();
  return Object.hasOwn(CONVERTED, text) ? CONVERTED[text] : undefined;
}

/** Understands the fields of one line. All that is wrong with it is said at once. */
function readFields(fields: Fields, momentOf: MomentOf): Read {
  const wrong: string[] = [];
  const user = nameOf(fields.user);
  if (user === undefined) wrong.push(`user: found ${shown(fields.user)}, the user's id must be here`);
  const variant = variantOf(fields.variant);
  if (typeof variant === "object") wrong.push(variant.message);
  const converted = convertedOf(fields.converted);
  if (converted === undefined && (isGiven(fields.converted) || !isGiven(fields.variant))) {
    wrong.push(`converted: found ${shown(fields.converted)}, it is 1 or 0, true or false`);
  } else if (converted === false && !isGiven(fields.variant)) {
    wrong.push("variant: found nothing; only a conversion, converted 1, may come without one");
  }
  const atMs = isGiven(fields.at) ? timeOf(fields.at, momentOf) : undefined;
  if (isGiven(fields.at) && atMs === undefined) {
    wrong.push(`at: found ${shown(fields.at)}, a moment is 2026-03-04T14:02:11Z or milliseconds since 1970`);
  }
  if (wrong.length > 0 || user === undefined || typeof variant === "object") return { message: wrong.join("; ") };
  return { seen: { user, variant, converted: converted ?? false, atMs } };
}

/** Cells of a line of CSV (RFC 4180, without line breaks in cells); `undefined` when a quotation has no end. */
function cellsOf(line: string): readonly string[] | undefined {
  const cells: string[] = [];
  const cell = /(?:\s*"((?:[^"]|"")*)"\s*|([^",]*))(,|$)/uy;
  for (;;) {
    const found = cell.exec(line);
    if (!found) return undefined;
    cells.push(found[1] === undefined ? (found[2] ?? "").trim() : found[1].replaceAll('""', '"'));
    if (found[3] === "") return cells;
  }
}

const HEADER = ["user", "variant", "converted"] as const;

/** What is wrong with a header, or `undefined`. */
function headerMessage(names: readonly string[]): string | undefined {
  const missing = HEADER.filter((name) => !names.includes(name));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (missing.length > 0) {
    return `found ${shown(names.join(","))}, the header must be user,variant,converted or user,variant,converted,at`;
  }
  return twice === undefined ? undefined : `the header names ${shown(twice)} twice`;
}

function csvReader(header: string, momentOf: MomentOf): ((line: string) => Read) | { readonly message: string } {
  const names = cellsOf(header)?.map((name) => name.toLowerCase()) ?? [];
  const message = headerMessage(names);
  if (message !== undefined) return { message };
  return (line) => {
    const cells = cellsOf(line);
    if (!cells)
      return { message: "a quotation mark is in the wrong place, or the quotation does not end in this line" };
    if (cells.length !== names.length) {
      return { message: `found ${cells.length} cells, the header has ${names.length}` };
    }
    const cell = (name: string): string | undefined => cells[names.indexOf(name)];
    const [user, variant, converted, at] = [cell("user"), cell("variant"), cell("converted"), cell("at")];
    return readFields({ user, variant, converted, at }, momentOf);
  };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readJson(line: string, momentOf: MomentOf): Read {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { message: `found ${shown(line)}, an object of JSON must be here` };
  }
  if (!isRecord(value)) return { message: `found ${shown(value)}, an object {user, variant, converted} must be here` };
  const { user, variant, converted, at } = value;
  return readFields({ user, variant, converted, at }, momentOf);
}

/** Either every event has a time or none has: half an order is none. */
function timeless(events: readonly Seen[], lines: readonly number[]): readonly BadLine[] {
  if (!events.some(({ atMs }) => atMs !== undefined)) return [];
  return events.flatMap(({ atMs }, i) =>
    atMs === undefined ? [{ line: lines[i] ?? 0, message: "at: found nothing; other lines have a moment here" }] : [],
  );
}

/**
 * Reads CSV with the header `user,variant,converted[,at]`, in any order of columns, or JSON with an object of these
 * fields per line. Empty lines do not count. A line is an exposure of a user to a variant, with `converted` 1 when he
 * converted (by then); without a variant it is a later conversion.
 */
export function readLines(text: string, momentOf: MomentOf): Lines {
  const rows = text.replace(/^\uFEFF/u, "").split(/\r?\n/u);
  const first = rows.findIndex((row) => row.trim() !== "");
  const head = rows[first] ?? "";
  if (first < 0) return { ok: false, issues: [{ line: 1, message: "the file is empty" }] };
  const json = head.trimStart().startsWith("{");
  const read = json ? (line: string): Read => readJson(line, momentOf) : csvReader(head, momentOf);
  if (typeof read !== "function") return { ok: false, issues: [{ line: first + 1, message: read.message }] };
  const [events, lines, issues]: [Seen[], number[], BadLine[]] = [[], [], []];
  for (let i = json ? first : first + 1; i < rows.length; i++) {
    const row = rows[i] ?? "";
    if (row.trim() === "") continue;
    const one = read(row);
    if ("message" in one) issues.push({ line: i + 1, message: one.message });
    else {
      events.push(one.seen);
      lines.push(i + 1);
    }
  }
  if (issues.length === 0) issues.push(...timeless(events, lines));
  if (issues.length > 0) return { ok: false, issues };
  if (events.length === 0) return { ok: false, issues: [{ line: first + 1, message: "no user follows the header" }] };
  return { ok: true, events };
}
