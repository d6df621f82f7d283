// How many lines of a growing log speak of errors, and how many of warnings?
import { type FileHandle, open } from "node:fs/promises";

/** Lines so far. A line with both is an error. */
export interface LogCounts {
  readonly errors: number;
  readonly warnings: number;
}

/**
 * Levels as loggers write them: words in capitals, `"level":"error"` and pino's numbers in JSON, `level=error`; and what
 * runtimes print: `… Exception`, `TypeError: …` at the beginning of a line, a traceback, a panic.
 */
const ERROR = new RegExp(
  [
    String.raw`\b(?:ERROR|FATAL|CRITICAL)\b`,
    String.raw`"level"\s*:\s*(?:"(?:error|fatal|critical)"|[56]0\b)`,
    String.raw`\blevel=(?:error|fatal|critical)\b`,
    String.raw`Exception\b`,
    String.raw`^[\w.$]*Error: `,
    String.raw`Traceback \(most recent`,
    "panic:",
  ].join("|"),
  "u",
);
const WARNING = /\b(?:WARN|WARNING)\b|"level"\s*:\s*(?:"warn(?:ing)?"|40\b)|\blevel=warn(?:ing)?\b/u;
/** Both at once: most lines are neither, and those are passed over without being cut out. */
const EITHER = new RegExp(`${ERROR.source}|${WARNING.source}`, "gmu");

const CHUNK_BYTES = 65_536;
/** A line that goes on longer counts by its beginning. */
const LONGEST_LINE = 65_536;
/** So much is read back when a log is first asked for, and so much at one look; what is more is passed over. */
const FIRST_BYTES = 1_048_576;
const MOST_BYTES = 16_777_216;

/** Counts the lines of trouble in a text whose lines are all complete. */
export function countLines(text: string): LogCounts {
  let errors = 0;
  let warnings = 0;
  EITHER.lastIndex = 0;
  for (let match = EITHER.exec(text); match; match = EITHER.exec(text)) {
    const start = text.lastIndexOf("\n", match.index - 1) + 1;
    const newline = text.indexOf("\n", match.index);
    const end = newline === -1 ? text.length : newline;
    if (ERROR.test(text.slice(start, end))) errors += 1;
    else warnings += 1;
    EITHER.lastIndex = end;
  }
  return { errors, warnings };
}

interface Followed {
  at: number;
  /** The beginning of a line whose end has not been written yet. */
  open: string;
  /** The rest of a line that was too long and has been counted. */
  skipping: boolean;
  errors: number;
  warnings: number;
  /** One look after the other. */
  turn: Promise<unknown>;
}

/** Follows logs: each look reads what was appended since the one before. */
export class LogLines {
  readonly #followed = new Map<string, Followed>();

  /**
   * Lines so far; a line counts when it has ended. Asked for the first time, `fresh` tells whether what is in the file
   * already counts (its last MiB). Throws when it cannot be read.
   */
  count(path: string, fresh: boolean): Promise<LogCounts> {
    const known = this.#followed.get(path);
    const followed = known ?? {
      at: fresh ? 0 : Infinity,
      open: "",
      skipping: false,
      errors: 0,
      warnings: 0,
      turn: NOW,
    };
    this.#followed.set(path, followed);
    return inTurn(followed, async () => {
      await look(path, followed, known ? MOST_BYTES : FIRST_BYTES);
      return { errors: followed.errors, warnings: followed.warnings };
    });
  }

  /** Counts to the end, lets the file be cut to nothing, and goes on at its new beginning. */
  async cut(path: string, work: () => Promise<void>): Promise<void> {
    const followed = this.#followed.get(path);
    if (!followed) return work();
    await inTurn(followed, async () => {
      // What cannot be read is not counted; it must be cut all the same.
      await look(path, followed, MOST_BYTES).catch(() => undefined);
      await work();
      followed.at = 0;
    });
  }

  /** Forgets all others. */
  keep(paths: ReadonlySet<string>): void {
    for (const path of this.#followed.keys()) if (!paths.has(path)) this.#followed.delete(path);
  }
}

const NOW = Promise.resolve();

function inTurn<T>(followed: Followed, work: () => Promise<T>): Promise<T> {
  const mine = followed.turn.then(work);
  followed.turn = mine.catch(() => undefined);
  return mine;
}

async function look(path: string, followed: Followed, mostBytes: number): Promise<void> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (followed.at === Infinity) followed.at = size;
    // Someone else has cut it.
    if (followed.at > size) followed.at = 0;
    if (size - followed.at > mostBytes) {
      followed.at = size - mostBytes;
      // The first line is a part of one.
      followed.skipping = true;
      followed.open = "";
    }
    await readTo(file, followed, size);
  } finally {
    await file.close();
  }
}

async function readTo(file: FileHandle, followed: Followed, size: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, size - followed.at)));
  while (followed.at < size) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, followed.at);
    if (bytesRead === 0) return;
    followed.at += bytesRead;
    // What is looked for is ASCII, and one byte a character is the fastest to search.
    take(followed, buffer.toString("latin1", 0, bytesRead));
  }
}

function take(followed: Followed, chunk: string): void {
  const from = followed.skipping ? chunk.indexOf("\n") + 1 : 0;
  if (followed.skipping && from === 0) return;
  followed.skipping = false;
  const end = chunk.lastIndexOf("\n") + 1;
  if (end > from) {
    add(followed, followed.open + chunk.slice(from, end));
    followed.open = chunk.slice(end);
  } else followed.open += chunk.slice(from);
  if (followed.open.length < LONGEST_LINE) return;
  add(followed, followed.open);
  followed.open = "";
  followed.skipping = true;
}

function add(followed: Followed, text: string): void {
  const { errors, warnings } = countLines(text);
  followed.errors += errors;
  followed.warnings += warnings;
}
