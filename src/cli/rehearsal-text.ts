// How does a rehearsal look on a terminal?
import { isScored } from "../core/stats/kayenta/scored.ts";
import type { MetricVerdict, Verdict } from "../core/stats/plan.ts";
import { duration, ms } from "../core/units.ts";
import { QUANTILES, type Distribution } from "../rehearse/distribution.ts";
import { longest, type Ending, type Moment, type Rehearsed } from "../rehearse/rehearsal.ts";
import type { Scenario } from "../rehearse/scenario.ts";
import { grouped, hanging, table, type Paint } from "./paint.ts";

export const WIDTH = 120;

const ENDING_TEXT: Readonly<Record<Ending, string>> = {
  promoted: "promoted",
  "rolled-back": "rolled back",
  stopped: "stopped",
  concluded: "concluded",
  person: "waits for a person",
  waiting: "still waiting",
};

const ENDING_STYLE = {
  promoted: "green",
  "rolled-back": "red",
  stopped: "yellow",
  concluded: "green",
  person: "yellow",
  waiting: "yellow",
} as const;

/** What was asked: the scenario as it was understood. */
export function scenarioLines({ events }: Pick<Scenario, "events">, paint: Paint): string[] {
  if (events.length === 0) return [paint("dim", "  nothing special happens")];
  return events.map(({ text, atMs, timed }) => {
    const when = timed && !/^at /iu.test(text) ? `at ${duration(ms(atMs))} ` : "";
    return paint("dim", `  ${when}${text}`);
  });
}

/** One rehearsal: its timeline, what came of it, whom it harmed. */
export function rehearsedLines(rehearsed: Rehearsed, scenario: Scenario, paint: Paint): string[] {
  const { stretches, verdict, answered, ending } = rehearsed;
  const timeline = timelineOf(rehearsed, scenario);
  const width = Math.max(...timeline.map(({ atMs }) => at(atMs).length), 0);
  return [
    ...timeline.flatMap(({ atMs, text, style }) =>
      hanging(`${at(atMs).padStart(width)}  `, text, WIDTH).map((line) => paint(style, line)),
    ),
    "",
    ...outcomeLines(rehearsed, paint),
    ...answered.map((what) => paint("yellow", `answered for a person: ${what}`)),
    ...(ending === "person" ? [paint("yellow", "nobody answers it here; with --promote it is answered after 1s")] : []),
    "",
    ...table([
      ["share", "longest"],
      ...longest(stretches).map(({ shares, ms: lasted }) => [shares, duration(ms(lasted))]),
    ]).map((line, index) => (index === 0 ? paint("dim", line) : line)),
    ...(verdict ? ["", ...verdictLines(verdict)] : []),
    "",
    ...harmLines(rehearsed),
  ];
}

type Entry = Moment & { readonly style: "reset" | "cyan" | "magenta" };

/** Decisions, changes of the split and what the scenario does, in order of time. */
function timelineOf({ timeline, stretches, virtualMs }: Rehearsed, { events }: Scenario): readonly Entry[] {
  const changes = stretches.slice(1).map(({ fromMs, shares }) => ({ atMs: fromMs, text: `→ ${shares}` }));
  // That the router reports a split is no news once it is in force.
  const news = timeline.filter(({ text }) => !stretches.some(({ shares }) => shares === text));
  const happened = events.filter(({ timed, atMs }) => timed && atMs <= virtualMs);
  const all: Entry[] = [
    ...happened.map(({ atMs, text }) => ({
      atMs,
      text: `scenario: ${text.replace(/^at (?:\d\S* )+/iu, "")}`,
      style: "magenta" as const,
    })),
    ...news.map(({ atMs, text }) => ({ atMs, text, style: "reset" as const })),
    ...changes.map(({ atMs, text }) => ({ atMs, text, style: "cyan" as const })),
  ];
  return all.toSorted((a, b) => a.atMs - b.atMs);
}

export function outcomeLines(
  { ending, virtualMs, why }: Pick<Rehearsed, "ending" | "virtualMs" | "why">,
  paint: Paint,
): string[] {
  const word = paint(ENDING_STYLE[ending], ENDING_TEXT[ending]);
  const after = ending === "person" || ending === "waiting" ? "when the rehearsal ended, after" : "after";
  return [`${word} ${after} ${duration(ms(virtualMs))}`, ...hanging("  ", why, WIDTH)];
}

function verdictLines(verdict: Verdict): string[] {
  const sure = `how sure that it is worse: ${Math.floor(verdict.sure * 1000) / 10}%`;
  const head = `verdict ${verdict.kind}, ${isScored(verdict) ? verdict.text : sure}`;
  return [
    head,
    ...verdict.metrics.flatMap(({ name, text }: MetricVerdict) => hanging("  ", `${name}: ${text}`, WIDTH)),
  ];
}

function harmLines({ requests, canaryRequests, canaryFailed, lost, harm }: Rehearsed): string[] {
  const nobody = lost > 0 ? `; nobody answered ${grouped(lost)}` : "";
  return [
    `requests: ${grouped(requests)}, ${grouped(canaryRequests)} of them to the new version, of which ${grouped(canaryFailed)} failed${nobody}`,
    `harm: ${grouped(harm)} failed requests beyond what stable would have had`,
  ];
}

function at(atMs: number): string {
  return duration(ms(atMs));
}

/** Many rehearsals: how often each ending came, and what it took. */
export function distributionLines({ runs, endings }: Distribution, paint: Paint): string[] {
  const share = (value: number): string => `${(100 * value).toFixed(value > 0 && value < 0.1 ? 2 : 1)}%`;
  const head = table([
    ["ending", "runs", "share", "95% interval"],
    ...endings.map((one) => [
      ENDING_TEXT[one.ending],
      grouped(one.runs),
      share(one.share),
      `${share(one.interval[0])} to ${share(one.interval[1])}`,
    ]),
  ]);
  const names = QUANTILES.map((q) => (q === 1 ? "most" : q === 0.5 ? "median" : `${q * 100}%`));
  const rows = endings.flatMap((one) => [
    [ENDING_TEXT[one.ending], "time", ...one.timeMs.map((value) => duration(ms(value)))],
    ["", "canary requests", ...one.canaryRequests.map(grouped)],
    ["", "harm", ...one.harm.map(grouped)],
  ]);
  const figures = table([["", "", ...names], ...rows]);
  const dim = (lines: readonly string[]) => lines.map((line, index) => (index === 0 ? paint("dim", line) : line));
  return [`${grouped(runs)} rehearsals`, "", ...dim(head), "", ...dim(figures)];
}
