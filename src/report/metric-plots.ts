// What did one metric look like over time, and the evidence on it?
import { words, type Markup } from "./markup.ts";
import type { Limits, MetricPoint, MetricReport } from "./model.ts";
import { across, band, course, draw, ends, line, placed, upwards, type Box, type End, type Spot } from "./plot.ts";
import { axisUnit, finite, lasting, odds, quantity } from "./quantity.ts";
import { oddsTicks, scale, timeTicks, valueAxis, valueTicks, type Range } from "./scale.ts";

const BOX: Box = { width: 480, height: 220, left: 56, right: 92, top: 16, bottom: 26 };

/** What a plot of a metric is drawn from. */
export interface Drawn {
  readonly metric: MetricReport;
  readonly startedMs: number;
  /** Unique on its page. */
  readonly id: string;
}

type Seen = Pick<MetricPoint, "atMs" | "canary" | "baseline" | "band">;

/** From the first to the last moment, since the rollout began; a moment alone gets a second around it. */
function timeOf(points: readonly MetricPoint[], startedMs: number): Range {
  const times = points.map(({ atMs }) => atMs - startedMs);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  return to > from ? [from, to] : [from - 500, from + 500];
}

/** Estimates of both arms over time; nothing when there were none. */
export function estimatePlot({ metric, startedMs, id }: Drawn): Markup | undefined {
  const { unit, points, name } = metric;
  const known = points.filter(({ canary, baseline }) => canary !== undefined || baseline !== undefined);
  const last = known.at(-1);
  if (!last) return undefined;
  const times = timeOf(points, startedMs);
  const x = scale(times, across(BOX));
  const reach = withRoom(known, unit);
  const axis = valueAxis(reach, axisUnit(unit, Math.max(...reach)));
  const y = scale(axis.domain, upwards(BOX));
  const spots = (value: (point: Seen) => number | undefined): Spot[] =>
    points.map((point) => ({ atMs: point.atMs, x: x(point.atMs - startedMs), y: mapped(value(point), y) }));
  const bands = points.map((point) => ({
    atMs: point.atMs,
    x: x(point.atMs - startedMs),
    y: point.band && ([y(point.band[0]), y(point.band[1])] as const),
  }));
  return draw({
    id,
    title: `${name}: canary and stable over time`,
    description: described(metric, known),
    box: BOX,
    x: placed(timeTicks(times, 5), x),
    y: placed(valueTicks(axis), y),
    inside: [
      band(bands, "band"),
      course(
        spots(({ baseline }) => baseline),
        "stable",
      ),
      course(
        spots(({ canary }) => canary),
        "canary",
      ),
    ],
    over: [ends(endsOf(last, unit, y), BOX)],
  });
}

const mapped = (value: number | undefined, to: (value: number) => number): number | undefined =>
  value === undefined ? undefined : to(value);

function endsOf(last: MetricPoint, unit: string, y: (value: number) => number): End[] {
  const { canary, baseline } = last;
  return [
    ...(canary === undefined ? [] : [{ y: y(canary), kind: "canary", lines: ["canary", quantity(canary, unit)] }]),
    ...(baseline === undefined
      ? []
      : [{ y: y(baseline), kind: "stable", lines: ["stable", quantity(baseline, unit)] }]),
  ];
}

/** Values that the axis must reach. The first few requests may say anything; they are cut off at the edge. */
function withRoom(points: readonly Seen[], unit: string): number[] {
  const values = points.flatMap(({ canary, baseline }) => [canary, baseline].filter((value) => value !== undefined));
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
  const last = points.at(-1);
  const shown = [last?.canary, last?.baseline, ...(last?.band ?? [])].filter((value) => value !== undefined);
  const high = Math.max(at(0.9) * 1.2, ...shown);
  return [Math.min(at(0.02), ...shown), unit === "share" && high === 0 ? 0.01 : high];
}

