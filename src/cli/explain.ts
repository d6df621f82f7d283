// Why was it decided so?
import type { DecisionRecord } from "../core/engine/state.ts";
import { SerinError } from "../core/issues.ts";
import type { MetricVerdict, Verdict } from "../core/stats/plan.ts";
import { lookInto, type Looking } from "./home.ts";
import type { Context } from "./io.ts";
import { dateTime, grouped, hanging, painter, type Paint } from "./paint.ts";
import { decision } from "./view.ts";

/** Decisions asked for at once. */
const PAGE = 1_000;

/** `serin explain SERVICE[/NUMBER]`: every decision of a rollout, with its figures. */
export async function explainCommand(name: string, { io, json, state }: Context): Promise<number> {
  const [service = "", asked] = name.split("/");
  const link = await lookInto(state);
  try {
    const view = await link.get(service);
    const number = asked === undefined ? (view.rollout?.number ?? 0) : Number(asked);
    const records = (await everything(link, service)).filter(({ rollout }) => rollout === number);
    if (records.length === 0) throw noSuchRollout(service, asked ?? "", view.rollout?.number);
    if (json) io.out(JSON.stringify(records, undefined, 2));
    else io.out(records.flatMap((record) => lines(record, painter(io.color))).join("\n"));
    return 0;
  } finally {
    await link.close();
  }
}

async function everything(link: Looking, service: string): Promise<readonly DecisionRecord[]> {
  const all: DecisionRecord[] = [];
  for (;;) {
    const page = await link.records(service, all.at(-1)?.version ?? 0, PAGE);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

const KIND_STYLE = {
  started: "bold",
  step: "reset",
  verdict: "cyan",
  command: "magenta",
  note: "yellow",
  back: "red",
  ended: "bold",
} as const;

function lines(record: DecisionRecord, paint: Paint): string[] {
  const head = hanging(`${dateTime(record.atMs)}  `, decision(record), 120);
  const text = head.map((line) => paint(KIND_STYLE[record.kind], line));
  return record.verdict ? [...text, ...figures(record.verdict).map((line) => `${" ".repeat(21)}${line}`)] : text;
}

function figures(verdict: Verdict): string[] {
  const sure = (verdict.sure * 100).toFixed(2);
  const from = `${grouped(verdict.canaryRequests)} canary and ${grouped(verdict.baselineRequests)} baseline requests`;
  return [`verdict ${verdict.kind}; ${sure}% sure that it is worse; from ${from}`, ...verdict.metrics.map(metric)];
}

function metric({ name, text, logBad, logGo, phi, blamed, by }: MetricVerdict): string {
  const decided = blamed ? ` ← decided${by ? ` by the ${by}` : ""}` : "";
  const evidence = `evidence worse ×${times(logBad)}, no worse ×${times(logGo)}, dispersion ${phi.toFixed(1)}`;
  return `${name}: ${text}; ${evidence}${decided}`;
}

function times(log: number): string {
  const value = Math.exp(log);
  return value >= 1e6 ? value.toExponential(1) : value >= 10 ? grouped(value) : value.toFixed(2);
}

function noSuchRollout(service: string, asked: string, last: number | undefined): SerinError {
  return new SerinError({
    code: "SERIN_UNKNOWN_ROLLOUT",
    what: `there is no rollout ${service}/${asked}`,
    found: last === undefined ? `${service} has had no rollout` : `the last one is ${service}/${last}`,
    exitCode: 2,
  });
}
