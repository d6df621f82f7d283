// How are a test's users laid out on disk?
import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf, SerinError } from "../../core/issues.ts";

/** Marks the file as Serin's events, in the header of the database: "SREV". */
const APPLICATION = 0x53524556;

/** Layout of the tables, kept in `PRAGMA user_version`. */
const LAYOUT = 1;

/** Of a user: the variant seen first (0 control, 1 treatment), and whether it counts already (`taken`) or never (`mixed`). */
const CREATE = `
  CREATE TABLE tests (
    test INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    rollout INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    mixed INTEGER NOT NULL DEFAULT 0,
    unexposed INTEGER NOT NULL DEFAULT 0,
    early INTEGER NOT NULL DEFAULT 0,
    late INTEGER NOT NULL DEFAULT 0,
    state TEXT,
    UNIQUE (service, rollout, started_ms)
  ) STRICT;
  CREATE TABLE users (
    test INTEGER NOT NULL,
    user TEXT NOT NULL,
    variant INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    mixed INTEGER NOT NULL DEFAULT 0,
    taken INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (test, user)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX users_due ON users (test, due_ms, user) WHERE taken = 0 AND mixed = 0;
  CREATE TABLE conversions (
    test INTEGER NOT NULL,
    user TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (test, user)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ids (
    test INTEGER NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (test, id)
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${LAYOUT};
`;

/** Opens the file, and lays it out when it is new. Only this user can read it. */
export function openDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    closeSync(openSync(path, "a", 0o600));
    chmodSync(path, 0o600);
    db = new DatabaseSync(path, { timeout: 5_000 });
    const [application, layout] = [pragma(db, "application_id"), pragma(db, "user_version")];
    const tables = Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
    const empty = application === 0 && layout === 0 && tables === 0;
    if (!empty && (application !== APPLICATION || layout !== LAYOUT)) throw foreign(path, application, layout);
    // What the last second brought may be lost with the machine, not with the process.
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    if (empty) db.exec(`BEGIN IMMEDIATE; ${CREATE} COMMIT;`);
    return db;
  } catch (error) {
    if (db?.isOpen) db.close();
    throw error instanceof SerinError ? error : failed(path, error);
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

function foreign(path: string, application: number, layout: number): SerinError {
  return new SerinError({
    code: "SERIN_EVENTS_FOREIGN",
    what: `The file ${path} does not hold events of this Serin.`,
    found: application === APPLICATION ? `layout ${layout}; this one knows ${LAYOUT}` : "a database of another program",
    now: "It was left as it is; tests wait.",
    next: "Move it away to begin a new one, or use the Serin that wrote it.",
  });
}

/** Whatever SQLite raises, with a remedy. */
export function failed(path: string, error: unknown): SerinError {
  return new SerinError(
    {
      code: "SERIN_EVENTS_FAILED",
      what: `The file of events ${path} cannot be used.`,
      found: messageOf(error),
      now: "Nothing was counted; the test goes on as it is.",
      next: "See that its disk has room and that this user may write there, then send the events again.",
    },
    { cause: error },
  );
}
