// Which series of a page does `orders_total{result="paid"}` mean?
import { BadPattern, compilePattern, matchesPattern, type Pattern } from "./pattern.ts";

/** One condition on a label. A label that a series does not have is the empty text, as in PromQL. */
interface Matcher {
  readonly label: string;
  readonly negated: boolean;
  readonly value:
    | { readonly kind: "text"; readonly text: string }
    | { readonly kind: "pattern"; readonly pattern: Pattern };
}

/** A metric, and the conditions that its series must all meet. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

/** A selector, or what is wrong with the text; `at` counts UTF-16 units from 0. */
export type SelectorReading =
  | { readonly ok: true; readonly selector: Selector }
  | { readonly ok: false; readonly at: number; readonly why: string };

class BadSelector extends Error {
  readonly at: number;

  constructor(at: number, why: string) {
    super(why);
    this.at = at;
  }
}

interface Cursor {
  readonly text: string;
  at: number;
}

const LONGEST = 1_024;
const METRIC = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const OPERATOR = /=~|!~|!=|=/y;
const SPACE = /\s*/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", "\\": "\\", '"': '"', "'": "'" };
const METRIC_RIGHT = 'the name of a metric comes first, then labels in braces: orders_total{result="paid"}';

/**
 * Reads a selector of PromQL: a name, also in quotes as Prometheus 3 has it (`{"my.metric"}`), and `=`, `!=`, `=~`, `!~`
 * on labels. No functions, no ranges.
 */
export function readSelector(text: string): SelectorReading {
  const cursor: Cursor = { text, at: 0 };
  try {
    if (text.length > LONGEST) throw new BadSelector(LONGEST, `a selector has at most ${LONGEST} characters`);
    take(cursor, SPACE);
    const plain = take(cursor, METRIC);
    const start = cursor.at;
    take(cursor, SPACE);
    const braces = text[cursor.at] === "{" ? readMatchers(cursor, plain === "") : { matchers: [] };
    const { matchers, metric = plain } = braces;
    if (metric === "") throw new BadSelector(start, METRIC_RIGHT);
    take(cursor, SPACE);
    if (cursor.at < text.length) throw new BadSelector(cursor.at, excess(text[cursor.at] ?? "", metric));
    return { ok: true, selector: { metric, matchers } };
  } catch (error) {
    if (error instanceof BadSelector) return { ok: false, at: error.at, why: error.message };
    throw error;
  }
}

function excess(found: string, metric: string): string {
  if (found === ".") return "the name of a metric has no dots on a page; they stand there as _";
  if (found === "-") return "the name of a metric has no dashes on a page; they stand there as _";
  if (found === "[") return `a selector has no range; write ${metric} alone, the time is that of the rollout`;
  if (found === "(") return "a selector has no functions; counters are compared by how much they grow in any case";
  return "a selector ends here";
}

function take(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const [found = ""] = pattern.exec(cursor.text) ?? [];
  cursor.at += found.length;
  return found;
}

interface Braces {
  readonly matchers: readonly Matcher[];
  /** The name of the metric where it stands in quotes among the conditions, as names must that have a dot in them. */
  readonly metric?: string;
}

function readMatchers(cursor: Cursor, mayName: boolean): Braces {
  const start = cursor.at;
  cursor.at += 1;
  const matchers: Matcher[] = [];
  let metric: string | undefined;
  for (;;) {
    take(cursor, SPACE);
    const first = cursor.text[cursor.at];
    if (first === "}") break;
    const quoted = first === '"' ? readText(cursor) : undefined;
    take(cursor, SPACE);
    const isName =
      mayName && metric === undefined && quoted !== undefined && /[,}]/u.test(cursor.text[cursor.at] ?? "");
    if (isName) metric = quoted;
    else matchers.push(readMatcher(cursor, quoted));
    take(cursor, SPACE);
    const next = cursor.text[cursor.at];
    if (next === "}") break;
    if (next === undefined) throw new BadSelector(start, "the labels are not ended by }");
    if (next !== ",") throw new BadSelector(cursor.at, "after a condition comes , or }");
    cursor.at += 1;
  }
  cursor.at += 1;
  return metric === undefined ? { matchers } : { matchers, metric };
}

function readMatcher(cursor: Cursor, quoted: string | undefined): Matcher {
  const label = quoted ?? take(cursor, LABEL);
  if (label === "") throw new BadSelector(cursor.at, 'a condition is label="value", with =, !=, =~ or !~');
  take(cursor, SPACE);
  const operator = take(cursor, OPERATOR);
  if (operator === "") throw new BadSelector(cursor.at, `after ${label} comes =, !=, =~ or !~`);
  take(cursor, SPACE);
  const start = cursor.at;
  const text = readText(cursor);
  const negated = operator.startsWith("!");
  if (!operator.endsWith("~")) return { label, negated, value: { kind: "text", text } };
  try {
    return { label, negated, value: { kind: "pattern", pattern: compilePattern(text) } };
  } catch (error) {
    if (!(error instanceof BadPattern)) throw error;
    // An escape before it makes the place one or two off; the beginning of the text is never after it.
    throw new BadSelector(start + 1 + error.at, error.message);
  }
}

/** A text in quotes: with escapes in "…" and '…', as it stands in `…`. */
function readText(cursor: Cursor): string {
  const start = cursor.at;
  const quote = cursor.text[start] ?? "";
  if (!['"', "'", "`"].includes(quote)) throw new BadSelector(start, "a value stands in quotes");
  let read = "";
  for (let at = start + 1; at < cursor.text.length; at += 1) {
    const next = cursor.text[at] ?? "";
    if (next === quote) {
      cursor.at = at + 1;
      return read;
    }
    if (next !== "\\" || quote === "`") {
      read += next;
      continue;
    }
    at += 1;
    const escaped = ESCAPES[cursor.text[at] ?? ""];
    if (escaped === undefined)
      throw new BadSelector(at - 1, "a backslash in quotes is written \\\\, or the text in `…`");
    read += escaped;
  }
  throw new BadSelector(start, `the value is not ended by ${quote}`);
}

/** Whether a series meets all conditions. */
export function selects({ matchers }: Selector, labels: ReadonlyMap<string, string>): boolean {
  return matchers.every(({ label, negated, value }) => {
    const has = labels.get(label) ?? "";
    return (value.kind === "text" ? value.text === has : matchesPattern(value.pattern, has)) !== negated;
  });
}
