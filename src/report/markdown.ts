// How does a report look as a comment under a pull request?
import { isScored } from "../core/stats/kayenta/scored.ts";
import { sureness } from "../core/stats/figures.ts";
import { clipped, printable } from "./markup.ts";
import type { DecisionReport, Limits, MetricReport, Report } from "./model.ts";
import { finite, interval, odds, quantity, sure } from "./quantity.ts";
import { spark } from "./spark.ts";
import { brought, harmed, limitsSaid, moment, roleOf, shortList, sinceStart, took } from "./told.ts";

/** GitHub takes 65 536 characters in a comment. */
const MOST_DECISIONS = 40;
const MOST_METRICS = 20;
const LONGEST = 400;
const BARS = 24;

/**
 * Text that says the same in GitHub's Markdown, in a cell of a table too: no markup, no rows, no mentions of people and
 * issues that were never meant.
 */
export function markdownText(value: string): string {
  return printable(clipped(value, LONGEST))
    .replaceAll(/[\\`*_[\]|~$]/gu, (found) => `\\${found}`)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/(?<![\p{L}\p{N}])[@#](?=[\p{L}\p{N}])/gu, (found) => `${found}\u2060`)
    .replaceAll(/\s*[\r\n]+\s*/gu, " ")
    .trim();
}

const md = markdownText;

/** The headline, the figures of the metrics, and the rest folded away. */
export function markdownOf(report: Report): string {
  const { headline, verdict, decidedBy } = report;
  const parts = [
    `### ${md(headline)}`,
    `Brought ${md(brought(report))}.`,
    list([
      `started ${moment(report.startedMs)}, took ${took(report)}`,
      `decided by: ${md(decidedBy)}${verdict && !isScored(verdict) ? `; ${sureness(verdict.sure)} sure that it is worse${verdict.kind === "worse" ? "" : ", at its strongest"}` : ""}`,
      md(harmed(report)),
      ...(verdict?.suspended ? [`the verdict was held back: ${md(verdict.suspended)}`] : []),
    ]),
    ...metrics(report),
    ...course(report),
    ...decisions(report),
    `<sub>${md(capital(limitsSaid(report.limits)))}. Sure is 1 − 1/E of the evidence E, at whatever moment one looks.</sub>`,
  ];
  return `${parts.join("\n\n")}\n`;
}

const list = (lines: readonly string[]): string => lines.map((each) => `- ${each}`).join("\n");

const capital = (value: string): string => value.slice(0, 1).toUpperCase() + value.slice(1);

/** Rows of cells that are Markdown already; the first is the head. A colon on the right aligns to the right. */
function table(rows: readonly (readonly string[])[], rule: readonly string[]): string {
  const [head = [], ...rest] = rows.map((cells) => `| ${cells.join(" | ")} |`);
  return [head, `| ${rule.join(" | ")} |`, ...rest].join("\n");
}

const METRIC_HEAD = [
  "metric",
  "canary",
  "stable",
  "difference, 95%",
  "sure it is worse",
  "no worse",
  "since",
  "result",
];
const METRIC_RULE = ["---", "---:", "---:", "---:", "---:", "---:", "---:", "---"];

function metrics(report: Report): string[] {
  const shown = report.metrics.slice(0, MOST_METRICS);
  if (shown.length === 0) return ["Nothing was compared."];
  const rows = shown.map((metric) => {
    const { name, unit, canary, baseline, logBad, logGo, sinceMs, did } = metric;
    const role = roleOf(metric, report);
    return [
      md(name),
      md(quantity(canary, unit)),
      md(quantity(baseline, unit)),
      interval(metric.interval, unit),
      sure(logBad),
      sure(logGo),
      sinceMs === undefined ? "–" : sinceStart(report, sinceMs),
      did === undefined ? role : `**${role}**`,
    ];
  });
  const left = report.metrics.length - shown.length;
  const lacks = shown
    .filter(({ missing, did }) => missing !== undefined && did === undefined)
    .map(({ name, missing }) => `${md(name)} ${md(missing ?? "")}`);
  return [
    table([METRIC_HEAD, ...rows], METRIC_RULE),
    ...(left > 0 ? [`${left} more metrics are left out.`] : []),
    ...(lacks.length > 0 ? [`Still missing to be shown no worse: ${lacks.join("; ")}.`] : []),
  ];
}

function course({ shares, metrics: all, limits }: Report): string[] {
  const highest = Math.max(...shares.map(({ share }) => share)) || 1;
  const levels = shares.map(({ atMs, share }) => ({ atMs, level: share / highest }));
  const rows = [
    ["the canary's share", spark(levels, BARS), `0 to ${quantity(highest, "share")}`],
    ...all.slice(0, MOST_METRICS).flatMap((metric) => evidenceRow(metric, limits)),
  ].filter(([, bars]) => bars);
  if (rows.length === 0) return [];
  return [folded("Over time", table([["", "from first to last", "scale"], ...rows], ["---", "---", "---"]))];
}

/** How far the evidence against the canary had come to the limit. */
function evidenceRow({ name, points }: MetricReport, limits: Limits): string[][] {
  const levels = points.flatMap(({ atMs, logBad }) => {
    const log = finite(logBad);
    return log === undefined ? [] : [{ atMs, level: Math.max(0, log) / limits.worse }];
  });
  return [[`${md(name)}: evidence that it is worse`, spark(levels, BARS), `1:1 to ${odds(limits.worse)}`]];
}

function decisions(report: Report): string[] {
  const { first, leftOut, last } = shortList(report.decisions, MOST_DECISIONS);
  const row = ({ atMs, kind, text }: DecisionReport): string[] => [
    sinceStart(report, atMs),
    moment(atMs).slice(11, 19),
    kind,
    md(text),
  ];
  const rows = [
    ["after", "UTC", "kind", "decision"],
    ...first.map(row),
    ...(leftOut > 0 ? [["", "", "", `${leftOut} decisions are left out here`]] : []),
    ...last.map(row),
  ];
  return [folded(`Decisions (${report.decisions.length})`, table(rows, ["---:", "---", "---", "---"]))];
}

/** Markdown within HTML needs an empty line around it. The summary is ours: nothing in it is escaped. */
const folded = (summary: string, content: string): string =>
  `<details>\n<summary>${summary}</summary>\n\n${content}\n\n</details>`;
