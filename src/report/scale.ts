// Where on a plot does a value lie, and which values are named along its edge?
import { count } from "../core/stats/figures.ts";
import type { AxisUnit } from "./quantity.ts";

/** From the first to the last; both finite, the second larger. */
export type Range = readonly [from: number, to: number];

/** A value that is named along an edge. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Maps a domain to pixels, to a tenth of one. What lies outside is kept within a thousand pixels of the plot. */
export function scale(domain: Range, pixels: Range): (value: number) => number {
  const [low, high] = domain;
  const [from, to] = pixels;
  const least = Math.min(from, to) - 1_000;
  const most = Math.max(from, to) + 1_000;
  const span = high - low;
  return (value) => {
    const at = span > 0 ? from + ((value - low) / span) * (to - from) : from;
    return Math.round(Math.min(most, Math.max(least, Number.isFinite(at) ? at : from)) * 10) / 10;
  };
}

/** The smallest of 1, 2, 5 · 10^k that cuts a span into at most so many parts. */
function niceStep(span: number, most: number): number {
  const raw = span / most;
  const size = 10 ** Math.floor(Math.log10(raw));
  const factor = [1, 2, 5, 10].find((each) => each * size >= raw * (1 - 1e-9)) ?? 10;
  return factor * size;
}

/** A domain that ends on round numbers, and the distance between those that are named. */
export interface Axis {
  readonly domain: Range;
  readonly step: number;
  readonly unit: AxisUnit;
}

/** An axis that holds the values, and 0 where none is on its other side; round in its own unit. */
export function valueAxis(values: readonly number[], unit: AxisUnit, most = 4): Axis {
  const { factor } = unit;
  const low = Math.min(0, ...values) * factor;
  const high = Math.max(0, ...values) * factor;
  const span = high - low;
  // A span beyond all measure is drawn as if it were 1.
  if (!(span > 1e-12 && span < 1e100)) return { domain: [0, 1 / factor], step: 1 / factor, unit };
  const step = niceStep(span, most);
  const from = Math.floor(low / step + 1e-9) * step;
  const to = Math.ceil(high / step - 1e-9) * step;
  return { domain: [from / factor, to / factor], step: step / factor, unit };
}

/** Names the steps of a value axis, all with as many decimals. */
export function valueTicks({ domain: [low, high], step, unit }: Axis): Tick[] {
  const decimals = Math.min(8, Math.max(0, -Math.floor(Math.log10(step * unit.factor) + 1e-9)));
  return Array.from({ length: Math.round((high - low) / step) + 1 }, (_, index) => {
    const at = low + index * step;
    const number = at * unit.factor;
    const size = Math.abs(number);
    const text = size >= 1e6 ? number.toExponential(1) : size >= 10_000 ? count(number) : number.toFixed(decimals);
    return { at, label: `${text.replace(/-(?=0*\.?0*$)/u, "").replace("-", "−")}${unit.suffix}` };
  });
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const TIME_STEPS = [
  { unit: 1, times: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
  { unit: SECOND, times: [1, 2, 5, 10, 15, 30] },
  { unit: MINUTE, times: [1, 2, 5, 10, 15, 30] },
  { unit: HOUR, times: [1, 2, 3, 6, 12] },
  { unit: DAY, times: [1, 2, 7, 14, 28] },
].flatMap(({ unit, times }) => times.map((each) => each * unit));

/** Times since the beginning, in milliseconds, at round distances: `0`, `30s`, `1m`. */
export function timeTicks([from, to]: Range, most: number): Tick[] {
  const span = to - from;
  const step = TIME_STEPS.find((each) => span / each <= most) ?? Math.ceil(span / most / (28 * DAY)) * 28 * DAY;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const at = (first + index) * step;
    return { at, label: timeLabel(at, step) };
  });
}

const PARTS: readonly (readonly [name: string, size: number])[] = [
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
];

/** As exact as the distance between two of them asks for, where `duration` would round: `2h 5s`, `1m 10.2s`. */
function timeLabel(at: number, step: number): string {
  if (at === 0) return "0";
  if (at < SECOND) return `${Math.round(at)}ms`;
  const parts: string[] = [];
  let rest = at;
  for (const [name, size] of PARTS) {
    const whole = Math.floor(rest / size + 1e-9);
    if (whole > 0) parts.push(`${whole}${name}`);
    rest -= whole * size;
  }
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(step) + 1e-9));
  const seconds = Number((rest / SECOND).toFixed(decimals));
  if (seconds > 0) parts.push(`${seconds}s`);
  return parts.join(" ");
}

/** Powers of ten along an axis of natural logarithms, as odds: `1:10`, `1:1`, `10:1`. */
export function oddsTicks([low, high]: Range, most = 5): Tick[] {
  const first = Math.ceil(low / Math.LN10 - 1e-9);
  const last = Math.floor(high / Math.LN10 + 1e-9);
  const step = Math.max(1, Math.ceil((last - first) / most));
  const ticks: Tick[] = [];
  // Counted from 1:1, which is always named.
  for (let power = Math.ceil(first / step) * step; power <= last; power += step) {
    const size = Math.abs(power) >= 4 ? `10${superscript(Math.abs(power))}` : count(10 ** Math.abs(power));
    ticks.push({ at: power * Math.LN10, label: power >= 0 ? `${size}:1` : `1:${size}` });
  }
  return ticks;
}

const superscript = (value: number): string =>
  String(value).replace(/\d/gu, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? "");
