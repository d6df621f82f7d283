// What must outlive the proxy's process, and where is it kept?
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { SerinError, messageOf } from "../core/issues.ts";
import { kept, toKeep, type Routes } from "./served.ts";

/** How a running proxy is found again, and the proof that whoever answers is that one. */
export interface Control {
  readonly pid: number;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** Random, new with every process. */
  readonly epoch: string;
  /** Control API: `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly token: string;
  /** Where clients reach the service. */
  readonly address: string;
  /** The configuration that it runs with, see `fingerprint`. */
  readonly config: string;
  /** The second address. */
  readonly preview?: string | undefined;
  readonly listens: Place;
  readonly listensPreview?: Place | undefined;
}

/** Where a proxy listens, and whether another process of this user may listen there too. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly shared: boolean;
}

export const CONTROL_FILE = "control.json";
const ROUTE_FILE = "route.json";
export const CONFIG_FILE = "config.json";
export const LOG_FILE = "proxy.log";
export const LOCK_FILE = "start.lock";

/** A file that is written, but not yet in its place. */
export interface Staged {
  /** Puts it in its place, durably. */
  commit(): void;
  discard(): void;
}

/** Makes the folder, or takes one that exists, and lets nobody else in. */
export function openFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw noFolder(dir, messageOf(error), error);
  }
  const mode = statSync(dir).mode & 0o777;
  if (mode & 0o077) throw noFolder(dir, `mode 0${mode.toString(8)}: others may enter it`);
}

function noFolder(dir: string, found: string, cause?: unknown): SerinError {
  return new SerinError(
    {
      code: "SERIN_PROXY_FOLDER",
      what: `The proxy cannot keep its files in ${dir}.`,
      found,
      now: "Nothing was started or stopped.",
      next: `Make it a folder that only you may enter: chmod 700 ${dir}`,
    },
    { cause },
  );
}

/** Writes all of a file beside its place, down to the disk: whatever can fail, fails before the change. */
function stage(dir: string, file: string, value: unknown): Staged {
  const path = join(dir, file);
  const draft = `${path}.${process.pid}.draft`;
  try {
    writeThrough(draft, JSON.stringify(value));
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  return {
    commit: () => {
      renameSync(draft, path);
      syncFolder(dir);
    },
    discard: () => rmSync(draft, { force: true }),
  };
}

/** Replaces a file at once and durably: a reader sees the old one or the new one. */
export function replaceFile(dir: string, file: string, value: unknown): void {
  stage(dir, file, value).commit();
}

function writeThrough(path: string, text: string): void {
  const descriptor = openSync(path, "w", 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncFolder(dir: string): void {
  const descriptor = openSync(dir, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A file's JSON, or `undefined` when there is none. Throws when it cannot be read or is no JSON. */
function readJson(dir: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(join(dir, file), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** What control.json says, or `undefined` without one that is whole. What it says is a claim until the control API confirms it. */
export function readControl(dir: string): Control | undefined {
  const read = readJson(dir, CONTROL_FILE) as Partial<Control> | undefined;
  if (read === undefined) return undefined;
  const complete = typeof read.url === "string" && typeof read.token === "string" && typeof read.epoch === "string";
  return complete && typeof read.pid === "number" ? (read as Control) : undefined;
}

/** The last accepted routes, as they were written; the caller checks them. */
export function readRoutes(dir: string): readonly unknown[] {
  return kept(readJson(dir, ROUTE_FILE));
}

/** Prepares the next routes. */
export function stageRoutes(dir: string, routes: Routes): Staged {
  return stage(dir, ROUTE_FILE, toKeep(routes));
}

/** Takes control.json away, unless another process has put its own there. */
export function withdrawControl(dir: string, epoch: string): void {
  try {
    if (readControl(dir)?.epoch === epoch) rmSync(join(dir, CONTROL_FILE), { force: true });
  } catch {
    // Not ours to repair: whoever starts next replaces it.
  }
}

/** Forgets a proxy that was taken away. */
export function forget(dir: string): void {
  for (const file of [CONTROL_FILE, ROUTE_FILE, CONFIG_FILE, LOG_FILE, LOCK_FILE]) {
    rmSync(join(dir, file), { force: true });
  }
}
