// Which variant of an A/B test converts better, and is that sure?
import { readFile } from "node:fs/promises";
import { type Arm, type Arms, rateOf } from "../core/stats/ab/arms.ts";
import { type AbReport, judgeAb } from "../core/stats/ab/judge.ts";
import { readLines } from "../core/stats/ab/lines.ts";
import { type AbIssue, namesOf, readNumbers, type TypedPlan } from "../core/stats/ab/options.ts";
import { abSentence, differenceText, liftText, pText, sampleText } from "../core/stats/ab/sentence.ts";
import { type Folded, foldUsers, type Names, sortedByOutcome } from "../core/stats/ab/users.ts";
import { momentOf } from "../api/moment.ts";
import type { Io } from "./io.ts";
import { grouped, hanging, painter, table } from "./paint.ts";
import { BAD_INPUT, unreadable } from "./rollout-file.ts";

/** What the command is given. */
export interface AbOptions extends TypedPlan {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly json: boolean;
}

/** Where the command writes, and what it reads for `-`. */
export type AbIo = Pick<Io, "out" | "err" | "color"> & { readonly input?: AsyncIterable<Uint8Array> | undefined };

/** Not decided yet, or not to be read. */
const UNDECIDED = 4;

/** Wrong lines that are shown; the others are counted. */
const SHOWN = 20;

/** The judged file: what it says, and what was left out of it. */
interface Judged {
  readonly report: AbReport;
  readonly folded: Omit<Folded, "outcomes">;
  /** Users of variants that are not compared. */
  readonly others: number;
  /** Whether times or the lines gave the order of the users. */
  readonly order: "times" | "lines";
}

const SORTED =
  "the lines are sorted by outcome, and figures that grow with the users mean nothing in that order; " +
  "give the moments in a column at, or the lines as the users came";

function judgeText(text: string, options: AbOptions): Judged | readonly AbIssue[] {
  const numbers = readNumbers(options);
  const lines = readLines(text, momentOf);
  if (!lines.ok) return "alpha" in numbers ? lines.issues : [...numbers, ...lines.issues];
  const found = [...new Set(lines.events.flatMap(({ variant }) => variant ?? []))].toSorted();
  const names = namesOf(options, found);
  if (!("alpha" in numbers)) return "line" in names ? [...numbers, names] : numbers;
  if ("line" in names) return [names];
  const { outcomes, ...folded } = foldUsers(lines.events);
  const order = lines.events[0]?.atMs === undefined ? "lines" : "times";
  if (order === "lines" && sortedByOutcome(outcomes, names)) return [{ line: 0, message: SORTED }];
  const report = judgeAb({ ...numbers, names }, outcomes);
  const others = outcomes.length - report.total.control.users - report.total.treatment.users;
  return { report, folded, others, order };
}

function issueText(file: string, issue: AbIssue, bold: (text: string) => string): string {
  if (issue.option !== undefined) return `${bold(`--${issue.option}`)}  ${issue.message}`;
  return `${bold(issue.line > 0 ? `${file}:${issue.line}` : file)}  ${issue.message}`;
}

function refuse(issues: readonly AbIssue[], { file, json }: AbOptions, io: AbIo): number {
  const shown = issues.slice(0, SHOWN);
  const more = issues.length - shown.length;
  if (json) {
    io.out(JSON.stringify({ ok: false, issues: shown, more }));
    return BAD_INPUT;
  }
  const paint = painter(io.color);
  const lines = shown.map((issue) => issueText(file, issue, (text) => paint("bold", text)));
  if (more > 0) lines.push(`and ${grouped(more)} more wrong ${more === 1 ? "line" : "lines"}`);
  io.err(lines.join("\n"));
  return BAD_INPUT;
}

function armRow(name: string, arm: Arm): readonly string[] {
  const rate = rateOf(arm);
  const text = rate === undefined ? "-" : `${(100 * rate).toFixed(2)}%`;
  return [name, grouped(arm.users), grouped(arm.converted), text];
}

function armTable({ control, treatment }: Arms, names: Names): string[] {
  return table([
    ["", "users", "converted", "rate"],
    armRow(`${names.control} (control)`, control),
    armRow(`${names.treatment} (treatment)`, treatment),
  ]);
}

function fixedText({ fixed, plan }: AbReport): string {
  const { sample, names, alpha } = plan;
  if (!fixed || !sample) return "no sample was planned; --baseline and --lift plan one, before the test begins";
  const size = Number((100 * sample.power).toPrecision(3));
  const needed = `${sampleText(fixed.sample, names)}, to find ${liftText(sample)} in ${size}% of tests`;
  if (fixed.kind === "locked") {
    return `locked: ${sampleText(fixed.missing, names, "more ")} to come; the planned sample is ${needed}`;
  }
  const interval = `difference ${differenceText(fixed.interval)} (${sureText(alpha)})`;
  return `z = ${fixed.z.toFixed(2)}, ${pText(fixed.p)}, ${interval}; at the planned sample: ${needed}`;
}

