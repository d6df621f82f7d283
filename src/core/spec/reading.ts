// How is a value that is written as text read, and how is a bad one named?
import * as z from "zod";

/** A value, or what was found and what would be right. */
export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** A good reading. */
export function good<T>(value: T): Reading<T> {
  return { ok: true, value };
}

/** A bad reading: `found 105%, a weight is from 0.0001% to 100%`. */
export function bad(input: unknown, right: string): Reading<never> {
  return { ok: false, message: `found ${shown(input)}, ${right}` };
}

/** Whatever was found, short enough for the middle of a sentence. */
export function shown(input: unknown): string {
  if (input === undefined || input === null) return "nothing";
  if (Array.isArray(input)) return input.length === 0 ? "an empty list" : "a list";
  if (typeof input === "object") return Object.keys(input).length === 0 ? "an empty map" : "a map";
  if (typeof input === "number" || typeof input === "boolean") return String(input);
  if (typeof input !== "string") return `a ${typeof input}`;
  if (input === "") return "an empty text";
  const oneLine = JSON.stringify(input).slice(1, -1);
  return oneLine.length > 60 ? `${oneLine.slice(0, 57)}…` : oneLine;
}

/** A format of text: how to read it, and how a JSON Schema may describe it to an editor. */
export interface Format<T> {
  /** Reads any input; whatever is not right is named. */
  readonly read: (input: unknown) => Reading<T>;
  /** What an editor checks: never stricter than `read`. */
  readonly pattern: string;
  readonly examples: readonly string[];
}

/** Schema of a field in a format of its own. */
export function written<T>(format: Format<T>): z.ZodType<T, string> {
  return z
    .string({ error: ({ input }) => (input === undefined ? undefined : problem(format.read(input))) })
    .meta({ pattern: format.pattern, examples: [...format.examples] })
    .transform((text, context) => settle(format.read(text), context));
}

/** Like `written`, for formats that are also written as a plain number, a whole one when nothing else is said. */
export function writtenOrNumber<T>(format: Format<T>, number: z.ZodNumber = z.int()): z.ZodType<T, string | number> {
  const error = ({ input }: { readonly input?: unknown }): string | undefined =>
    input === undefined ? undefined : problem(format.read(input));
  return z
    .union([z.string().meta({ pattern: format.pattern, examples: [...format.examples] }), number], { error })
    .transform((input, context) => settle(format.read(input), context));
}

function problem(reading: Reading<unknown>): string | undefined {
  return reading.ok ? undefined : reading.message;
}

function settle<T>(reading: Reading<T>, context: z.core.$RefinementCtx): T {
  if (reading.ok) return reading.value;
  context.addIssue({ code: "custom", message: reading.message, params: { code: "wrong-value" } });
  return z.NEVER;
}
