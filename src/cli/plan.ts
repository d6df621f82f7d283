// What would this rollout file do, and what could it show?
import { describeGroup } from "../api/group-plan.ts";
import type { Sized } from "../api/planning.ts";
import { type Forecast, forecast, type Traffic } from "../core/plan/forecast.ts";
import { textOf } from "../core/plan/forecast-text.ts";
import { describeProgram, sentence } from "../core/plan/sentence.ts";
import type { FileOptions } from "./check.ts";
import type { Io } from "./io.ts";
import { hanging, painter, table } from "./paint.ts";
import { readTraffic, type TrafficOptions } from "./plan-traffic.ts";
import { BAD_INPUT, issueLines, planAnyFile } from "./rollout-file.ts";

/** What `serin plan` is given. */
export interface PlanOptions extends FileOptions, TrafficOptions {
  /** What was measured on the stable version that runs. */
  readonly measured?: Traffic | undefined;
  /** Where its Deployment runs, which knows how many replicas there are. */
  readonly sized?: Sized | undefined;
}

const HOW =
  "What it can detect depends on the traffic: add --traffic 200/s, and --errors 0.1% --p50 60ms --p99 300ms as they are normally. Of a service that has served here for a minute they are measured.";

/**
 * `serin plan FILE`: the steps in sentences, before anything runs, and a forecast when the traffic is known. It shows a
 * rollout beside a stable version: of a first one there is nothing to plan.
 */
export async function planCommand(options: PlanOptions, io: Pick<Io, "out" | "err" | "color">): Promise<number> {
  const { file, json, measured, traffic, errors, p50, p99, burst } = options;
  const planned = await planAnyFile(file, options.sized);
  if (!planned.ok) {
    if (json) io.out(JSON.stringify({ ok: false, issues: planned.issues }));
    else io.err(issueLines(file, planned.issues, io));
    return BAD_INPUT;
  }
  if ("group" in planned) {
    const said = describeGroup(planned.group);
    io.out(json ? JSON.stringify({ ok: true, issues: [], group: planned.group.group, text: said }) : said.join("\n"));
    return 0;
  }
  const read = readTraffic({ traffic, errors, p50, p99, burst }, measured);
  if (!read.ok) {
    if (json) io.out(JSON.stringify({ ok: false, issues: [], mistakes: read.mistakes }));
    else io.err(read.mistakes.join("\n"));
    return BAD_INPUT;
  }
  const { program, rollout } = planned;
  const text = describeProgram(program, rollout);
  const said = read.traffic && forecast(program, read.traffic);
  if (json) {
    const steps = program.steps.map((step) => ({ sentence: sentence(step), ...step }));
    io.out(
      JSON.stringify({ ok: true, issues: [], program: { ...program, steps }, text, ...(said && { forecast: said }) }),
    );
    return 0;
  }
  const compares = program.analysis !== undefined;
  const more = said ? forecastLines(said, io) : compares ? [HOW] : [];
  io.out([...text, ...(more.length > 0 ? ["", ...more] : [])].join("\n"));
  return 0;
}

const WIDTH = 120;

function forecastLines(said: Forecast, io: Pick<Io, "color">): readonly string[] {
  const paint = painter(io.color);
  const text = textOf(said);
  const rows = (lines: readonly (readonly string[])[], about: string): readonly string[] => {
    const [head = "", ...rest] = lines.length > 0 ? table(lines).map((line) => `  ${line}`) : [];
    return rest.length > 0 ? [about, paint("dim", head), ...rest] : [];
  };
  return [
    paint("bold", text.traffic),
    ...rows(text.steps, "What is caught with 90% probability by the end of each step that compares:"),
    ...rows(
      text.bad,
      "What becomes of a bad version, from its first request on; requests that fail until it is off, or has all traffic:",
    ),
    ...text.good,
    ...text.unforecast,
    ...text.advice.flatMap((line) => hanging("→ ", line, WIDTH)),
  ];
}
