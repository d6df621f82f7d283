// What must a query hold before anybody is asked it?
import { compile, JSONPathError } from "json-p3";
import { filledText, namesIn, strayIn } from "../outbox/template.ts";
import { shown } from "./reading.ts";
import { listed } from "./rule.ts";
import type { VendorKind } from "./vendors.ts";

/** What a query can name of the interval; in which form depends on the vendor's language. */
export interface Interval {
  readonly from: string;
  readonly to: string;
  /** How long it is. */
  readonly interval: string;
}

/** Their names: filled in by the vendor's adapter, so whoever fills in others leaves these as they are. */
export const INTERVAL_NAMES: readonly string[] = ["from", "to", "interval"];

/** Texts in quotes, which are no words of the language. */
const QUOTED = /'(?:[^'\\]|\\.)*'|`[^`]*`|"(?:[^"\\]|\\.)*"/gu;

function needsBounds(query: string): string | undefined {
  const missing = ["from", "to"].filter((name) => !namesIn(query).includes(name));
  if (missing.length === 0) return undefined;
  return `has no {{${missing.join("}} and no {{")}}} in its query, so it would not keep to the interval`;
}

function hasOwnTime(query: string): string | undefined {
  const word = /\b(?:since|until)\b/iu.exec(query.replaceAll(QUOTED, ""))?.[0];
  return word && `has ${word.toUpperCase()} in its query, which Serin says itself: take it out`;
}

/** Any interval, to see whether a query can be read. */
const SOME: Interval = { from: "0", to: "1", interval: "1" };

function isPath(query: string): string | undefined {
  try {
    compile(filledQuery(query, SOME).trim());
    return undefined;
  } catch (error) {
    if (!(error instanceof JSONPathError)) throw error;
    return `has a query that is no JSONPath: ${error.message}`;
  }
}

/** Vendors whose language is read here, that are not told the interval beside the query, or whose query could contradict it. */
const CHECKS: { readonly [K in VendorKind]?: (query: string) => string | undefined } = {
  influxdb: needsBounds,
  json: isPath,
  newrelic: hasOwnTime,
};

/** Why a query cannot be asked, as a phrase that follows the source's name; undefined when it can. */
export function wrongQuery(kind: VendorKind, query: string): string | undefined {
  // What a command is asked is its own affair.
  if (kind === "command") return undefined;
  if (query.trim() === "") return "has an empty query";
  const stray = strayIn(query);
  if (stray !== undefined) return `has ${shown(stray)} in its query, which is no name of the interval`;
  const unknown = namesIn(query).find((name) => !INTERVAL_NAMES.includes(name));
  if (unknown !== undefined) return `has {{${unknown}}} in its query: known are ${listed(INTERVAL_NAMES, "and")}`;
  return CHECKS[kind]?.(query);
}

/** A text with the interval filled in. */
export function filledQuery(text: string, interval: Interval): string {
  return filledText(text, { ...interval });
}
