// Why was it decided so?
import { readRollout } from "../api/rollout-records.ts";
import { decision } from "../core/engine/decision-text.ts";
import { isScored } from "../core/stats/kayenta/scored.ts";
import type { MetricVerdict, Verdict } from "../core/stats/plan.ts";
import { lookInto } from "./home.ts";
import { comparisonLines, runLines, testLines } from "./besides.ts";
import { explainGroup } from "./group.ts";
import type { Context } from "./io.ts";
import { dateTime, grouped, hanging, painter, type Paint } from "./paint.ts";
import { formOf, writeReport } from "./report-file.ts";
import type { Recorded } from "../report/model.ts";
import { odds } from "../report/quantity.ts";
import { reportOf } from "../report/report.ts";
import { summaryLines } from "./report-terminal.ts";

const WIDTH = 120;

export interface ExplainOptions {
  /** SERVICE, which means its last rollout, or SERVICE/NUMBER. */
  readonly name: string;
  /** File to write a report to; its ending says which kind. */
  readonly report?: string | undefined;
}

/** `serin explain SERVICE[/NUMBER]`: every decision of a rollout, and what each metric said; or a report in a file. */
export async function explainCommand({ name, report: file }: ExplainOptions, context: Context): Promise<number> {
  const { io, json } = context;
  // A wrong name of a file is said before anything is looked for.
  if (file !== undefined) formOf(file);
  const [service = "", asked] = name.split("/");
  // A number after the slash is that of a rollout; a name is that of a group.
  if (/^(?:facade|release)$/u.test(service) && asked !== undefined && !/^\d+$/u.test(asked))
    return explainGroup(name, context);
  const link = await lookInto(context);
  try {
    const view = await link.get(service);
    const number = asked ?? String(view.rollout?.number ?? 0);
    const records = await readRollout(link, { service, number }, view);
    const report = reportOf(records, view);
    if (file !== undefined) await writeReport(file, report);
    if (json) io.out(JSON.stringify(records, undefined, 2));
    else if (file !== undefined) io.out(`${report.headline}.\nThe report is in ${file}`);
    else {
      const paint = painter(io.color);
      const decisions = records.flatMap((record) => lines(record, paint));
      io.out([...decisions, "", ...summaryLines(report, { width: WIDTH, paint })].join("\n"));
    }
    return 0;
  } finally {
    await link.close();
  }
}

const KIND_STYLE = {
  started: "bold",
  step: "reset",
  verdict: "cyan",
  command: "magenta",
  hook: "cyan",
  queued: "magenta",
  note: "yellow",
  back: "red",
  ended: "bold",
} as const;

/** Where the text of a decision begins, after its time. */
const INDENT = 21;

function lines(record: Recorded, paint: Paint): string[] {
  const head = hanging(`${dateTime(record.atMs)}  `, decision(record), WIDTH);
  const text = head.map((line) => paint(KIND_STYLE[record.kind], line));
  const more = [
    ...(record.verdict ? figures(record.verdict) : []),
    ...(record.run ? runLines(record.run) : []),
    ...(record.comparison ? comparisonLines(record.comparison, WIDTH - INDENT) : []),
    ...(record.test ? testLines(record.test, WIDTH - INDENT) : []),
  ];
  return [...text, ...more.map((line) => `${" ".repeat(INDENT)}${line}`)];
}

function figures(verdict: Verdict): string[] {
  const { kind, sure, canaryRequests, baselineRequests, metrics } = verdict;
  const from = `${grouped(canaryRequests)} canary and ${grouped(baselineRequests)} baseline requests`;
  if (isScored(verdict)) return [`verdict ${kind} by Kayenta's judge; from ${from}`, ...metrics.map(scored)];
  const most = Math.floor(sure * 10_000) / 100;
  return [`verdict ${kind}; ${most}% sure that it is worse; from ${from}`, ...metrics.map(evidence)];
}

const scored = ({ name, text, blamed }: MetricVerdict): string => `${name}: ${text}${blamed ? " ← decided" : ""}`;

/** The sentence of the decision has the metrics' own figures. */
function evidence({ name, logBad, logGo, phi, blamed, by }: MetricVerdict): string {
  const said = blamed ? ` ← decided${by ? ` by the ${by}` : ""}` : "";
  return `${name}: evidence worse ${odds(logBad)}, no worse ${odds(logGo)}, dispersion ${phi.toFixed(1)}${said}`;
}
