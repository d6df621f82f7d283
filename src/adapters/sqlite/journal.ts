// How is the journal kept in one file that survives kill -9?
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DatabaseSync } from "node:sqlite";
import { messageOf, SerinError } from "../../core/issues.ts";
import {
  type Journal,
  type JournalEntry,
  type JournalRecord,
  type Saved,
  type Seq,
  StaleWrite,
} from "../../ports/journal.ts";
import { cannotOpen, explained, notAJournal, unwritable } from "./errors.ts";
import { type Lock, takeLock } from "./lock.ts";
import { checkSchema, createSchema } from "./schema.ts";

/** The part of a journal that only looks. */
export type JournalReader = Pick<Journal, "kind" | "list" | "load" | "records" | "close">;

/** Bounds that tests set. */
export interface SqliteJournalOptions {
  /** Largest number of pages of the file, as a full disk would have it. */
  readonly maxPages?: number | undefined;
}

/** Opens the journal for the one controller that may write; SERIN_JOURNAL_HELD when there is another. */
export async function openSqliteJournal(path: string, options: SqliteJournalOptions = {}): Promise<Journal> {
  const real = realPath(path);
  const lock = takeLock(real);
  let db: DatabaseSync | undefined;
  try {
    keepPrivate(real);
    db = new DatabaseSync(real, { timeout: 5_000 });
    const empty = checkSchema(db, real);
    db.exec("PRAGMA journal_mode = WAL");
    if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.maxPages}`);
    if (empty) createSchema(db);
    return new SqliteJournal(db, real, lock);
  } catch (error) {
    if (db?.isOpen) db.close();
    lock.release();
    throw explained(error, real);
  }
}

/** Opens the journal to look only, also while a controller holds it. */
export async function readSqliteJournal(path: string): Promise<JournalReader> {
  const real = resolve(path);
  if (!existsSync(real)) throw missing(real);
  let db: DatabaseSync | undefined;
  try {
    db = openToRead(real);
    if (checkSchema(db, real)) throw notAJournal(real, "an empty database");
    return new SqliteReader(db, real);
  } catch (error) {
    if (db?.isOpen) db.close();
    throw explained(error, real);
  }
}

class SqliteReader implements JournalReader {
  readonly kind = "sqlite";
  protected readonly db: DatabaseSync;
  protected readonly path: string;

  constructor(db: DatabaseSync, path: string) {
    this.db = db;
    this.path = path;
  }

  async list(): Promise<readonly string[]> {
    return this.use(() =>
      this.db
        .prepare("SELECT name FROM services ORDER BY name")
        .all()
        .map(({ name }) => String(name)),
    );
  }

  async load(service: string): Promise<Saved | undefined> {
    return this.use(() => {
      const row = this.db.prepare("SELECT seq, format, state FROM services WHERE name = ?").get(service);
      return row && { seq: Number(row["seq"]), format: Number(row["format"]), state: this.#parse(row["state"]) };
    });
  }

  async records(service: string, after: Seq, limit: number): Promise<readonly JournalRecord[]> {
    return this.use(() => {
      const last = this.db
        .prepare("SELECT seq FROM records WHERE service = ? AND seq > ? ORDER BY seq, idx LIMIT 1 OFFSET ?")
        .get(service, after, Math.max(0, limit - 1));
      return this.db
        .prepare("SELECT seq, idx, record FROM records WHERE service = ? AND seq > ? AND seq <= ? ORDER BY seq, idx")
        .all(service, after, Number(last?.["seq"] ?? Number.MAX_SAFE_INTEGER))
        .map(({ seq, idx, record }) => ({ seq: Number(seq), index: Number(idx), record: this.#parse(record) }));
    });
  }

  async close(): Promise<void> {
    if (this.db.isOpen) this.db.close();
  }

  /** Runs one piece of work, and explains what goes wrong. */
  protected use<T>(work: () => T): T {
    if (!this.db.isOpen) throw new SerinError({ code: "SERIN_JOURNAL_CLOSED", what: "The journal is closed." });
    try {
      return work();
    } catch (error) {
      throw explained(error, this.path);
    }
  }

  #parse(text: unknown): unknown {
    try {
      return JSON.parse(String(text)) as unknown;
    } catch (error) {
      throw notAJournal(this.path, messageOf(error));
    }
  }
}

class SqliteJournal extends SqliteReader implements Journal {
  readonly #lock: Lock;
  #synchronous = "";

  constructor(db: DatabaseSync, path: string, lock: Lock) {
    super(db, path);
    this.#lock = lock;
  }

  async append(service: string, expected: Seq, entry: JournalEntry): Promise<Seq> {
    const state = JSON.stringify(entry.state);
    const records = entry.records.map((record) => JSON.stringify(record));
    const seq = expected + 1;
    return this.use(() => {
      // A decision must outlive a power cut. A state without one only repeats what the next look would find again.
      this.#synchronize(records.length > 0 ? "FULL" : "NORMAL");
      return this.#transaction(() => {
        const row = this.db.prepare("SELECT seq FROM services WHERE name = ?").get(service);
        const stands = Number(row?.["seq"] ?? 0);
        if (stands !== expected) {
          throw new StaleWrite(`the journal of ${service} stands at ${stands}, not at ${expected}`);
        }
        this.db
          .prepare("INSERT OR REPLACE INTO services (name, seq, format, state) VALUES (?, ?, ?, ?)")
          .run(service, seq, entry.format, state);
        const insert = this.db.prepare("INSERT INTO records (service, seq, idx, record) VALUES (?, ?, ?, ?)");
        for (const [index, record] of records.entries()) insert.run(service, seq, index, record);
        return seq;
      });
    });
  }

  async remove(service: string): Promise<void> {
    this.use(() => {
      this.#synchronize("FULL");
      this.#transaction(() => {
        this.db.prepare("DELETE FROM services WHERE name = ?").run(service);
        this.db.prepare("DELETE FROM records WHERE service = ?").run(service);
      });
    });
  }

  override async close(): Promise<void> {
    await super.close();
    this.#lock.release();
  }

  #transaction<T>(work: () => T): T {
    this.db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.db.exec("COMMIT");
      return result;
    } catch (error) {
      // After a full disk SQLite may have rolled back by itself.
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }

  #synchronize(level: "FULL" | "NORMAL"): void {
    if (this.#synchronous === level) return;
    this.db.exec(`PRAGMA synchronous = ${level}`);
    this.#synchronous = level;
  }
}

/**
 * Revisions hold environments, and those hold secrets: nobody else may read the file, whatever its folder allows. SQLite
 * gives the files beside it the same mode. A file that is not ours to change is refused, or not, by what follows.
 */
function keepPrivate(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
  try {
    chmodSync(path, 0o600);
  } catch {
    // A file of another user, or a disk without modes: SQLite says whether it can be written.
  }
}

/** Two names of one file must be one lock. */
function realPath(path: string): string {
  const wanted = resolve(path);
  try {
    mkdirSync(dirname(wanted), { recursive: true, mode: 0o700 });
    return existsSync(wanted) ? realpathSync(wanted) : join(realpathSync(dirname(wanted)), basename(wanted));
  } catch (error) {
    throw unwritable(wanted, messageOf(error));
  }
}

/** A journal in WAL mode wants to write its index even to be read; on a read-only disk it is taken as it is. */
function openToRead(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    return db;
  } catch (error) {
    db.close();
    if (!cannotOpen(error) || existsSync(`${path}-wal`)) throw error;
    const url = pathToFileURL(path);
    url.searchParams.set("immutable", "1");
    return new DatabaseSync(url, { readOnly: true });
  }
}

function missing(path: string): SerinError {
  return new SerinError({
    code: "SERIN_JOURNAL_MISSING",
    what: `There is no journal ${path}.`,
    now: "Nothing has been rolled out from this folder.",
    next: "Name the folder with --state, or roll something out first.",
    exitCode: 2,
  });
}
