// How would this rollout go if …?
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { SerinError } from "../core/issues.ts";
import type { Program } from "../core/plan/step.ts";
import { nearest } from "../core/spec/nearest.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { duration, ms } from "../core/units.ts";
import { BUILT_IN } from "../rehearse/builtin.ts";
import { distributionOf } from "../rehearse/distribution.ts";
import { readLines, readScenario, ScenarioError } from "../rehearse/language.ts";
import { limitOf, SLACK } from "../rehearse/pace.ts";
import { rehearse, type Ending, type RehearsalOptions, type Summary } from "../rehearse/rehearsal.ts";
import type { Scenario } from "../rehearse/scenario.ts";
import { inParallel, type Task } from "../rehearse/workers.ts";
import { PACE } from "../runtime/parts.ts";
import type { Context } from "./io.ts";
import { painter, table } from "./paint.ts";
import { distributionLines, rehearsedLines, scenarioLines } from "./rehearsal-text.ts";
import { BAD_INPUT, issueLines, planFile } from "./rollout-file.ts";

export interface RehearseOptions {
  /** The rollout file; nothing that it names is run. */
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

const EXIT: Readonly<Record<Ending, number>> = {
  promoted: 0,
  concluded: 0,
  "rolled-back": 3,
  stopped: 1,
  person: 4,
  waiting: 4,
};

const MOST_RUNS = 100_000;
/** Rehearsals that a thread is given at once. */
const BATCH = 10;

/** `serin rehearse FILE --scenario S`: exit code 0 promoted or concluded, 3 rolled back, 1 stopped, 4 undecided, 2 bad input. */
export async function rehearseCommand(options: RehearseOptions, context: Context): Promise<number> {
  const { io, json } = context;
  if (options.scenario === "list") return list(context);
  const planned = await planFile(options.file);
  if (!planned.ok) {
    if (json) io.out(JSON.stringify({ ok: false, issues: planned.issues }));
    else io.err(issueLines(options.file, planned.issues, io));
    return BAD_INPUT;
  }
  const scenario = await scenarioOf(options.scenario);
  const asked: Asked = { rollout: planned.rollout, program: planned.program, scenario, options };
  if (!json) {
    const paint = painter(io.color);
    const ignored =
      scenario.expectations.length > 0 ? [paint("dim", "  what it expects is checked by serin test")] : [];
    const head = [`${planned.rollout.metadata.name}, rehearsed:`, ...scenarioLines(scenario, paint), ...ignored];
    io.out(head.join("\n"));
  }
  if (
    options.runs !== undefined &&
    !(Number.isInteger(options.runs) && options.runs >= 1 && options.runs <= MOST_RUNS)
  ) {
    const what = `found ${options.runs}, the number of runs is from 1 to ${MOST_RUNS}`;
    throw new SerinError({ code: "SERIN_BAD_RUNS", what, exitCode: BAD_INPUT });
  }
  return options.runs === undefined ? single(asked, context) : many(asked, options.runs, context);
}

interface Asked {
  readonly rollout: Rollout;
  readonly program: Program;
  readonly scenario: Scenario;
  readonly options: RehearseOptions;
}

function rehearsalOf({ rollout, program, scenario, options }: Asked, slack: number): RehearsalOptions {
  const { seed = 1, promote = false } = options;
  const limitMs = options.limitMs ?? limitOf(program);
  return { rollout, scenario, seed, promote, slack, limitMs };
}

async function single(asked: Asked, { io, json }: Context): Promise<number> {
  const began = performance.now();
  const options = rehearsalOf(asked, SLACK.one);
  const rehearsed = await rehearse(options);
  const realMs = performance.now() - began;
  if (json) io.out(JSON.stringify({ ok: true, ...rehearsed, pace: paceOf(options) }));
  else {
    const pace = `${lookText(options)}, ${rehearsed.looks} in all; seed ${rehearsed.seed}`;
    io.out(["", ...rehearsedLines(rehearsed, asked.scenario, painter(io.color)), pace].join("\n"));
    // Beside the answer, which is the same for the same seed.
    io.err(`${duration(ms(rehearsed.virtualMs))} took ${duration(ms(realMs))}`);
  }
  return EXIT[rehearsed.ending];
}

/** Many rehearsals, one with each seed. */
async function many(asked: Asked, runs: number, { io, json, signal }: Context): Promise<number> {
  const began = performance.now();
  const { seed: first = 1 } = asked.options;
  const threads = availableParallelism();
  const options = rehearsalOf(asked, SLACK.many);
  const all = await runAll(options, seedsFrom(first, runs), { threads, signal });
  const distribution = distributionOf(all);
  const realMs = performance.now() - began;
  const looks = Math.round(all.reduce((sum, run) => sum + run.looks, 0) / all.length);
  if (json) io.out(JSON.stringify({ ok: true, ...distribution, runsOf: all, pace: paceOf(options), looks }));
  else {
    const virtualMs = all.reduce((sum, run) => sum + run.virtualMs, 0);
    const pace = `${lookText(options)}, about ${looks} in each rehearsal; seeds ${first} to ${first + runs - 1}`;
    io.out(["", ...distributionLines(distribution, painter(io.color)), "", pace].join("\n"));
    io.err(`${duration(ms(virtualMs))} took ${duration(ms(realMs))} on ${threads} threads`);
  }
  return EXIT[distribution.endings.toSorted((a, b) => b.runs - a.runs)[0]?.ending ?? "waiting"];
}

interface PaceShown {
  readonly activeMs: number;
  readonly slack: number;
}

function paceOf({ slack }: RehearsalOptions): PaceShown {
  return { activeMs: PACE.activeMs, slack };
}

function lookText(options: RehearsalOptions): string {
  const { activeMs, slack } = paceOf(options);
  return `a look every ${duration(ms(activeMs))} after each change, then at most ${100 * slack}% of the time since apart`;
}

function seedsFrom(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

async function runAll(
  options: RehearsalOptions,
  seeds: readonly number[],
  { threads, signal }: { readonly threads: number; readonly signal: AbortSignal },
): Promise<readonly Summary[]> {
  const batch = Math.max(1, Math.min(BATCH, Math.ceil(seeds.length / threads)));
  const tasks: Task[] = [];
  for (let from = 0; from < seeds.length; from += batch) {
    tasks.push({ kind: "runs", options, seeds: seeds.slice(from, from + batch) });
  }
  // Few rehearsals are over before a thread has begun.
  const done = await inParallel(tasks, { threads: seeds.length > BATCH ? threads : 1, signal });
  return done.flatMap((batchDone) => {
    if (batchDone.kind === "runs") return batchDone.runs;
    const what = "the rehearsal could not be played";
    throw new SerinError({
      code: "SERIN_REHEARSAL_FAILED",
      what,
      ...(batchDone.kind === "failed" && { found: batchDone.why }),
    });
  });
}

/** A built-in scenario by its name, the lines of a file, or the lines themselves. */
async function scenarioOf(asked: string): Promise<Scenario> {
  const builtIn = Object.hasOwn(BUILT_IN, asked) ? BUILT_IN[asked] : undefined;
  const text = builtIn ? undefined : await readFile(asked, "utf8").catch(() => undefined);
  const isLines = builtIn !== undefined || /[\s;]/u.test(asked);
  if (text === undefined && !isLines) throw noScenario(asked);
  try {
    return text === undefined ? readLines(builtIn?.lines ?? asked) : readScenario(text);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new SerinError(
      {
        code: "SERIN_BAD_SCENARIO",
        what: "the scenario cannot be read",
        found: error.message,
        next: "serin rehearse FILE --scenario list",
        exitCode: BAD_INPUT,
      },
      { cause: error },
    );
  }
}

function noScenario(asked: string): SerinError {
  const near = nearest(asked, Object.keys(BUILT_IN));
  return new SerinError({
    code: "SERIN_NO_SCENARIO",
    what: `there is no scenario "${asked}"`,
    found: `neither a built-in one nor a file nor lines of one${near === undefined ? "" : `; did you mean ${near}?`}`,
    next: "serin rehearse FILE --scenario list",
    exitCode: BAD_INPUT,
  });
}

function list({ io, json }: Context): number {
  const all = Object.entries(BUILT_IN).map(([name, { about, lines }]) => ({ name, about, lines }));
  if (json) io.out(JSON.stringify({ ok: true, scenarios: all }));
  else
    io.out(
      table([["scenario", "what happens", "lines"], ...all.map((one) => [one.name, one.about, one.lines])]).join("\n"),
    );
  return 0;
}
