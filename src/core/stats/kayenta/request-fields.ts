// What does Kayenta take for a number, a list of numbers or a list of names?
import * as z from "zod";
import { shown } from "../../spec/reading.ts";

/** A value, or the problem with it; `at` is its place in a list. */
type Reading<T> = { readonly value: T } | { readonly problem: string; readonly at?: number | undefined };

export type Read<T> = (input: unknown) => Reading<T>;

/** Schema of a field that is read by a function of its own. What is not there is read as `undefined`. */
export function field<T>(read: Read<T>): z.ZodType<T> {
  return z.optional(z.unknown()).transform((input, context) => {
    const found = read(input);
    if ("value" in found) return found.value;
    const path = found.at === undefined ? [] : [found.at];
    context.addIssue({ code: "custom", message: found.problem, path, input });
    return z.NEVER;
  });
}

/** What was found; a text in quotes, because the quotes are often the mistake. */
export function quoted(input: unknown): string {
  return typeof input === "string" && input !== "" ? `the text "${shown(input)}"` : shown(input);
}

/** Texts that Jackson reads as a double that is no number. */
const NAMES: ReadonlyMap<string, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["INF", Infinity],
  ["-Infinity", -Infinity],
  ["-INF", -Infinity],
]);

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/u;

/** A number, or a text that Jackson takes for one; `undefined` for anything else. */
function numberOf(input: unknown): number | undefined {
  if (typeof input === "number") return input;
  if (typeof input !== "string") return undefined;
  const text = input.trim();
  return NAMES.get(text) ?? (NUMBER.test(text) ? Number(text) : undefined);
}

/** A finite number, also written as a text. */
export function double(right: string): Read<number> {
  return (input) => {
    const value = numberOf(input);
    return value !== undefined && Number.isFinite(value) ? { value } : { problem: `found ${quoted(input)}, ${right}` };
  };
}

/** A list of numbers, also written as texts, NaN and the infinities among them. The first wrong one is named. */
export function doubles(right: string): Read<readonly number[]> {
  return (input) => {
    if (!Array.isArray(input)) return { problem: `found ${quoted(input)}, a list of numbers must be here` };
    const values = input.map(numberOf);
    const at = values.indexOf(undefined);
    if (at === -1) return { value: values as readonly number[] };
    const others = values.filter((value) => value === undefined).length - 1;
    const more = others > 0 ? ` (and ${others} more such)` : "";
    return { problem: `found ${quoted(input[at])}${more}, ${right}`, at };
  };
}

/** A list of texts, whole numbers among them; nothing when it is not there. */
export function texts(right: string): Read<readonly string[] | undefined> {
  return (input) => {
    if (input === undefined || input === null) return { value: undefined };
    if (!Array.isArray(input)) return { problem: `found ${quoted(input)}, ${right}` };
    const at = input.findIndex((each) => typeof each !== "string" && !Number.isInteger(each));
    return at === -1 ? { value: input.map(String) } : { problem: `found ${quoted(input[at])}, ${right}`, at };
  };
}
