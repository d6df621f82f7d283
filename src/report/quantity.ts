// How is a value of a metric written, by its unit?
import * as figures from "../core/stats/figures.ts";
import { duration, ms } from "../core/units.ts";

/** A value as records hold it. JSON has no infinity: what was beyond every bound comes back from a journal as null. */
export type Value = number | null | undefined;

/** The same as a number that can be drawn, or nothing. */
export function finite(value: Value): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A value with its unit: `3.1%`, `412 ms`, `312 MiB`, `0.25 cores`; `–` where there is none. */
export function quantity(value: Value, unit: string): string {
  if (value === undefined) return "–";
  if (value === null || !(Math.abs(value) < 1e15)) return unit === "ms" ? figures.latency(Infinity) : "beyond measure";
  if (unit === "share" && value < 0) return `${figures.points(value)}%`;
  if (unit === "s" && Math.abs(value) < 1) return figures.latency(value * 1_000);
  return figures.amount(value, unit);
}

/** An interval of the difference: points for shares, per cent for what is compared as a ratio less 1. */
export function interval(bounds: readonly [low: Value, high: Value] | undefined, unit: string): string {
  const [low, high] = [finite(bounds?.[0]), finite(bounds?.[1])];
  if (low === undefined || high === undefined) return "–";
  if (unit === "share") return `${figures.points(low)} to ${figures.points(high)} points`;
  return `${figures.relative(low)} to ${figures.relative(high)}`;
}

/** What numbers along an axis are multiplied with, and what stands behind each. */
export interface AxisUnit {
  readonly factor: number;
  readonly suffix: string;
}

const BYTES: readonly (readonly [name: string, size: number])[] = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
];

/** One unit for a whole axis, by its largest value. */
export function axisUnit(unit: string, top: number): AxisUnit {
  if (unit === "share") return { factor: 100, suffix: "%" };
  if (unit === "ms") return top >= 5_000 ? { factor: 1e-3, suffix: " s" } : { factor: 1, suffix: " ms" };
  if (unit === "s") return top < 1 ? { factor: 1_000, suffix: " ms" } : { factor: 1, suffix: " s" };
  const [base = "", per] = unit.split("/");
  const rest = per === undefined ? "" : `/${per}`;
  if (base === "1" && (per === "s" || per === "h")) return { factor: 1, suffix: rest };
  // Words of a user's own may be long; the figures beside the lines name them.
  if (base !== "B") return { factor: 1, suffix: "" };
  const [name, size] = BYTES.find((each) => top >= each[1]) ?? ["B", 1];
  return { factor: 1 / size, suffix: ` ${name}${rest}` };
}

/** A length of time; none at all is `0s`. */
export const lasting = (lengthMs: number): string => (lengthMs <= 0 ? "0s" : duration(ms(lengthMs)));

/** Evidence as odds, from its natural logarithm: `120:1`, `1:1`, `1:8`. */
export function odds(log: Value): string {
  if (log === undefined) return "–";
  if (log === null || !Number.isFinite(log)) return "beyond measure";
  const size = Math.exp(Math.min(Math.abs(log), 50));
  const text = size >= 1e6 ? "over 10⁶" : figures.count(Number(size.toPrecision(2)));
  return log >= 0 ? `${text}:1` : `1:${text}`;
}

/** How sure the evidence makes: 1 − 1/E, and never more than is true. */
export function sure(log: Value): string {
  const known = finite(log);
  if (known === undefined) return "–";
  return known <= 0 ? "0%" : figures.sureness(1 - Math.exp(-known));
}
