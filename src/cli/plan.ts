// What would this rollout file do?
import { describeProgram, sentence } from "../core/plan/sentence.ts";
import type { FileOptions } from "./check.ts";
import type { Io } from "./io.ts";
import { BAD_INPUT, issueLines, planFile } from "./rollout-file.ts";

/**
 * `serin plan FILE`: the steps in sentences, before anything runs. It shows a rollout beside a stable version: of a first
 * one there is nothing to plan.
 */
export async function planCommand({ file, json }: FileOptions, io: Pick<Io, "out" | "err" | "color">): Promise<number> {
  const planned = await planFile(file);
  if (!planned.ok) {
    if (json) io.out(JSON.stringify({ ok: false, issues: planned.issues }));
    else io.err(issueLines(file, planned.issues, io));
    return BAD_INPUT;
  }
  const { program, rollout } = planned;
  const text = describeProgram(program, rollout);
  const steps = program.steps.map((step) => ({ sentence: sentence(step), ...step }));
  if (json) io.out(JSON.stringify({ ok: true, issues: [], program: { ...program, steps }, text }));
  else io.out(text.join("\n"));
  return 0;
}
