// Which share is `0.1%`?
import { NOTHING, WHOLE, weight, type Weight } from "../units.ts";
import { bad, good, type Format, type Reading } from "./reading.ts";

const PATTERN = String.raw`^\d+(?:\.\d+)?%$`;
/** A sign is understood, so that it can be named as what it is: out of bounds. */
const WHOLE_TEXT = /^[+-]?\d+(?:\.\d+)?%$/u;

/** A percentage as a number, `0.1%` → 0.1; undefined for anything that is not written as one. */
function percentage(input: unknown): number | undefined {
  if (typeof input !== "string" || !WHOLE_TEXT.test(input)) return undefined;
  return Number(input.slice(0, -1));
}

function withSign(input: unknown, what: string): string {
  const number =
    typeof input === "number" ? input : Number(typeof input === "string" && input !== "" ? input : Number.NaN);
  const example = number > 0 && number <= 100 ? `${number}%` : "10%";
  return `${what} is written with a percent sign, such as ${example}`;
}

/** Reads a share of the traffic: more than nothing, at most all, in steps of a millionth. */
export function readWeight(input: unknown): Reading<Weight> {
  const value = percentage(input);
  if (value === undefined) return bad(input, withSign(input, "a weight"));
  const ppm = Math.round(value * 10_000);
  if (ppm <= NOTHING || ppm > WHOLE) return bad(input, "a weight is from 0.0001% to 100%");
  // 0.00015% must not silently become 0.0002%. The bound is far above floating-point noise and far below a millionth.
  if (Math.abs(value * 10_000 - ppm) > 1e-4) return bad(input, "a weight has at most four decimals, such as 0.0001%");
  return good(weight(ppm));
}

/** Bounds of a percentage, in percent, both allowed. */
export interface PercentBounds {
  readonly atLeast: number;
  readonly atMost: number;
}

/** Reads a percentage as a fraction: `0.5%` → 0.005, `20%` → 0.2. */
export function readFraction(input: unknown, bounds: PercentBounds): Reading<number> {
  const value = percentage(input);
  if (value === undefined) return bad(input, withSign(input, "a percentage"));
  if (value < bounds.atLeast || value > bounds.atMost) {
    return bad(input, `a percentage here is from ${bounds.atLeast}% to ${bounds.atMost}%`);
  }
  // Ten digits: what people write stays what it is, 0.1 % is 0.001 and not 0.0010000000000000002.
  return good(Number((value / 100).toFixed(10)));
}

/** A field that holds a share of the traffic. */
export const WEIGHT: Format<Weight> = { read: readWeight, pattern: PATTERN, examples: ["5%", "0.1%"] };

/** A field that holds a percentage. */
export function fractionFormat(bounds: PercentBounds): Format<number> {
  return { read: (input) => readFraction(input, bounds), pattern: PATTERN, examples: ["1%", "0.5%"] };
}

/** Reads a share as Flagger writes it, a whole number of percent, or with the sign. */
export function readFlaggerWeight(input: unknown): Reading<Weight> {
  if (typeof input !== "number") return readWeight(input);
  if (!Number.isInteger(input) || input < 1 || input > 100)
    return bad(input, "a weight is from 1 to 100, or 0.0001% to 100%");
  return good(weight(input * 10_000));
}

/** A field that holds a share as Flagger writes it. */
export const FLAGGER_WEIGHT: Format<Weight> = { read: readFlaggerWeight, pattern: PATTERN, examples: ["10%"] };
