// How does a rehearsal of a release or a façade look on a terminal?
import { STANDING_WORDS } from "../api/group-view.ts";
import { isStuck } from "../core/group/standing.ts";
import { duration, ms } from "../core/units.ts";
import type { Distribution } from "../rehearse/distribution.ts";
import type { MemberFate, StandingCount, Turnings } from "../rehearse/group-distribution.ts";
import type { GroupRehearsed, MemberSummary } from "../rehearse/group-rehearsal.ts";
import type { Turning } from "../rehearse/group-stage.ts";
import type { GroupScenario } from "../rehearse/scenario.ts";
import { grouped, hanging, table, type Paint } from "./paint.ts";
import { distributionLines, outcomeLines, WIDTH } from "./rehearsal-text.ts";

const time = (atMs: number): string => duration(ms(Math.round(atMs)));
const share = (part: number): string => `${Number((100 * part).toFixed(1))}%`;

/** How the members of a group are called, and their order. */
interface Words {
  readonly member: string;
  readonly wave: string;
}

const wordsOf = (group: string): Words =>
  group.startsWith("facade/") ? { member: "route", wave: "place" } : { member: "member", wave: "wave" };

interface Asked {
  readonly group: string;
  readonly scenario: GroupScenario;
}

/** One rehearsal: its timeline, what came of it, and of each member. */
export function groupLines(rehearsed: GroupRehearsed, { group, scenario: { events } }: Asked, paint: Paint): string[] {
  const words = wordsOf(group);
  const { timeline, turning, members, answered, ending, virtualMs, harm, lost } = rehearsed;
  const happened = events
    .filter(({ timed, atMs }) => timed && atMs <= virtualMs)
    .map(({ atMs, text }) => ({ atMs, of: "scenario", text: text.replace(/\bat (?:\d\S* )+/iu, "") }));
  const all = [...happened, ...timeline].toSorted((a, b) => a.atMs - b.atMs);
  const [wide, wider] = [0, 1].map((column) =>
    Math.max(0, ...all.map(({ atMs, of }) => (column === 0 ? time(atMs) : of).length)),
  );
  const nobody = lost > 0 ? `; nobody answered ${grouped(lost)} requests` : "";
  return [
    ...all.flatMap(({ atMs, of, text }) =>
      hanging(`${time(atMs).padStart(wide ?? 0)}  ${of.padEnd(wider ?? 0)}  `, text, WIDTH).map((line) =>
        paint(of === "scenario" ? "magenta" : of.includes("/") ? "cyan" : "reset", line),
      ),
    ),
    "",
    ...outcomeLines(rehearsed, paint),
    ...answered.map((what) => paint("yellow", `answered for a person: ${what}`)),
    ...(ending === "person" ? [paint("yellow", "nobody answers it here")] : []),
    "",
    turning ? turningText(turning) : `no ${words.member} was found to be worse`,
    ...headed(paint, [
      [
        words.member,
        words.wave,
        ...(turning ? ["then", "new version had"] : []),
        "in the end",
        "requests to it",
        "failed",
        "harm",
      ],
      ...members.map((member) => rowOf(member, turning)),
    ]),
    "",
    `harm: ${grouped(harm)} failed requests beyond what stable would have had${nobody}`,
  ];
}

function turningText({ kind, atMs, wave, members }: Turning): string {
  const worse = members.find(({ at }) => isStuck({ at }))?.service ?? "";
  if (kind === "alone") return `${worse} went back alone from ${time(atMs)} on, at place ${wave} of the line`;
  return `${kind === "back" ? "all were taken back" : "the others were held"} from ${time(atMs)} on, in wave ${wave}`;
}

function rowOf(member: MemberSummary, turning: Turning | undefined): readonly string[] {
  const { service, wave, at, canaryRequests, canaryFailed, harm } = member;
  const then = turning?.members.find((one) => one.service === service);
  return [
    service,
    String(wave),
    ...(turning ? [then ? STANDING_WORDS[then.at] : "–", then ? share(then.share) : "–"] : []),
    STANDING_WORDS[at],
    ...[canaryRequests, canaryFailed, harm].map(grouped),
  ];
}

interface Many {
  readonly group: string;
  readonly distribution: Distribution;
  readonly turnings: Turnings | undefined;
  readonly members: readonly MemberFate[];
}

/** Many rehearsals: how often each ending came, when a member was found to be worse, and what became of each by then. */
export function groupManyLines({ group, distribution, turnings, members }: Many, paint: Paint): string[] {
  const words = wordsOf(group);
  return [
    ...distributionLines(distribution, paint),
    "",
    turnings
      ? turningsText(turnings, distribution.runs, words)
      : `in none of them a ${words.member} was found to be worse`,
    ...headed(paint, [
      [words.member, words.wave, "then", "new version had", "in the end", "requests to it", "harm"],
      ...members.map((one) => [
        one.service,
        String(one.wave),
        countsText(one.atTurning),
        pair(one.share, share),
        countsText(one.atEnd),
        pair(one.canaryRequests, grouped),
        pair(one.harm, grouped),
      ]),
    ]),
    paint("dim", "of each figure the median, and the most in 95% of the rehearsals"),
  ];
}

function turningsText({ runs, timeMs, waves }: Turnings, of: number, words: Words): string {
  const named = waves.map(({ wave, runs: those }) => `${words.wave} ${wave} (${grouped(those)})`).join(", ");
  return `a ${words.member} was found to be worse in ${grouped(runs)} of ${grouped(of)}, after ${pair(timeMs, time)}: in ${named}`;
}

const countsText = (counts: readonly StandingCount[]): string =>
  counts.map(({ at, runs }) => `${STANDING_WORDS[at]} (${grouped(runs)})`).join(", ") || "–";

/** Of quantiles: the median, and the 95 % one. */
function pair(quantiles: readonly number[], write: (value: number) => string): string {
  const [median, most] = [quantiles[2], quantiles[4]];
  if (median === undefined || most === undefined) return "–";
  return write(median) === write(most) ? write(median) : `${write(median)}, ${write(most)}`;
}

function headed(paint: Paint, rows: readonly (readonly string[])[]): string[] {
  return table(rows).map((line, index) => (index === 0 ? paint("dim", line) : line));
}
