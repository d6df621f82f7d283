// What do rehearsals of a rollout and of a group have in common?
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { SerinError } from "../core/issues.ts";
import { nearest } from "../core/spec/nearest.ts";
import { duration, ms } from "../core/units.ts";
import { BUILT_IN } from "../rehearse/builtin.ts";
import { distributionOf, type Distribution } from "../rehearse/distribution.ts";
import type { Ending, Summary } from "../rehearse/rehearsal.ts";
import { inParallel, type Done, type Task } from "../rehearse/workers.ts";
import { PACE } from "../runtime/parts.ts";
import type { Context } from "./io.ts";
import { painter, type Paint } from "./paint.ts";
import { BAD_INPUT } from "./rollout-file.ts";

export interface RehearseOptions {
  /** The rollout file, or that of a release or façade; nothing that it names is run. */
  readonly file: string;
  /** Lines, a file, the name of a built-in one, or `list`. */
  readonly scenario: string;
  /** So many rehearsals with one seed each; one without it. */
  readonly runs?: number | undefined;
  readonly seed?: number | undefined;
  /** Whether whatever waits for a person is answered, not only gates. */
  readonly promote?: boolean | undefined;
  /** Longest time of one rehearsal, in milliseconds of the scenario. */
  readonly limitMs?: number | undefined;
}

/** What the command answers for how a rehearsal ends. */
const EXIT: Readonly<Record<Ending, number>> = {
  promoted: 0,
  concluded: 0,
  "rolled-back": 3,
  stopped: 1,
  person: 4,
  waiting: 4,
};

/** What to do about a scenario that cannot be read, or is not there. */
export const NEXT = "serin rehearse FILE --scenario list";

const MOST_RUNS = 100_000;
/** Rehearsals that a thread is given at once. */
const BATCH = 10;

export function refuseRuns(runs: number | undefined): void {
  if (runs === undefined || (Number.isInteger(runs) && runs >= 1 && runs <= MOST_RUNS)) return;
  const what = `found ${runs}, the number of runs is from 1 to ${MOST_RUNS}`;
  throw new SerinError({ code: "SERIN_BAD_RUNS", what, exitCode: BAD_INPUT });
}

function seedsFrom(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Seeds as threads are given them; in one go where few rehearsals are over before a thread has begun. */
function seedsIn(seeds: readonly number[], threads: number): readonly (readonly number[])[] {
  const batch = seeds.length <= BATCH ? BATCH : Math.max(1, Math.min(BATCH, Math.ceil(seeds.length / threads)));
  const all: (readonly number[])[] = [];
  for (let from = 0; from < seeds.length; from += batch) all.push(seeds.slice(from, from + batch));
  return all;
}

interface PaceShown {
  readonly activeMs: number;
  readonly slack: number;
}

function paceOf({ slack }: { readonly slack: number }): PaceShown {
  return { activeMs: PACE.activeMs, slack };
}

function lookText(options: { readonly slack: number }): string {
  const { activeMs, slack } = paceOf(options);
  return `a look every ${duration(ms(activeMs))} after each change, then at most ${100 * slack}% of the time since apart`;
}

/** The most frequent one. */
function usualEnding({ endings }: Distribution): Ending {
  return endings.toSorted((a, b) => b.runs - a.runs)[0]?.ending ?? "waiting";
}

/** How one rehearsal is played, and put into words. */
interface One<R> {
  readonly play: () => Promise<R>;
  readonly lines: (rehearsed: R, paint: Paint) => readonly string[];
}

/** Plays one and tells of it; answers with the exit code. */
export async function playOne<R extends Pick<Summary, "seed" | "ending" | "virtualMs" | "looks">>(
  options: { readonly slack: number },
  { play, lines }: One<R>,
  { io, json }: Context,
): Promise<number> {
  const began = performance.now();
  const rehearsed = await play();
  const realMs = performance.now() - began;
  if (json) io.out(JSON.stringify({ ok: true, ...rehearsed, pace: paceOf(options) }));
  else {
    const pace = `${lookText(options)}, ${rehearsed.looks} in all; seed ${rehearsed.seed}`;
    io.out(["", ...lines(rehearsed, painter(io.color)), pace].join("\n"));
    // Beside the answer, which is the same for the same seed.
    io.err(`${duration(ms(rehearsed.virtualMs))} took ${duration(ms(realMs))}`);
  }
  return EXIT[rehearsed.ending];
}

/** How many rehearsals are played, and what is told of all of them beside how they end. */
interface Many<R, M extends object> {
  readonly taskOf: (seeds: readonly number[]) => Task;
  /** Nothing of what could not be played. */
  readonly runsIn: (done: Done) => readonly R[] | undefined;
  readonly moreOf: (all: readonly R[]) => M;
  readonly lines: (distribution: Distribution, more: M, paint: Paint) => readonly string[];
}

/** Plays as many as are asked for, one with each seed, and sums them up; answers with the exit code. */
export async function playMany<R extends Summary, M extends object>(
  options: { readonly slack: number; readonly seed: number; readonly runs: number },
  { taskOf, runsIn, moreOf, lines }: Many<R, M>,
  { io, json, signal }: Context,
): Promise<number> {
  const began = performance.now();
  const threads = availableParallelism();
  const { seed: first, runs } = options;
  const tasks = seedsIn(seedsFrom(first, runs), threads).map(taskOf);
  const done = await inParallel(tasks, { threads: tasks.length > 1 ? threads : 1, signal });
  const all = done.flatMap((batch) => {
    const some = runsIn(batch);
    if (some) return some;
    throw notPlayed(batch);
  });
  const [distribution, more] = [distributionOf(all), moreOf(all)];
  const realMs = performance.now() - began;
  const looks = Math.round(all.reduce((sum, run) => sum + run.looks, 0) / all.length);
  if (json) io.out(JSON.stringify({ ok: true, ...distribution, ...more, runsOf: all, pace: paceOf(options), looks }));
  else {
    const virtualMs = all.reduce((sum, run) => sum + run.virtualMs, 0);
    const pace = `${lookText(options)}, about ${looks} in each rehearsal; seeds ${first} to ${first + runs - 1}`;
    io.out(["", ...lines(distribution, more, painter(io.color)), "", pace].join("\n"));
    io.err(`${duration(ms(virtualMs))} took ${duration(ms(realMs))} on ${threads} threads`);
  }
  return EXIT[usualEnding(distribution)];
}

/** The text of a file, or else the lines themselves; no text when it is neither. */
export async function textOf(asked: string): Promise<{ readonly text?: string | undefined; readonly isFile: boolean }> {
  const text = await readFile(asked, "utf8").catch(() => undefined);
  if (text !== undefined) return { text, isFile: true };
  return { text: /[\s;]/u.test(asked) ? asked : undefined, isFile: false };
}

function notPlayed(done: Done): SerinError {
  const what = "the rehearsal could not be played";
  return new SerinError({
    code: "SERIN_REHEARSAL_FAILED",
    what,
    ...(done.kind === "failed" && { found: done.why }),
  });
}

export function noScenario(asked: string, name: string): SerinError {
  const near = nearest(name, Object.keys(BUILT_IN));
  return new SerinError({
    code: "SERIN_NO_SCENARIO",
    what: `there is no scenario "${asked}"`,
    found: `neither a built-in one nor a file nor lines of one${near === undefined ? "" : `; did you mean ${near}?`}`,
    next: NEXT,
    exitCode: BAD_INPUT,
  });
}
