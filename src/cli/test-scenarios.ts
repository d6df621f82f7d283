// Does everything come true that the scenarios of a folder expect?
import { readdir, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { SerinError, type Issue } from "../core/issues.ts";
import { parseRollout } from "../core/spec/parse.ts";
import { duration, ms } from "../core/units.ts";
import { readScenario, ScenarioError } from "../rehearse/language.ts";
import type { Scenario } from "../rehearse/scenario.ts";
import { inParallel, type Done, type Task } from "../rehearse/workers.ts";
import type { Context } from "./io.ts";
import { hanging, painter, type Paint } from "./paint.ts";
import { BAD_INPUT, readText, unreadable } from "./rollout-file.ts";

export interface TestOptions {
  /** A folder, or one scenario. */
  readonly dir: string;
}

/** A mistake that keeps a scenario from being played. */
interface Mistake {
  readonly place: string;
  readonly message: string;
}

type Read =
  | { readonly file: string; readonly task: Extract<Task, { readonly kind: "play" }> }
  | { readonly file: string; readonly mistakes: readonly Mistake[] };

type Result = Read & { readonly done?: Done | undefined };

/** `serin test DIR`: exit code 0 when every expectation comes true, 1 when not, 2 for what cannot be read. */
export async function testCommand({ dir }: TestOptions, { io, json, signal }: Context): Promise<number> {
  const began = performance.now();
  const files = await scenariosBelow(dir);
  const read = await Promise.all(files.map((file) => readOne(file)));
  const playable = read.filter((one) => "task" in one);
  const paint = painter(io.color);
  const results = new Map<string, Result>(read.map((one) => [one.file, one]));
  let shown = 0;
  const show = (): void => {
    // In the order of the files, each as soon as all before it are done.
    for (let file = files[shown]; file !== undefined; file = files[shown]) {
      const result = results.get(file);
      if (!result || ("task" in result && !result.done)) return;
      if (!json) io.out(resultLines(result, paint).join("\n"));
      shown += 1;
    }
  };
  show();
  await inParallel(
    playable.map(({ task }) => task),
    {
      threads: playable.length > 4 ? availableParallelism() : 1,
      signal,
      tell: (index, done) => {
        const one = playable[index];
        if (one) results.set(one.file, { ...one, done });
        show();
      },
    },
  );
  const all = files.flatMap((file) => results.get(file) ?? []);
  const failed = all.filter((result) => !isTrue(result)).length;
  const isUnread = all.some((result) => "mistakes" in result || result.done?.kind === "failed");
  const realMs = performance.now() - began;
  if (json) io.out(JSON.stringify({ ok: failed === 0, scenarios: all.map(jsonOf), realMs }));
  else io.out(`${all.length} scenarios, ${failed} failed, in ${duration(ms(realMs))}`);
  return isUnread ? BAD_INPUT : failed > 0 ? 1 : 0;
}

function isTrue(result: Result): boolean {
  return "task" in result && result.done?.kind === "play" && result.done.played.failures.length === 0;
}

async function scenariosBelow(dir: string): Promise<readonly string[]> {
  const found = await namesBelow(dir).catch((error: unknown) => {
    throw notThere(dir, unreadable(error), error);
  });
  if (found.length > 0) return found.toSorted();
  throw notThere(dir, "no file there ends with .scenario");
}

async function namesBelow(dir: string): Promise<readonly string[]> {
  if ((await stat(dir)).isFile()) return [dir];
  const names = await readdir(dir, { recursive: true });
  return names
    .filter((name) => name.endsWith(".scenario") && !/(?:^|\/)node_modules\//u.test(name))
    .map((name) => join(dir, name));
}

function notThere(dir: string, found: string, cause?: unknown): SerinError {
  return new SerinError(
    { code: "SERIN_NO_SCENARIO", what: `${dir} has no scenarios to play`, found, exitCode: BAD_INPUT },
    { cause },
  );
}

/** A scenario with its rollout, or every mistake in either. */
async function readOne(file: string): Promise<Read> {
  const mistaken = (line: number, message: string): Read => ({
    file,
    mistakes: [{ place: `${file}:${line}`, message }],
  });
  try {
    const scenario = readScenario(await readText(file));
    if (scenario.spec === undefined && scenario.file === undefined) {
      return mistaken(1, "the first line must name the rollout file, as in: rollout ../rollout.yaml");
    }
    const spec = await rolloutText(file, scenario);
    if ("why" in spec) return mistaken(scenario.file?.line ?? 1, spec.why);
    const parsed = parseRollout(spec.text);
    if (parsed.ok) return { file, task: { kind: "play", scenario, rollout: parsed.rollout } };
    return { file, mistakes: parsed.issues.map((issue) => mistakeOf(scenario.file?.path ?? file, issue)) };
  } catch (error) {
    if (!(error instanceof ScenarioError)) return mistaken(1, unreadable(error));
    return mistaken(error.line, error.message.replace(/^line \d+: /u, ""));
  }
}

async function rolloutText(
  file: string,
  { spec, file: named }: Scenario,
): Promise<{ readonly text: string } | { readonly why: string }> {
  if (spec !== undefined) return { text: spec };
  const path = named?.path ?? "";
  try {
    return { text: await readText(resolve(dirname(file), path)) };
  } catch (error) {
    return { why: `${path}: ${unreadable(error)}` };
  }
}

function mistakeOf(file: string, { line, column, path, message }: Issue): Mistake {
  return { place: `${file}:${line}:${column}`, message: path ? `${path}  ${message}` : message };
}

function resultLines(result: Result, paint: Paint): string[] {
  const { file } = result;
  const bad = paint("red", "✗");
  if ("mistakes" in result) {
    return [
      `${bad} ${file}`,
      ...result.mistakes.map(({ place, message }) => `    ${paint("bold", place)}  ${message}`),
    ];
  }
  const { done } = result;
  if (done?.kind !== "play") return [`${bad} ${file}`, `    ${done?.kind === "failed" ? done.why : "was not played"}`];
  const { played, realMs } = done;
  const took = paint("dim", `${duration(ms(played.virtualMs))} in ${duration(ms(realMs))}`);
  if (played.failures.length === 0) return [`${paint("green", "✓")} ${file}  ${took}`];
  return [
    `${bad} ${file}  ${took}`,
    ...played.failures.flatMap(({ line, expected, found }) => [
      `    ${paint("bold", `${file}:${line}`)}`,
      ...hanging("      expected  ", expected, 120),
      ...hanging("      found     ", found, 120),
    ]),
    paint("dim", "    the last decisions"),
    ...played.decisions.flatMap((text) => hanging("      ", text, 120)),
  ];
}

function jsonOf(result: Result): unknown {
  const { file } = result;
  if ("mistakes" in result) return { file, ok: false, mistakes: result.mistakes };
  if (result.done?.kind !== "play")
    return {
      file,
      ok: false,
      mistakes: [{ place: file, message: result.done?.kind === "failed" ? result.done.why : "" }],
    };
  const { played, realMs } = result.done;
  const { failures, decisions, expectations, virtualMs } = played;
  return { file, ok: failures.length === 0, failures, decisions, expectations, virtualMs, realMs };
}
