// Whose requests are these, by the rules of a route?
import { RE2JS } from "re2js";
import type { Condition, Match, MatchKind, ValueIs } from "../core/match.ts";
import type { Role } from "../core/split.ts";
import type { Sight } from "./sight.ts";

/** Whether a request has what is asked for. */
export type Test = (sight: Sight) => boolean;

type TextTest = (value: string) => boolean;
type On<K extends MatchKind> = Extract<Condition, { on: K }>;

/** A longer value does not match any regular expression. */
const LONGEST_VALUE = 1_024;

const TESTS: { readonly [K in MatchKind]: (condition: On<K>) => Test } = {
  header: ({ name, is }) => anyOf((sight) => sight.header(name), is),
  cookie: ({ name, is }) => anyOf((sight) => sight.cookie(name), is),
  query: ({ name, is }) => anyOf((sight) => sight.query(name), is),
  path: ({ is }) => {
    const test = "prefix" in is ? segmentsTest(is.prefix) : valueTest(is);
    return (sight) => test(sight.path);
  },
  method: ({ is }) => {
    return (sight) => is.includes(sight.method);
  },
  listener: () => (sight) => sight.preview,
};

/** All conditions, ready for the hot path. */
function testOf(when: readonly Condition[]): Test {
  const tests = when.map((condition) => (TESTS[condition.on] as (condition: Condition) => Test)(condition));
  return (sight) => tests.every((test) => test(sight));
}

/** All conditions of any entry. */
export function anyTestOf(entries: readonly (readonly Condition[])[]): Test {
  const tests = entries.map(testOf);
  return (sight) => tests.some((test) => test(sight));
}

/** The role of the first rule that holds; `undefined` when the weights decide. */
export function rulesOf(matches: readonly Match[]): (sight: Sight) => Role | undefined {
  const rules = matches.map(({ when, to }) => ({ test: testOf(when), to }));
  return (sight) => rules.find(({ test }) => test(sight))?.to;
}

/**
 * A regular expression that takes time in proportion to the value, whatever client wrote that: JavaScript's own would
 * try `(a+)+b` on thirty letters for minutes. Throws on what is none in either syntax: lookarounds, back references.
 */
export function linearRegex(source: string): TextTest {
  // What JavaScript does not take with `u` is not what the file means by a regular expression.
  const { source: checked } = new RegExp(source, "u");
  const regex = RE2JS.compile(RE2JS.translateRegExp(checked));
  return (value) => value.length <= LONGEST_VALUE && regex.testExact(value);
}

/** What the conditions need to be read of a request's head. */
export interface Needs {
  readonly headers: ReadonlySet<string>;
  readonly cookies: boolean;
}

export function needsOf(conditions: readonly Condition[]): Needs {
  return {
    headers: new Set(conditions.flatMap((condition) => (condition.on === "header" ? [condition.name] : []))),
    cookies: conditions.some(({ on }) => on === "cookie"),
  };
}

function anyOf(values: (sight: Sight) => readonly string[], is: ValueIs): Test {
  const test = valueTest(is);
  return (sight) => values(sight).some(test);
}

function valueTest(is: ValueIs): TextTest {
  if ("exact" in is) return (value) => value === is.exact;
  if ("prefix" in is) return (value) => value.startsWith(is.prefix);
  return "regex" in is ? linearRegex(is.regex) : () => true;
}

/** `/cart` for `/cart` and all below; `/cart/` for what is below. */
function segmentsTest(prefix: string): TextTest {
  const below = prefix.endsWith("/") ? prefix : `${prefix}/`;
  return (path) => path === prefix || path.startsWith(below);
}
