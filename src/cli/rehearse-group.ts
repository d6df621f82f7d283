// How would this release or façade go if one of its members were worse?
import { scenarioFrom } from "../api/scenario-text.ts";
import { stagedOf } from "../api/staged.ts";
import type { GroupFile } from "../api/group-file.ts";
import { BUILT_IN } from "../rehearse/builtin.ts";
import { memberFatesOf, turningsOf } from "../rehearse/group-distribution.ts";
import { readGroupLines } from "../rehearse/group-language.ts";
import { rehearseGroup, type GroupRehearsalOptions } from "../rehearse/group-rehearsal.ts";
import { SLACK } from "../rehearse/pace.ts";
import type { GroupScenario } from "../rehearse/scenario.ts";
import type { Context } from "./io.ts";
import { painter } from "./paint.ts";
import { groupLines, groupManyLines } from "./group-rehearsal-text.ts";
import { scenarioLines } from "./rehearsal-text.ts";
import { NEXT, noScenario, playMany, playOne, textOf, type RehearseOptions } from "./rehearsing.ts";

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

function one(options: GroupRehearsalOptions, context: Context): Promise<number> {
  const told = { group: options.staged.group, scenario: options.scenario };
  const play = () => rehearseGroup(options);
  return playOne(options, { play, lines: (rehearsed, paint) => groupLines(rehearsed, told, paint) }, context);
}

/** Many rehearsals, one with each seed. */
function many(options: GroupRehearsalOptions, runs: number, context: Context): Promise<number> {
  const { group } = options.staged;
  return playMany(
    { ...options, runs },
    {
      taskOf: (seeds) => ({ kind: "group-runs", options, seeds }),
      runsIn: (done) => (done.kind === "group-runs" ? done.runs : undefined),
      moreOf: (all) => ({ turnings: turningsOf(all), members: memberFatesOf(all) }),
      lines: (distribution, more, paint) => groupManyLines({ group, distribution, ...more }, paint),
    },
    context,
  );
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
