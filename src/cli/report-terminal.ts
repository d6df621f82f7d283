// What is said of each metric at the end of `serin explain`?
import { hanging, type Paint } from "./paint.ts";
import type { MetricReport, Report } from "../report/model.ts";
import { interval, odds, quantity, sure } from "../report/quantity.ts";
import { harmed, roleOf, sinceStart } from "../report/told.ts";

/** What the lines are fitted to. */
export interface Frame {
  readonly width: number;
  readonly paint: Paint;
}

const STYLE = { rollBack: "red", hold: "yellow" } as const;

/** The headline, each metric with its figures, and which of them decided. */
export function summaryLines(report: Report, frame: Frame): string[] {
  const { paint, width } = frame;
  const head = hanging("", `${report.headline.replace(/\.$/u, "")}.`, width).map((line) => paint("bold", line));
  const rest = [...fields("decided by", report.decidedBy, frame), ...fields("harm", harmed(report), frame)];
  return [...head, ...rest, ...report.metrics.flatMap((metric) => ["", ...metricLines(metric, report, frame)])];
}

function metricLines(metric: MetricReport, report: Report, frame: Frame): string[] {
  const { name, unit, canary, baseline, logBad, logGo, sinceMs, did, noWorse, missing, text } = metric;
  const style = did ? STYLE[did] : noWorse ? "green" : "yellow";
  const since = sinceMs === undefined ? "never" : `${sinceStart(report, sinceMs)} after the beginning`;
  const range = interval(metric.interval, unit);
  const evidence = [
    ...fields("interval", range === "–" ? "none yet" : `${range}, 95% at whatever moment one looks`, frame),
    ...fields("worse", `${sure(logBad)} sure, ${odds(logBad)} at its strongest`, frame),
    ...fields("no worse", `${sure(logGo)} sure, ${odds(logGo)}`, frame),
    ...fields("rose since", since, frame),
  ];
  return [
    `${frame.paint("bold", name)}  ${frame.paint(style, roleOf(metric, report))}`,
    ...fields("found", text, frame),
    ...fields("estimate", `canary ${quantity(canary, unit)}, stable ${quantity(baseline, unit)}`, frame),
    ...(metric.isScored ? [] : evidence),
    ...(did === "rollBack" ? [] : fields("missing", noWorse ? "nothing" : (missing ?? "–"), frame)),
  ];
}

const LABEL = 14;

function fields(label: string, value: string, { width, paint }: Frame): string[] {
  const [first = "", ...rest] = hanging(" ".repeat(LABEL), value, width);
  return [paint("dim", `  ${label.padEnd(LABEL - 2)}`) + first.slice(LABEL), ...rest];
}
