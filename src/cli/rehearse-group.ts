// How would this release or façade go if one of its members were worse?
import { availableParallelism } from "node:os";
import { scenarioFrom } from "../api/scenario-text.ts";
import { stagedOf } from "../api/staged.ts";
import type { GroupFile } from "../api/group-file.ts";
import { duration, ms } from "../core/units.ts";
import { BUILT_IN } from "../rehearse/builtin.ts";
import { distributionOf } from "../rehearse/distribution.ts";
import { memberFatesOf, turningsOf } from "../rehearse/group-distribution.ts";
import { readGroupLines } from "../rehearse/group-language.ts";
import { rehearseGroup, type GroupRehearsalOptions } from "../rehearse/group-rehearsal.ts";
import { SLACK } from "../rehearse/pace.ts";
import type { GroupScenario } from "../rehearse/scenario.ts";
import { inParallel, type Task } from "../rehearse/workers.ts";
import type { Context } from "./io.ts";
import { painter } from "./paint.ts";
import { groupLines, groupManyLines } from "./group-rehearsal-text.ts";
import { scenarioLines } from "./rehearsal-text.ts";
import {
  EXIT,
  lookText,
  NEXT,
  noScenario,
  notPlayed,
  paceOf,
  seedsFrom,
  seedsIn,
  textOf,
  usualEnding,
  type RehearseOptions,
} from "./rehearsing.ts";

/** The same exit codes as those of a rollout. */
export async function rehearseTogether(file: GroupFile, options: RehearseOptions, context: Context): Promise<number> {
  const { staged, limitMs } = stagedOf(file);
  const members = staged.rollouts.map(({ metadata }) => metadata.name);
  const scenario = await scenarioOf(options.scenario, members);
  const { seed = 1, promote = false, runs } = options;
  const asked = { staged, scenario, seed, promote, limitMs: options.limitMs ?? limitMs };
  if (!context.json) {
    const head = [`${staged.group}, rehearsed:`, ...scenarioLines(scenario, painter(context.io.color))];
    context.io.out(head.join("\n"));
  }
  if (runs === undefined) return one({ ...asked, slack: SLACK.one }, context);
  return many({ ...asked, slack: SLACK.many }, runs, context);
}

async function one(options: GroupRehearsalOptions, { io, json }: Context): Promise<number> {
  const began = performance.now();
  const { group } = options.staged;
  const rehearsed = await rehearseGroup(options);
  const realMs = performance.now() - began;
  if (json) io.out(JSON.stringify({ ok: true, ...rehearsed, pace: paceOf(options) }));
  else {
    const pace = `${lookText(options)}, ${rehearsed.looks} in all; seed ${rehearsed.seed}`;
    io.out(["", ...groupLines(rehearsed, { group, scenario: options.scenario }, painter(io.color)), pace].join("\n"));
    // Beside the answer, which is the same for the same seed.
    io.err(`${duration(ms(rehearsed.virtualMs))} took ${duration(ms(realMs))}`);
  }
  return EXIT[rehearsed.ending];
}

/** Many rehearsals, one with each seed. */
async function many(options: GroupRehearsalOptions, runs: number, { io, json, signal }: Context): Promise<number> {
  const began = performance.now();
  const threads = availableParallelism();
  const { seed: first } = options;
  const tasks = seedsIn(seedsFrom(first, runs), threads).map((seeds): Task => ({ kind: "group-runs", options, seeds }));
  const done = await inParallel(tasks, { threads: tasks.length > 1 ? threads : 1, signal });
  const all = done.flatMap((batch) => {
    if (batch.kind === "group-runs") return batch.runs;
    throw notPlayed(batch);
  });
  const realMs = performance.now() - began;
  const { group } = options.staged;
  const found = { distribution: distributionOf(all), turnings: turningsOf(all), members: memberFatesOf(all) };
  const looks = Math.round(all.reduce((sum, run) => sum + run.looks, 0) / all.length);
  if (json) {
    const { distribution, ...more } = found;
    io.out(JSON.stringify({ ok: true, ...distribution, ...more, runsOf: all, pace: paceOf(options), looks }));
  } else {
    const virtualMs = all.reduce((sum, run) => sum + run.virtualMs, 0);
    const pace = `${lookText(options)}, about ${looks} in each rehearsal; seeds ${first} to ${first + runs - 1}`;
    io.out(["", ...groupManyLines({ group, ...found }, painter(io.color)), "", pace].join("\n"));
    io.err(`${duration(ms(virtualMs))} took ${duration(ms(realMs))} on ${threads} threads`);
  }
  return EXIT[usualEnding(found.distribution)];
}

/** `checkout:errors` is a built-in scenario of one member, while the others are good. */
const OF_MEMBER = /^([\w.-]+):([\w-]+)$/u;

/** A built-in scenario of all members or of one, the lines of a file, or the lines themselves. */
async function scenarioOf(asked: string, members: readonly string[]): Promise<GroupScenario> {
  const [, member, name = asked] = OF_MEMBER.exec(asked) ?? [];
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  const { text, isFile } = builtIn ? { text: linesOf(builtIn.lines, member), isFile: false } : await textOf(asked);
  if (text === undefined) throw noScenario(asked, name);
  return scenarioFrom(() => readGroupLines(text, members, isFile), NEXT);
}

/** The load, which comes first, is that of all members. */
function linesOf(lines: string, member: string | undefined): string {
  if (member === undefined) return lines;
  const [load = "", ...rest] = lines.split(";");
  return [load, ...rest.map((line) => `${member}: ${line.trim()}`)].join("; ");
}
