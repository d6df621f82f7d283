// How long is `1m 30s`?
import { duration, ms, type Ms } from "../units.ts";
import { bad, good, type Format, type Reading } from "./reading.ts";

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

const NUMBER = String.raw`\d+(?:\.\d+)?`;

/** Longest unit first, each at most once: `1h30m`, `1m 30s`, `1.5s`. */
const PATTERN = String.raw`^(?=.)(?:${NUMBER}d ?)?(?:${NUMBER}h ?)?(?:${NUMBER}m(?!s) ?)?(?:${NUMBER}s ?)?(?:${NUMBER}ms)?$`;
const WHOLE_TEXT = new RegExp(PATTERN, "u");
const PART = new RegExp(String.raw`(${NUMBER})(ms|d|h|m|s)`, "gu");

/** Longest time that a file may ask for: a year. */
const LONGEST = ms(366 * 86_400_000);

/** Bounds of a field, in milliseconds, both allowed. */
export interface DurationBounds {
  readonly atLeast?: Ms;
  readonly atMost?: Ms;
}

/** Reads a duration: `250ms`, `90s`, `1m 30s`, `2h`. */
export function readDuration(input: unknown, bounds: DurationBounds = {}): Reading<Ms> {
  const text = typeof input === "string" ? input.trim() : "";
  if (!WHOLE_TEXT.test(text)) return bad(input, wrongForm(input));
  let sum = 0;
  for (const [, number, unit] of text.matchAll(PART)) sum += Number(number) * (UNIT_MS[unit ?? ""] ?? 0);
  const { atLeast = ms(0), atMost = LONGEST } = bounds;
  if (!(sum >= atLeast && sum <= atMost)) {
    return bad(input, `a duration here is from ${duration(atLeast)} to ${duration(atMost)}`);
  }
  return good(ms(sum));
}

function wrongForm(input: unknown): string {
  const example =
    typeof input === "number" && input > 0 ? `such as ${input}s or ${input}m` : "such as 250ms, 90s or 5m";
  return `a duration has its unit with it, ${example}`;
}

/** A field that holds a duration. */
export function durationFormat(bounds: DurationBounds = {}): Format<Ms> {
  return { read: (input) => readDuration(input, bounds), pattern: PATTERN, examples: ["30s", "5m"] };
}
