// What do these files of Flagger or Argo Rollouts become, and what is lost on the way?
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { importFiles, ROLLOUT_FILE, type Imported } from "../core/import/import.ts";
import type { Options } from "../core/import/context.ts";
import { isLossless, LEVELS, type Remark } from "../core/import/remark.ts";
import { SerinError } from "../core/issues.ts";
import { parseDocument } from "../core/spec/parse.ts";
import type { Io } from "./io.ts";
import { painter } from "./paint.ts";
import { planRollout } from "../api/planning.ts";
import { BAD_INPUT, readText, unreadable } from "./rollout-file.ts";

/** What the command is given. */
export interface ImportOptions extends Options {
  /** Files; `-` is standard input. */
  readonly files: readonly string[];
  /** Folder to write to; standard output without one. */
  readonly out?: string | undefined;
  /** Leave out what has no equivalent, and write the rest. */
  readonly lenient?: boolean | undefined;
  readonly json: boolean;
}

/**
 * `serin import FILE…`: 0 when everything has been converted, or left out as `lenient` says. 2 with a line for each field
 * that could not be; then nothing is written.
 */
export async function importCommand(
  { files, out, lenient = false, json, ...options }: ImportOptions,
  io: Pick<Io, "out" | "err" | "color">,
): Promise<number> {
  const sources = await Promise.all(files.map(async (name) => ({ name, text: await contentOf(name) })));
  const imported = importFiles(sources, options);
  const { documents } = imported;
  const remarks = [...imported.remarks, ...(await undoable(imported))];
  if (documents.length === 0 && remarks.every(({ level }) => level === "note")) throw nothing(files);
  const ok = isLossless(remarks, lenient);
  if (ok && out !== undefined) await writeAll(out, imported);
  if (json) {
    io.out(JSON.stringify({ ok, documents: ok ? documents : [], remarks }, undefined, 2));
    return ok ? 0 : BAD_INPUT;
  }
  for (const remark of remarks) io.err(remarkLine(remark, io));
  if (!ok) io.err(refusal(remarks));
  else if (out === undefined) io.out(documents.map(({ text: content }) => content.trimEnd()).join("\n---\n"));
  else for (const { name } of documents) io.out(join(out, name));
  return ok ? 0 : BAD_INPUT;
}

/** What `serin check` would refuse of rollouts that can be read. */
async function undoable({ documents }: Imported): Promise<readonly Remark[]> {
  const planned = documents.map(async ({ name, text: content }): Promise<readonly Remark[]> => {
    if (!name.endsWith(ROLLOUT_FILE) || !parseDocument(content).ok) return [];
    const plan = await planRollout(content, ".");
    const issues = plan.ok ? [] : plan.issues;
    return issues.map(({ line, column, path, message }) => {
      const what = `what was written here cannot be done: ${message}`;
      return {
        file: name,
        line,
        column,
        path,
        level: "none",
        text: what,
        instead: "correct it in the file that was written",
      };
    });
  });
  return (await Promise.all(planned)).flat();
}

async function contentOf(file: string): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readText(file);
  } catch (error) {
    throw new SerinError(
      { code: "SERIN_UNREADABLE", what: `${file} cannot be imported: ${unreadable(error)}.`, exitCode: 2 },
      { cause: error },
    );
  }
}

function nothing(files: readonly string[]): SerinError {
  return new SerinError({
    code: "SERIN_NOTHING_TO_IMPORT",
    what: `${files.join(", ")} ${files.length === 1 ? "holds" : "hold"} nothing that is converted.`,
    next: "give files with a Canary of Flagger, or a Rollout or Experiment of Argo",
    exitCode: 2,
  });
}

/** Nothing that is there already is written over. */
async function writeAll(folder: string, { documents }: Imported): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name } of documents) {
    const isThere = await access(join(folder, name)).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    throw new SerinError({
      code: "SERIN_FILE_EXISTS",
      what: `${join(folder, name)} is there already, so nothing was written.`,
      next: "choose another folder with --out, or take the file away",
      exitCode: 2,
    });
  }
  for (const { name, text: content } of documents) await writeFile(join(folder, name), content, { flag: "wx" });
}

/** `canary.yaml:23:7 spec.analysis.threshold  changes meaning: …`. */
function remarkLine({ file, line, column, path, level, text: what, instead }: Remark, io: Pick<Io, "color">): string {
  const paint = painter(io.color);
  const style = level === "note" ? "dim" : level === "changes" ? "yellow" : "red";
  const said = `${paint(style, LEVELS[level])}: ${what}${instead === undefined ? "" : `. Instead: ${instead}`}`;
  return `${paint("bold", `${file}:${line}:${column}`)} ${path ? `${paint("cyan", path)}  ` : " "}${said}`;
}

function refusal(remarks: readonly Remark[]): string {
  const [wrong, none] = (["wrong", "none"] as const).map(
    (level) => remarks.filter((one) => one.level === level).length,
  );
  if (wrong) return "Nothing was written: correct what is wrong first.";
  return `Nothing was written: ${none} ${none === 1 ? "field has" : "fields have"} no equivalent. --lenient leaves them out.`;
}
