// What is wrong with this rollout file, and what would it do?
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { planRollout, planText, type Planned, type PlannedAny, type Sized, type Wrong } from "../api/planning.ts";
import { messageOf, type Issue } from "../core/issues.ts";
import type { Io } from "./io.ts";
import { painter } from "./paint.ts";

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
export async function planAnyFile(file: string, sized?: Sized): Promise<PlannedAny> {
  const read = await textOf(file);
  return read.ok ? planText(read.text, dirname(resolve(file)), sized) : read;
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
