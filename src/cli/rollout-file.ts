// What is wrong with this rollout file, and what would it do?
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { abilitiesOf } from "../adapters/registry.ts";
import { messageOf, type Issue } from "../core/issues.ts";
import { compile } from "../core/plan/compile.ts";
import type { Program } from "../core/plan/step.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { parseDocument } from "../core/spec/parse.ts";
import { KIND } from "../core/spec/rollout.ts";
import { readGroupFile, type GroupFile } from "../api/group-file.ts";
import { readRolloutText } from "../api/rollout-text.ts";
import type { Io } from "./io.ts";
import { painter } from "./paint.ts";

type Wrong = { readonly ok: false; readonly issues: readonly Issue[] };

/** A file that can be rolled out, or every mistake in it. */
export type Planned = { readonly ok: true; readonly rollout: Rollout; readonly program: Program } | Wrong;

/** A file that can be brought about, of one service or of several, or every mistake in it. */
export type PlannedAny = Planned | { readonly ok: true; readonly group: GroupFile };

/** Exit code for a file with mistakes. */
export const BAD_INPUT = 2;

/**
 * Reads, checks and compiles a file, as it would run beside a stable version; runs nothing. A file that cannot be read is
 * a mistake like any other.
 */
export async function planFile(file: string): Promise<Planned> {
  const read = await textOf(file);
  return read.ok ? planRollout(read.text, dirname(resolve(file))) : read;
}

/** The same of a file of any kind. */
export async function planAnyFile(file: string, sized: Sized = asWritten): Promise<PlannedAny> {
  const read = await textOf(file);
  if (!read.ok) return read;
  const origin = dirname(resolve(file));
  const parsed = parseDocument(read.text);
  // Mistakes in a rollout file are the same here and there.
  if (!parsed.ok) return parsed;
  if (parsed.document.kind === KIND) return planRollout(read.text, origin, sized);
  const group = await readGroupFile(parsed.document, { origin, at: parsed.at });
  return group.ok ? { ok: true, group: group.file } : group;
}

/** The rollout with the number of replicas that it has where it runs. */
export type Sized = (rollout: Rollout) => Promise<Rollout>;

const asWritten: Sized = (rollout) => Promise.resolve(rollout);

/** The same of a text; files that it names are read from a folder. */
export async function planRollout(text: string, origin: string, sized: Sized = asWritten): Promise<Planned> {
  const parsed = await readRolloutText(text, origin);
  if (!parsed.ok) return parsed;
  const { at } = parsed;
  const rollout = await sized(parsed.rollout);
  const compiled = compile(rollout, { abilities: abilitiesOf(rollout), stable: true });
  if (compiled.ok) return { ok: true, rollout, program: compiled.program };
  return { ok: false, issues: compiled.issues.map((issue) => Object.assign(at(issue.path), issue)) };
}

async function textOf(file: string): Promise<{ readonly ok: true; readonly text: string } | Wrong> {
  try {
    return { ok: true, text: await readText(file) };
  } catch (error) {
    return { ok: false, issues: [{ line: 1, column: 1, path: "", code: "unreadable", message: unreadable(error) }] };
  }
}

/** Throws when there is no such file, or when it is not text. */
export async function readText(file: string): Promise<string> {
  return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
}

/** Why a file cannot be read, for people. */
export function unreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "found a folder, a rollout file must be here";
  if (code === "EACCES" || code === "EPERM") return "the file may not be read by this user";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "the file is not UTF-8 text";
  return `the file cannot be read: ${messageOf(error)}`;
}

/** One mistake per line: `rollout.yaml:12:9 spec.traffic  found …`. */
export function issueLines(file: string, issues: readonly Issue[], io: Pick<Io, "color">): string {
  const paint = painter(io.color);
  return issues
    .map(({ line, column, path, message }) => {
      const place = paint("bold", `${file}:${line}:${column}`);
      return `${place} ${path ? `${paint("cyan", path)}  ` : " "}${message}`;
    })
    .join("\n");
}