function described({ unit, canary, baseline }: MetricReport, points: readonly MetricPoint[]): string {
  const highest = points.reduce((most, { canary: value }) => Math.max(most, value ?? -Infinity), -Infinity);
  const reached = Number.isFinite(highest) ? `; on the way the canary was at most at ${quantity(highest, unit)}` : "";
  return `In the end the canary was at ${quantity(canary, unit)} and stable at ${quantity(baseline, unit)}${reached}.`;
}

/** Evidence over time on a logarithmic axis, with the limits beyond which something follows; nothing when there was none. */
export function evidencePlot({ metric, startedMs, id }: Drawn, limits: Limits): Markup | undefined {
  const { points, name, logBad, logGo, effect } = metric;
  const known = points.filter((point) => point.logBad !== undefined || point.logGo !== undefined);
  const last = known.at(-1);
  if (!last) return undefined;
  const times = timeOf(points, startedMs);
  const x = scale(times, across(BOX));
  const domain = evidenceDomain(known, limits);
  const y = scale(domain, upwards(BOX));
  const spots = (value: (point: MetricPoint) => number | undefined): Spot[] =>
    points.map((point) => ({ atMs: point.atMs, x: x(point.atMs - startedMs), y: mapped(value(point), y) }));
  const said = effect === "hold" ? "holds" : "rolls back";
  const isUpper = limits.worse >= limits.noWorse;
  const bounds: readonly Bound[] = [
    { y: y(limits.worse), kind: "worse", label: `${said} at ${odds(limits.worse)}`, isUpper },
    { y: y(limits.noWorse), kind: "fine", label: `no worse at ${odds(limits.noWorse)}`, isUpper: !isUpper },
  ];
  const [left, right] = across(BOX);
  return draw({
    id,
    title: `${name}: evidence over time`,
    description: `Odds on a logarithmic axis. Worse: ${odds(logBad)} at its strongest; ${said} from ${odds(limits.worse)} on. No worse: ${odds(logGo)} in the end; shown from ${odds(limits.noWorse)} on.${since(metric, startedMs)}`,
    box: BOX,
    x: placed(timeTicks(times, 5), x),
    y: placed(oddsTicks(domain), y),
    inside: [
      ...bounds.map(({ y: at, kind }) => line({ class: `limit ${kind}`, from: [left, at], to: [right, at] })),
      course(
        spots((point) => point.logGo),
        "fine",
      ),
      course(
        spots((point) => point.logBad),
        "worse",
      ),
    ],
    over: [...bounds.map(named), ends(evidenceEnds(last, y), BOX)],
  });
}

function evidenceEnds({ logBad, logGo }: MetricPoint, y: (value: number) => number): End[] {
  return [
    ...(logBad === undefined ? [] : [{ y: y(logBad), kind: "worse", lines: ["worse", odds(logBad)] }]),
    ...(logGo === undefined ? [] : [{ y: y(logGo), kind: "fine", lines: ["no worse", odds(logGo)] }]),
  ];
}

/** From 1:10, or 1:100 where it goes there, to beyond the limits; far more evidence than needed is cut off. */
function evidenceDomain(points: readonly MetricPoint[], { worse, noWorse }: Limits): Range {
  const logs = points.flatMap(({ logBad, logGo }) => [logBad, logGo].flatMap((log) => finite(log) ?? []));
  const decade = Math.LN10;
  const limit = Math.max(worse, noWorse, decade);
  const low = Math.max(-2 * decade, Math.min(-decade, ...logs));
  return [low, Math.min(limit + 4 * decade, Math.max(limit + decade / 2, ...logs.map((log) => log + decade / 4)))];
}

interface Bound {
  readonly y: number;
  readonly kind: string;
  readonly label: string;
  readonly isUpper: boolean;
}

function named({ y, kind, label, isUpper }: Bound): Markup {
  return words("text", label, { class: `end ${kind}`, x: BOX.left + 5, y: isUpper ? y - 5 : y + 13 });
}

function since({ sinceMs }: MetricReport, startedMs: number): string {
  return sinceMs === undefined ? "" : ` It rose from ${lasting(sinceMs - startedMs)} after the beginning on.`;
}
