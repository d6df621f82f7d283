// How is the journal laid out on disk, and may this version read it?
import type { DatabaseSync } from "node:sqlite";
import { SerinError } from "../../core/issues.ts";
import { notAJournal } from "./errors.ts";

/** Marks the file as Serin's, in the header of the database: "SRIN". */
const APPLICATION = 0x5352494e;

/** Layout of the tables that this version writes, kept in `PRAGMA user_version`. */
const SCHEMA_VERSION = 1;

const CREATE = `
  CREATE TABLE services (
    name   TEXT PRIMARY KEY NOT NULL,
    seq    INTEGER NOT NULL,
    format INTEGER NOT NULL,
    state  TEXT NOT NULL
  ) STRICT;
  CREATE TABLE records (
    service TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    idx     INTEGER NOT NULL,
    record  TEXT NOT NULL,
    PRIMARY KEY (service, seq, idx)
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Throws unless the file is a journal that this version can read. An empty database is one, `true` says so. */
export function checkSchema(db: DatabaseSync, path: string): boolean {
  const application = pragma(db, "application_id");
  const version = pragma(db, "user_version");
  const tables = Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"] ?? 0);
  if (application === 0 && version === 0 && tables === 0) return true;
  if (application !== APPLICATION) throw notAJournal(path, "a database of another program");
  if (version > SCHEMA_VERSION) throw tooNew(path, version);
  if (version < 1) throw notAJournal(path, `a layout of version ${version}`);
  return false;
}

/** Lays out an empty database; all or nothing. */
export function createSchema(db: DatabaseSync): void {
  db.exec(`BEGIN IMMEDIATE; ${CREATE} COMMIT;`);
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

function tooNew(path: string, version: number): SerinError {
  return new SerinError({
    code: "SERIN_JOURNAL_NEWER",
    what: `The journal ${path} was written by a newer version of Serin.`,
    found: `layout ${version}; this version knows layouts up to ${SCHEMA_VERSION}`,
    now: "It was left as it is; whatever runs goes on.",
    next: "Upgrade serin on this machine, or use the version that wrote it.",
  });
}
