// Is this rollout file right, and where is it not?
import type { Io } from "./io.ts";
import { BAD_INPUT, issueLines, planAnyFile } from "./rollout-file.ts";

/** What both commands are given. */
export interface FileOptions {
  readonly file: string;
  readonly json: boolean;
}

/** `serin check FILE`: 0 when the file is right, 2 with every mistake when it is not. */
export async function checkCommand(
  { file, json }: FileOptions,
  io: Pick<Io, "out" | "err" | "color">,
): Promise<number> {
  const planned = await planAnyFile(file);
  const issues = planned.ok ? [] : planned.issues;
  if (json) io.out(JSON.stringify({ ok: planned.ok, issues }));
  else if (planned.ok && "group" in planned)
    io.out(`${file} is right: ${planned.group.members.length} services. serin plan ${file} shows what happens when.`);
  else if (planned.ok)
    io.out(`${file} is right: ${planned.program.steps.length} steps. serin plan ${file} shows them.`);
  else io.err(issueLines(file, issues, io));
  return planned.ok ? 0 : BAD_INPUT;
}
