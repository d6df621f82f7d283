// What do rehearsals of a rollout and of a group have in common?
import { readFile } from "node:fs/promises";
import { SerinError } from "../core/issues.ts";
import { nearest } from "../core/spec/nearest.ts";
import { duration, ms } from "../core/units.ts";
import { BUILT_IN } from "../rehearse/builtin.ts";
import type { Distribution } from "../rehearse/distribution.ts";
import type { Ending } from "../rehearse/rehearsal.ts";
import type { Done } from "../rehearse/workers.ts";
import { PACE } from "../runtime/parts.ts";
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
export const EXIT: Readonly<Record<Ending, number>> = {
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

export function seedsFrom(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Seeds as threads are given them; in one go where few rehearsals are over before a thread has begun. */
export function seedsIn(seeds: readonly number[], threads: number): readonly (readonly number[])[] {
  const batch = seeds.length <= BATCH ? BATCH : Math.max(1, Math.min(BATCH, Math.ceil(seeds.length / threads)));
  const all: (readonly number[])[] = [];
  for (let from = 0; from < seeds.length; from += batch) all.push(seeds.slice(from, from + batch));
  return all;
}

interface PaceShown {
  readonly activeMs: number;
  readonly slack: number;
}

export function paceOf({ slack }: { readonly slack: number }): PaceShown {
  return { activeMs: PACE.activeMs, slack };
}

export function lookText(options: { readonly slack: number }): string {
  const { activeMs, slack } = paceOf(options);
  return `a look every ${duration(ms(activeMs))} after each change, then at most ${100 * slack}% of the time since apart`;
}

/** The most frequent one. */
export function usualEnding({ endings }: Distribution): Ending {
  return endings.toSorted((a, b) => b.runs - a.runs)[0]?.ending ?? "waiting";
}

/** The text of a file, or else the lines themselves; no text when it is neither. */
export async function textOf(asked: string): Promise<{ readonly text?: string | undefined; readonly isFile: boolean }> {
  const text = await readFile(asked, "utf8").catch(() => undefined);
  if (text !== undefined) return { text, isFile: true };
  return { text: /[\s;]/u.test(asked) ? asked : undefined, isFile: false };
}

export function notPlayed(done: Done): SerinError {
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
