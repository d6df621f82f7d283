// How would this rollout go if …?
import { availableParallelism } from "node:os";
import type { Program } from "../core/plan/step.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { duration, ms } from "../core/units.ts";
import { scenarioFrom } from "../api/scenario-text.ts";
import { BUILT_IN } from "../rehearse/builtin.ts";
import { distributionOf } from "../rehearse/distribution.ts";
import { readLines, readScenario } from "../rehearse/language.ts";
import { limitOf, SLACK } from "../rehearse/pace.ts";
import { rehearse, type RehearsalOptions, type Summary } from "../rehearse/rehearsal.ts";
import type { Scenario } from "../rehearse/scenario.ts";
import { inParallel, type Task } from "../rehearse/workers.ts";
import type { Context } from "./io.ts";
import { painter, table } from "./paint.ts";
import { distributionLines, rehearsedLines, scenarioLines } from "./rehearsal-text.ts";
import { rehearseTogether } from "./rehearse-group.ts";
import {
  EXIT,
  lookText,
  NEXT,
  noScenario,
  notPlayed,
  paceOf,
  refuseRuns,
  seedsFrom,
  seedsIn,
  textOf,
  usualEnding,
  type RehearseOptions,
} from "./rehearsing.ts";
import { BAD_INPUT, issueLines, planAnyFile } from "./rollout-file.ts";

/** `serin rehearse FILE --scenario S`: exit code 0 promoted or concluded, 3 rolled back, 1 stopped, 4 undecided, 2 bad input. */
export async function rehearseCommand(options: RehearseOptions, context: Context): Promise<number> {
  const { io, json } = context;
  if (options.scenario === "list") return list(context);
  const planned = await planAnyFile(options.file);
  if (!planned.ok) {
    if (json) io.out(JSON.stringify({ ok: false, issues: planned.issues }));
    else io.err(issueLines(options.file, planned.issues, io));
    return BAD_INPUT;
  }
  refuseRuns(options.runs);
  if ("group" in planned) return rehearseTogether(planned.group, options, context);
  const scenario = await scenarioOf(options.scenario);
  const asked: Asked = { rollout: planned.rollout, program: planned.program, scenario, options };
  if (!json) {
    const paint = painter(io.color);
    const ignored =
      scenario.expectations.length > 0 ? [paint("dim", "  what it expects is checked by serin test")] : [];
    const head = [`${planned.rollout.metadata.name}, rehearsed:`, ...scenarioLines(scenario, paint), ...ignored];
    io.out(head.join("\n"));
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
  return EXIT[usualEnding(distribution)];
}

async function runAll(
  options: RehearsalOptions,
  seeds: readonly number[],
  { threads, signal }: { readonly threads: number; readonly signal: AbortSignal },
): Promise<readonly Summary[]> {
  const tasks = seedsIn(seeds, threads).map((some): Task => ({ kind: "runs", options, seeds: some }));
  const done = await inParallel(tasks, { threads: tasks.length > 1 ? threads : 1, signal });
  return done.flatMap((batch) => {
    if (batch.kind === "runs") return batch.runs;
    throw notPlayed(batch);
  });
}

/** A built-in scenario by its name, the lines of a file, or the lines themselves. */
async function scenarioOf(asked: string): Promise<Scenario> {
  const builtIn = Object.hasOwn(BUILT_IN, asked) ? BUILT_IN[asked] : undefined;
  const { text, isFile } = builtIn ? { text: builtIn.lines, isFile: false } : await textOf(asked);
  if (text === undefined) throw noScenario(asked, asked);
  return scenarioFrom(() => (isFile ? readScenario(text) : readLines(text)), NEXT);
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
