// Where does the output of the replicas go, and what was their last word?
import { mkdir, open, readdir, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lastLines, printable, shortened } from "../../core/log-line.ts";
import { type LogCounts, LogLines } from "./log-lines.ts";

/** How much is kept of a replica's output. */
export interface LogLimits {
  readonly bytes: number;
  /** Older files beside the current one. */
  readonly old: number;
}

/** What is looked through for the last lines. */
const LINES_BYTES = 262_144;
/** What is looked through for the last word. */
const TAIL_BYTES = 8_192;
const LONGEST_WORD = 200;
/** Logs of this many replicas stay after these are gone. */
const GONE_KEPT = 40;

/**
 * One file per replica, to which it appends from start to start; `<replica>.log.1` and so on are older. The processes keep
 * the file open for their whole life, so it is copied and cut off, not renamed. What is written between the copy and the
 * cut is lost, and so is what exceeds the limit at once; O_APPEND lets everyone go on at the new end.
 */
export class Logs {
  readonly #dir: string;
  readonly #limits: LogLimits;
  readonly #lines = new LogLines();

  constructor(dir: string, limits: LogLimits) {
    this.#dir = join(dir, "logs");
    this.#limits = limits;
  }

  pathOf(name: string): string {
    return join(this.#dir, `${name}.log`);
  }

  /**
   * How many lines of trouble it holds since it is asked for; `fresh` when the whole of it counts and not only what comes.
   */
  troubles(name: string, fresh: boolean): Promise<LogCounts> {
    return this.#lines.count(this.pathOf(name), fresh);
  }

  /** Makes sure that the file is there and may be written. Returns its size. */
  async prepare(name: string): Promise<number> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const file = await open(this.pathOf(name), "a", 0o600);
    try {
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  }

  /** Rotates the file if it has grown too large. */
  async rotate(name: string): Promise<void> {
    const path = this.pathOf(name);
    if ((await sizeOf(path)) <= this.#limits.bytes) return;
    await this.#lines.cut(path, () => this.#cut(path));
  }

  async #cut(path: string): Promise<void> {
    for (let age = this.#limits.old; age > 1; age -= 1) {
      await rename(`${path}.${age - 1}`, `${path}.${age}`).catch(() => undefined);
    }
    if (this.#limits.old > 0) await writeFile(`${path}.1`, await tail(path, this.#limits.bytes), { mode: 0o600 });
    await truncate(path, 0);
  }

  /** Removes the logs of replicas that are gone for long. */
  async prune(running: ReadonlySet<string>): Promise<void> {
    this.#lines.keep(new Set([...running].map((name) => this.pathOf(name))));
    const names = await readdir(this.#dir).catch(() => []);
    const idle = names.filter((name) => name.endsWith(".log") && !running.has(name.slice(0, -4)));
    const dated = await Promise.all(
      idle.map(async (name) => ({
        name,
        at: (await stat(join(this.#dir, name)).catch(() => undefined))?.mtimeMs ?? 0,
      })),
    );
    const old = new Set(
      dated
        .toSorted((a, b) => b.at - a.at)
        .slice(GONE_KEPT)
        .map(({ name }) => name),
    );
    const gone = names.filter((name) => old.has(name.replace(/\.\d+$/, "")));
    await Promise.all(gone.map((name) => rm(join(this.#dir, name), { force: true })));
  }

  /** The last lines of it, oldest first; none where there is no log. */
  async last(name: string, lines: number): Promise<readonly string[]> {
    const text = (await tail(this.pathOf(name), LINES_BYTES).catch(() => Buffer.alloc(0))).toString("utf8");
    return lastLines(text, lines);
  }

  /**
   * What a replica said last, as far as it can be told: while others write to the same file too, only a line that speaks
   * of an error counts.
   */
  async lastWords(name: string, asked: { readonly from: number; readonly alone: boolean }): Promise<string> {
    const path = this.pathOf(name);
    const size = await sizeOf(path);
    // Smaller than at the start: it has been rotated since.
    const bytes = Math.min(TAIL_BYTES, asked.from <= size ? size - asked.from : size);
    const text = (await tail(path, bytes).catch(() => Buffer.alloc(0))).toString("utf8");
    const lines = text
      .split("\n")
      .map((line) => printable(line).trim())
      .filter((line) => line !== "" && !/^Node\.js v\d/.test(line));
    const words = lines.findLast((line) => ERROR_LINE.test(line)) ?? (asked.alone ? lines.at(-1) : undefined) ?? "";
    return shortened(words, LONGEST_WORD);
  }
}

const ERROR_LINE = /^(?:uncaught |unhandled )?(?:[\w.]*(?:error|exception)\b|panic:|fatal\b)/i;

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function tail(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
