// Which revision is this, by content?
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { isAbsolute, normalize, resolve, sep } from "node:path";
import { messageOf, SerinError } from "../../core/issues.ts";
import type { ProcessFile, ProcessTemplate } from "../../core/process-template.ts";
import type { Revision } from "../../ports/workload.ts";
import { errnoOf } from "./errors.ts";

/** A template whose files are still only named, relative to its `cwd`. */
export type ProcessRequest = Omit<ProcessTemplate, "files"> & { readonly files: readonly string[] };

/** All files of a revision together: they are kept in the journal, and are configuration, not programs. */
const MOST_BYTES = 1_048_576;

/** Reads the files and names the revision. */
export async function captureRevision(request: ProcessRequest): Promise<Revision<ProcessTemplate>> {
  const names = [...new Set(request.files.map(relativeName))].toSorted();
  const files: ProcessFile[] = [];
  let left = MOST_BYTES;
  for (const name of names) {
    const content = await capture(name, request.cwd, left);
    left -= content.length;
    files.push({ path: name, sha256: sha256(content), ...encoded(content) });
  }
  const template = { ...request, files };
  return { id: revisionId(template), template };
}

/**
 * The name of a revision: the first 10 hexadecimal digits of the SHA-256 of command, folder, environment and files. The
 * folder counts because a command there starts other programs: releases are often unpacked side by side.
 */
export function revisionId(template: Pick<ProcessTemplate, "command" | "cwd" | "env" | "files">): string {
  const { command, cwd, env, files } = template;
  const named = files
    .map(({ path, sha256: of }) => ({ path, sha256: of }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return sha256(canonicalJson({ command, cwd, env, files: named })).slice(0, 10);
}

/** JSON in which equal values have equal texts: the names of every object in order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

function relativeName(name: string): string {
  const path = normalize(name).split(sep).join("/");
  if (name === "" || path === "." || isAbsolute(path) || path.split("/").includes("..")) {
    throw refused(
      "SERIN_FILE_OUTSIDE",
      `The file ${JSON.stringify(name)} is not below the folder of the rollout file.`,
      {
        next: "Name files relative to the rollout file and below its folder.",
      },
    );
  }
  return path;
}

async function capture(name: string, cwd: string, leftBytes: number): Promise<Buffer> {
  const path = resolve(cwd, name);
  const file = await open(path).catch((error: unknown) => {
    throw refused("SERIN_FILE_UNREADABLE", `The file ${name} cannot be read.`, {
      found: errnoOf(error) === "ENOENT" ? `${path} does not exist` : messageOf(error),
      next: "Correct the name under `files`, or create the file.",
    });
  });
  try {
    const about = await file.stat();
    if (!about.isFile()) {
      throw refused("SERIN_FILE_UNREADABLE", `${name} is not a file.`, { next: "Name each file under `files`." });
    }
    if (about.size > leftBytes) throw tooLarge(name, about.size);
    const content = await file.readFile();
    if (content.length > leftBytes) throw tooLarge(name, content.length);
    return content;
  } finally {
    await file.close();
  }
}

function encoded(content: Buffer): Pick<ProcessFile, "encoding" | "content"> {
  const text = content.toString("utf8");
  const same = Buffer.from(text, "utf8").equals(content);
  return same ? { encoding: "utf8", content: text } : { encoding: "base64", content: content.toString("base64") };
}

function tooLarge(name: string, bytes: number): SerinError {
  return refused("SERIN_FILES_TOO_LARGE", `The files of a revision may hold 1 MiB together, and ${name} goes beyond.`, {
    found: `${name} has ${(bytes / 1_048_576).toFixed(1)} MiB`,
    next: "List only configuration under `files`; name large data by its path and version in `command` or `env`.",
  });
}

function refused(code: string, what: string, more: { found?: string; next: string }): SerinError {
  return new SerinError({ code, what, now: "Nothing was changed.", exitCode: 2, ...more });
}
