// How would this rollout go if …?
import type { Program } from "../core/plan/step.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { scenarioFrom } from "../api/scenario-text.ts";
import { BUILT_IN } from "../rehearse/builtin.ts";
import { readLines, readScenario } from "../rehearse/language.ts";
import { limitOf, SLACK } from "../rehearse/pace.ts";
import { rehearse, type RehearsalOptions } from "../rehearse/rehearsal.ts";
import type { Scenario } from "../rehearse/scenario.ts";
import type { Context } from "./io.ts";
import { painter, table } from "./paint.ts";
import { distributionLines, rehearsedLines, scenarioLines } from "./rehearsal-text.ts";
import { rehearseTogether } from "./rehearse-group.ts";
import { NEXT, noScenario, playMany, playOne, refuseRuns, textOf, type RehearseOptions } from "./rehearsing.ts";
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

function rehearsalOf(
  { rollout, program, scenario, options }: Asked,
  slack: number,
): RehearsalOptions & { seed: number } {
  const { seed = 1, promote = false } = options;
  const limitMs = options.limitMs ?? limitOf(program);
  return { rollout, scenario, seed, promote, slack, limitMs };
}

function single(asked: Asked, context: Context): Promise<number> {
  const options = rehearsalOf(asked, SLACK.one);
  const play = () => rehearse(options);
  return playOne(options, { play, lines: (one, paint) => rehearsedLines(one, asked.scenario, paint) }, context);
}

/** Many rehearsals, one with each seed. */
function many(asked: Asked, runs: number, context: Context): Promise<number> {
  const options = rehearsalOf(asked, SLACK.many);
  return playMany(
    { ...options, runs },
    {
      taskOf: (seeds) => ({ kind: "runs", options, seeds }),
      runsIn: (done) => (done.kind === "runs" ? done.runs : undefined),
      moreOf: () => ({}),
      lines: (distribution, _more, paint) => distributionLines(distribution, paint),
    },
    context,
  );
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
