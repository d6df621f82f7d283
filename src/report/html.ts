// How does a report look as one page that needs nothing else?
import { isScored } from "../core/stats/kayenta/scored.ts";
import { sureness } from "../core/stats/figures.ts";
import { metricsHtml } from "./html-metrics.ts";
import { styleSheet, tag, text, words, type Markup } from "./markup.ts";
import type { DecisionReport, Report } from "./model.ts";
import { shape, sharePlot } from "./share-plot.ts";
import { POLICY, STYLE } from "./style.ts";
import { brought, harmed, limitsSaid, moment, mostShare, shortList, sinceStart, took } from "./told.ts";

/** Decisions in the table, and marks on the plot: the page stays small however long the rollout was. */
const MOST_DECISIONS = 75;
/** The whole page: no script, nothing from elsewhere. */
export function htmlOf(report: Report): string {
  const body = [...header(report), ...traffic(report), ...metricsHtml(report), ...decisions(report), footer(report)];
  const head = [
    tag("meta", { charset: "utf-8" }),
    tag("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    tag("meta", { "http-equiv": "Content-Security-Policy", content: POLICY }),
    words("title", report.headline),
    styleSheet(STYLE),
  ];
  return `<!doctype html>\n${tag("html", { lang: "en" }, [tag("head", {}, head), tag("body", {}, [tag("main", {}, body)])])}\n`;
}

const STATES = {
  promoted: "promoted",
  "rolled-back": "rolled back",
  stopped: "stopped",
  concluded: "concluded",
  "going-back": "going back",
  "under-way": "under way",
} as const;

function header(report: Report): Markup[] {
  const { headline, state, verdict, decidedBy } = report;
  const facts: (readonly [string, string])[] = [
    ["started", moment(report.startedMs)],
    ["took", took(report)],
    ["decided by", decidedBy],
    ["how sure that it is worse", verdict ? sureSaid(verdict) : "nothing was judged"],
    ["the canary's largest share", mostShare(report)],
    ["what users met", harmed(report)],
  ];
  return [
    tag("p", { class: "kind" }, [
      text("Report of one rollout "),
      words("span", STATES[state], { class: `badge ${state}` }),
    ]),
    words("h1", stopped(headline)),
    words("p", `Brought ${brought(report)}.`, { class: "lead" }),
    ...remarks(report).map((each) => words("p", sentence(each))),
    tag(
      "dl",
      { class: "facts" },
      facts.map(([term, said]) => tag("div", {}, [words("dt", term), words("dd", said)])),
    ),
  ];
}

/** What neither the headline nor a metric says. */
function remarks({ headline, why, verdict }: Report): string[] {
  const isSaid = verdict?.kind === "worse" || headline.endsWith(why);
  const held = verdict?.suspended;
  return [
    ...(why && !isSaid ? [why] : []),
    ...(held !== undefined && !why.includes(held) ? [`the verdict was held back: ${held}`] : []),
  ];
}

/** With a full stop, once. */
const stopped = (value: string): string => (/[.!?]$/u.test(value) ? value : `${value}.`);

const sentence = (value: string): string => stopped(value.slice(0, 1).toUpperCase() + value.slice(1));

function sureSaid(verdict: NonNullable<Report["verdict"]>): string {
  const { kind, sure: most } = verdict;
  if (isScored(verdict)) return "Kayenta's judge states no error rate";
  return `${sureness(most)}${kind === "worse" ? "" : " at its strongest"}`;
}

const KINDS: Readonly<Record<DecisionReport["kind"], string>> = {
  started: "begun",
  step: "step passed",
  verdict: "verdict",
  command: "by a person",
  hook: "hook",
  queued: "waits",
  note: "noted",
  back: "way back",
  ended: "ended",
};

function traffic(report: Report): Markup[] {
  const { first, last } = shortList(report.decisions, MOST_DECISIONS);
  const marks = [...first, ...last];
  const kinds = (Object.keys(KINDS) as (keyof typeof KINDS)[]).filter((kind) =>
    marks.some((each) => each.kind === kind),
  );
  const isMeasured = report.measured.length > 1;
  const legend = kinds.map((kind) => tag("li", {}, [shape(kind), text(` ${KINDS[kind]}`)]));
  return [
    words("h2", "Traffic"),
    tag("figure", {}, [
      words(
        "figcaption",
        `The canary's share of the requests${isMeasured ? ", wanted and (dashed) measured" : ""}, by time since the beginning; above it, what was decided.`,
      ),
      tag("div", { class: "wide" }, [sharePlot(report, marks, "wide")]),
      tag("div", { class: "narrow" }, [sharePlot(report, marks, "narrow")]),
      tag("ul", { class: "legend" }, legend),
    ]),
  ];
}

const COLUMNS = [
  ["after", "number"],
  ["time (UTC)", "short spare"],
  ["kind", "short"],
  ["decision", undefined],
] as const;

function decisions(report: Report): Markup[] {
  const { first, leftOut, last } = shortList(report.decisions, MOST_DECISIONS);
  const head = COLUMNS.map(([name, kind]) => words("th", name, { scope: "col", class: kind }));
  const gap = tag("tr", {}, [words("td", `${leftOut} decisions are left out here`, { colspan: 4, class: "lead" })]);
  const rows = [
    ...first.map((each) => decisionRow(each, report)),
    ...(leftOut > 0 ? [gap] : []),
    ...last.map((each) => decisionRow(each, report)),
  ];
  return [
    words("h2", "Decisions"),
    tag("div", { class: "scroll", role: "region", "aria-label": "Decisions", tabindex: 0 }, [
      tag("table", {}, [tag("thead", {}, [tag("tr", {}, head)]), tag("tbody", {}, rows)]),
    ]),
  ];
}

function decisionRow({ atMs, kind, text: said }: DecisionReport, report: Report): Markup {
  return tag("tr", {}, [
    words("td", sinceStart(report, atMs), { class: "number" }),
    words("td", moment(atMs).slice(11, 19), { class: "short spare" }),
    tag("td", { class: "short" }, [shape(kind), text(` ${KINDS[kind]}`)]),
    words("td", said, { class: "said" }),
  ]);
}

function footer({ limits, service, name }: Report): Markup {
  const texts = [
    `How to read it: ${limitsSaid(limits)}. “Sure” is 1 − 1/E of the evidence E, which holds at whatever moment one looks.`,
    `The same on a terminal: serin explain ${name}. All rollouts of ${service}: serin history ${service}.`,
  ];
  return tag(
    "footer",
    {},
    texts.map((each) => words("p", each)),
  );
}
