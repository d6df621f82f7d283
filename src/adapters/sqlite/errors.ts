// What does a failure of SQLite mean to the person who meets it?
import { messageOf, SerinError } from "../../core/issues.ts";

/** Primary result codes of SQLite, the low byte of `errcode`. */
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** The primary result code of an error that SQLite raised, or undefined. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode % 256;
}

/** Whether someone else holds the lock. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === BUSY;
}

/** Whether the file could not be opened at all. */
export function cannotOpen(error: unknown): boolean {
  return sqliteCode(error) === CANTOPEN;
}

/** The failure with its remedy. An error that is not SQLite's is returned as it is. */
export function explained(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  const options = { cause: error };
  const found = messageOf(error);
  switch (code) {
    case FULL:
      return new SerinError(
        {
          code: "SERIN_JOURNAL_FULL",
          what: `The journal ${path} cannot grow: the disk is full.`,
          found,
          now: "Nothing was written. The traffic stays as the last written decision left it.",
          next: "Free space on the disk; the controller tries again by itself.",
        },
        options,
      );
    case CORRUPT:
    case NOTADB:
      return notAJournal(path, found);
    case READONLY:
    case CANTOPEN:
      return unwritable(path, found);
    case IOERR:
      return new SerinError(
        {
          code: "SERIN_JOURNAL_IO",
          what: `The disk under the journal ${path} fails.`,
          found,
          now: "Nothing was written. The traffic stays as the last written decision left it.",
          next: "Look at the disk, then start the controller again.",
        },
        options,
      );
    default:
      return new SerinError({ code: "SERIN_JOURNAL_FAILED", what: `The journal ${path} failed.`, found }, options);
  }
}

/** The folder or the file cannot be written. */
export function unwritable(path: string, found: string): SerinError {
  return new SerinError({
    code: "SERIN_JOURNAL_UNWRITABLE",
    what: `The journal ${path} cannot be opened for writing.`,
    found,
    now: "Nothing was changed; whatever runs goes on.",
    next: "Give this user the right to write in its folder, or name another folder.",
  });
}

/** The file is something else, or damaged. */
export function notAJournal(path: string, found: string): SerinError {
  return new SerinError({
    code: "SERIN_JOURNAL_CORRUPT",
    what: `The file ${path} is not a journal of Serin, or it is damaged.`,
    found,
    now: "It was left as it is; whatever runs goes on.",
    next: "Put a backup in its place, or move it (with its -wal and -shm files) away to begin a new journal.",
  });
}
