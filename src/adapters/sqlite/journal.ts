// How is the journal kept in one file that survives kill -9?
import type { Journal } from "../../ports/journal.ts";

/** The part of a journal that only looks. */
export type JournalReader = Pick<Journal, "kind" | "list" | "load" | "records" | "close">;

/** Opens the journal for the one controller that may write; SERIN_JOURNAL_HELD when there is another. */
export function openSqliteJournal(_path: string): Promise<Journal> {
  return Promise.reject(new Error("not built yet"));
}

/** Opens the journal to look only, also while a controller holds it. */
export function readSqliteJournal(_path: string): Promise<JournalReader> {
  return Promise.reject(new Error("not built yet"));
}
