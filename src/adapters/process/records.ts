// What is remembered of each replica, so that another controller finds it?
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessTemplate } from "../../core/process-template.ts";
import { SerinError } from "../../core/issues.ts";
import type { Ms } from "../../core/units.ts";
import { errnoOf } from "./errors.ts";

/** How a replica is treated. Kept with it, for the time until a new controller is told its template again. */
export type Treatment = Pick<ProcessTemplate, "ready" | "readyTimeoutMs" | "drainMs" | "graceMs">;

/** One replica on disk: written before its process is started, and again with the process's identity. */
export interface ReplicaRecord {
  readonly format: 1;
  readonly id: string;
  readonly pool: string;
  readonly revision: string;
  readonly host: string;
  port: number;
  treatment: Treatment;
  restarts: number;
  failures: number;
  /** Name of its own log. Without it the log is older, and that of its revision: others write there too. */
  log?: string | undefined;
  /** Size of the log at its last start: what it has said comes after. */
  logFrom: number;
  /** When its process was started last. */
  startedMs: Ms;
  /** The process and the moment of its birth: a process number alone may be someone else's by now. */
  pid?: number | undefined;
  birth?: string | undefined;
  readySinceMs?: Ms | undefined;
  drainingSinceMs?: Ms | undefined;
  /** When it was told to end. There is no way back from there. */
  endingSinceMs?: Ms | undefined;
}

/** The name of the log to which it writes. */
export function logOf({ log, revision }: ReplicaRecord): string {
  return log ?? revision;
}

/** The records of one service. */
export class Records {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = join(dir, "replicas");
  }

  /** Every record. What cannot be read as one is removed: its process, if there is any, is found by its environment. */
  async read(): Promise<ReplicaRecord[]> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const names = await readdir(this.#dir);
    const read = await Promise.all(names.map((name) => this.#readOne(name)));
    return read.filter((record) => record !== undefined);
  }

  /** Replaces a record, whole or not at all. */
  async write(record: ReplicaRecord): Promise<void> {
    const partial = join(this.#dir, `.${record.id}.${randomBytes(4).toString("hex")}`);
    try {
      // Against a killed controller the page cache is enough; a power cut ends the processes as well.
      await writeFile(partial, `${JSON.stringify(record)}\n`, { mode: 0o600 });
      await rename(partial, this.#pathOf(record.id));
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.#pathOf(id), { force: true });
  }

  async removeAll(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
  }

  #pathOf(id: string): string {
    return join(this.#dir, `${id}.json`);
  }

  async #readOne(name: string): Promise<ReplicaRecord | undefined> {
    const path = join(this.#dir, name);
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return "";
      throw error;
    });
    const record = name.endsWith(".json") ? parsed(text) : undefined;
    if (record && record.format !== 1) throw tooNew(path, record.format);
    if (record && `${record.id}.json` === name) return record;
    await rm(path, { force: true, recursive: true });
    return undefined;
  }
}

function parsed(text: string): ReplicaRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "format" in value ? (value as ReplicaRecord) : undefined;
  } catch {
    return undefined;
  }
}

function tooNew(path: string, format: unknown): SerinError {
  return new SerinError({
    code: "SERIN_STATE_NEWER",
    what: "The replicas were recorded by a newer version of Serin.",
    found: `format ${String(format)} in ${path}; this version knows format 1`,
    now: "Nothing was changed; whatever runs goes on.",
    next: "Upgrade serin on this machine, or use the version that wrote it.",
  });
}