const sureText = (alpha: number): string => `${Number((100 * (1 - alpha)).toPrecision(4))}% interval`;

function alwaysText({ always, plan }: AbReport): string {
  const { p, sequence, looks, counted } = always;
  if (sequence.kind === "no-users") return "too few users for a first look";
  const users = grouped(counted.control.users + counted.treatment.users);
  const from = `${grouped(looks)} ${looks === 1 ? "look" : "looks"} at ${users} users`;
  if (sequence.kind === "changing") return `${pText(p)}; no single difference fits the whole test; ${from}`;
  const difference = differenceText([sequence.low, sequence.high]);
  return `${pText(p)}, difference ${difference} (${sureText(plan.alpha)} at all looks together); ${from}`;
}

function splitText({ split, plan }: AbReport): string {
  const shares = `${(100 * split.share).toFixed(1)}% to ${plan.names.treatment}, ${(100 * split.planned).toFixed(1)}% planned`;
  return split.p === undefined ? `${shares}; too few users to tell` : `${shares}; ${pText(split.p)}`;
}

function leftOut({ folded, others }: Judged): string {
  const parts: readonly (readonly [string, number])[] = [
    ["users who saw more than one variant", folded.mixed],
    ["users of other variants", others],
    ["users who saw no variant", folded.unexposed],
    ["conversions before the first exposure", folded.early],
  ];
  const some = parts.filter(([, number]) => number > 0);
  return some.map(([what, number]) => `${what}: ${grouped(number)}`).join(", ") || "nobody";
}

/** Which of the two tests decides, and which order and roles were taken where nothing was said. */
function notes({ report, order }: Judged, options: AbOptions): string[] {
  const { control, treatment } = report.plan.names;
  const taken: string[] = [];
  if (options.control === undefined && options.treatment === undefined) {
    taken.push(`${control} is taken as control, for it comes first in the alphabet; --control names another.`);
  } else if (options.control === undefined) taken.push(`${control} is taken as control.`);
  else if (options.treatment === undefined) taken.push(`${treatment} is taken as treatment.`);
  if (order === "lines") taken.push("The order of the lines is taken as the order in which the users came.");
  taken.push(`The ${report.fixed ? "fixed" : "always-valid"} test decides.`);
  return taken;
}

function describeJudged(judged: Judged, options: AbOptions, io: AbIo): string {
  const { report } = judged;
  const paint = painter(io.color);
  const off = report.decision.kind === "split-off";
  const style = off ? "red" : report.decision.kind === "undecided" ? "yellow" : "green";
  const facts: (readonly [string, string])[] = off
    ? []
    : [
        ["fixed sample", fixedText(report)],
        ["always valid", alwaysText(report)],
      ];
  facts.push(["split", splitText(report)], ["left out", leftOut(judged)]);
  return [
    paint(style, abSentence(report)),
    "",
    ...armTable(report.total, report.plan.names),
    "",
    ...facts.flatMap(([name, text]) => hanging(`${name.padEnd(12)}  `, text, 120)),
    "",
    ...notes(judged, options),
  ].join("\n");
}

async function bytesOf(file: string, io: AbIo): Promise<Uint8Array> {
  if (file !== "-") return readFile(file);
  const parts: Uint8Array[] = [];
  for await (const part of io.input ?? process.stdin) parts.push(part);
  return Buffer.concat(parts);
}

/**
 * `serin judge --ab FILE`: 0 when the test has ended (a difference is shown, or none at the planned sample), 4 when it has
 * not (undecided, locked, or a split that is off), 2 with every wrong line and option.
 */
export async function judgeAbCommand(options: AbOptions, io: AbIo): Promise<number> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await bytesOf(options.file, io));
  } catch (error) {
    const message = unreadable(error).replace("a rollout file", "a file of users");
    return refuse([{ line: 0, message }], options, io);
  }
  const judged = judgeText(text, options);
  if (!("report" in judged)) return refuse(judged, options, io);
  const { kind } = judged.report.decision;
  const ended = kind === "better" || kind === "no-difference";
  if (options.json) {
    const { report, folded, others, order } = judged;
    io.out(
      JSON.stringify({ ok: true, sentence: abSentence(report), ...report, leftOut: { ...folded, others }, order }),
    );
  } else io.out(describeJudged(judged, options, io));
  return ended ? 0 : UNDECIDED;
}
