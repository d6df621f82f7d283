// How does a report show its metrics on a page?
import { count } from "../core/stats/figures.ts";
import { tag, words, type Markup } from "./markup.ts";
import { estimatePlot, evidencePlot } from "./metric-plots.ts";
import type { MetricReport, Report } from "./model.ts";
import { finite, interval, odds, quantity, sure } from "./quantity.ts";
import { moment, roleOf, sinceStart } from "./told.ts";

/** Metrics with plots; the table has all of them, up to so many. */
const MOST_PLOTTED = 5;
const MOST_METRICS = 40;

const HEADS = [
  "metric",
  "canary",
  "stable",
  "difference, 95%",
  "sure it is worse",
  "sure it is no worse",
  "since",
  "result",
];

/** A table of all metrics, then one part for each of those that matter most. */
export function metricsHtml(report: Report): Markup[] {
  const shown = report.metrics.slice(0, MOST_METRICS);
  if (shown.length === 0) return [words("h2", "Metrics"), words("p", "Nothing was compared.", { class: "lead" })];
  const head = HEADS.map((name, index) => words("th", name, { scope: "col", class: isNumber(index) }));
  const left = report.metrics.length - shown.length;
  return [
    words("h2", "Metrics"),
    tag("div", { class: "scroll", role: "region", "aria-label": "Metrics", tabindex: 0 }, [
      tag("table", {}, [
        tag("thead", {}, [tag("tr", {}, head)]),
        tag(
          "tbody",
          {},
          shown.map((metric) => row(metric, report)),
        ),
      ]),
    ]),
    ...(left > 0 ? [words("p", `${left} more metrics are left out.`, { class: "lead" })] : []),
    ...worthShowing(shown).map((metric, index) => card({ metric, report, id: `metric-${index}` })),
  ];
}

const isNumber = (column: number): string | undefined => (column >= 1 && column <= 6 ? "number" : undefined);

function row(metric: MetricReport, report: Report): Markup {
  const { name, unit, canary, baseline, logBad, logGo, sinceMs } = metric;
  const cells = [
    quantity(canary, unit),
    quantity(baseline, unit),
    interval(metric.interval, unit),
    metric.isScored ? "–" : sure(logBad),
    metric.isScored ? "–" : sure(logGo),
    sinceMs === undefined ? "–" : sinceStart(report, sinceMs),
  ];
  return tag("tr", {}, [
    words("th", name, { scope: "row" }),
    ...cells.map((cell) => words("td", cell, { class: "number" })),
    tag("td", {}, [badge(metric, report)]),
  ]);
}

function badge(metric: MetricReport, report: Report): Markup {
  const kind = metric.did === undefined ? (metric.noWorse ? "fine" : "open") : CLASSES[metric.did];
  return words("span", roleOf(metric, report), { class: `badge ${kind}` });
}

const CLASSES = { rollBack: "worse", hold: "held" } as const;

/** In their order: those that did something, then those with the most evidence against the canary. */
function worthShowing(all: readonly MetricReport[]): readonly MetricReport[] {
  const weight = ({ did, logBad }: MetricReport): number => (did ? 1e9 : 0) + (finite(logBad) ?? 0);
  const most = new Set(all.toSorted((a, b) => weight(b) - weight(a)).slice(0, MOST_PLOTTED));
  return all.filter((metric) => most.has(metric));
}

function card({ metric, report, id }: { metric: MetricReport; report: Report; id: string }): Markup {
  const { startedMs, limits } = report;
  const drawn = { metric, startedMs };
  const estimate = estimatePlot({ ...drawn, id: `${id}-estimate` });
  const evidence = evidencePlot({ ...drawn, id: `${id}-evidence` }, limits);
  const range = metric.points.some(({ band }) => band !== undefined)
    ? " Shaded: where the canary may lie (95%, at whatever moment one looks)."
    : "";
  const unit = metric.label === metric.name ? "" : ` (${metric.label})`;
  const plots = [
    ...(estimate ? [figure(`Canary and stable so far${unit}.${range}`, estimate)] : []),
    ...(evidence ? [figure("Evidence, as odds on a logarithmic axis.", evidence)] : []),
  ];
  return tag("section", { class: "metric" }, [
    tag("header", {}, [words("h3", metric.name), badge(metric, report)]),
    words("p", `${metric.text}.`),
    details(metric, report),
    ...(plots.length > 0
      ? [tag("div", { class: "plots" }, plots)]
      : [words("p", "No course of its evidence was kept.", { class: "lead" })]),
  ]);
}

const figure = (caption: string, plot: Markup): Markup => tag("figure", {}, [words("figcaption", caption), plot]);

function details(metric: MetricReport, report: Report): Markup {
  const { logBad, logGo, sinceMs, missing, noWorse, effect, canaryRequests, baselineRequests } = metric;
  const evidence: readonly (readonly [string, string])[] = [
    ["evidence that it is worse", `${odds(logBad)} at its strongest`],
    ["evidence that it is no worse", odds(logGo)],
    [
      "evidence rose since",
      sinceMs === undefined ? "never" : `${sinceStart(report, sinceMs)}, at ${moment(sinceMs).slice(11)}`,
    ],
  ];
  const said: (readonly [string, string])[] = [
    ...(metric.isScored ? [] : evidence),
    ["counted", `${count(canaryRequests)} canary, ${count(baselineRequests)} stable`],
    ["still missing for no worse", noWorse ? "nothing" : (missing ?? "–")],
    ...(effect === "hold" ? [["when worse", "holds the rollout, does not take it back"] as const] : []),
  ];
  return tag(
    "dl",
    { class: "details" },
    said.map(([term, value]) => tag("div", {}, [words("dt", term), words("dd", value)])),
  );
}
