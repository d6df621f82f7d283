// How is the audit log kept in a file of its own?
import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { SerinError } from "../../core/issues.ts";
import type { AuditRow, AuditStore } from "../../ports/audit.ts";
import { explained, notAJournal } from "./errors.ts";

/** Marks the file as Serin's audit log, in the header of the database: "SRAU". */
const APPLICATION = 0x53524155;
const VERSION = 1;

const CREATE = `
  CREATE TABLE audit (
    seq   INTEGER PRIMARY KEY NOT NULL,
    entry TEXT NOT NULL,
    hash  TEXT NOT NULL
  ) STRICT;
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${VERSION};
`;

/** Opens the audit log of the controller that holds the journal beside it; it is made when it is not there. */
export function openAuditStore(path: string): AuditStore {
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  return open(path, false);
}

/** Opens it to look only, also while a controller writes. */
export function readAuditStore(path: string): Omit<AuditStore, "append"> {
  if (existsSync(path)) return open(path, true);
  throw new SerinError({
    code: "SERIN_NO_AUDIT",
    what: `there is no audit log ${path}`,
    next: "name the folder with --state; serin serve makes one when it first starts",
    exitCode: 2,
  });
}

function open(path: string, readOnly: boolean): AuditStore {
  const using = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw explained(error, path);
    }
  };
  return using(() => {
    const db = new DatabaseSync(path, { readOnly, timeout: 5_000 });
    const pragma = (name: string): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
    const isNew = Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"] ?? 0) === 0;
    if (!readOnly) {
      // What was done is known after a power cut, too.
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
      if (isNew) db.exec(CREATE);
    }
    if (pragma("application_id") !== APPLICATION || pragma("user_version") !== VERSION) {
      db.close();
      throw notAJournal(path, "a database that is no audit log of this version");
    }
    const rowOf = (row: Readonly<Record<string, unknown>>): AuditRow => ({
      seq: Number(row["seq"]),
      entry: String(row["entry"]),
      hash: String(row["hash"]),
    });
    return {
      last: () =>
        using(() => {
          const row = db.prepare("SELECT seq, entry, hash FROM audit ORDER BY seq DESC LIMIT 1").get();
          return row && rowOf(row);
        }),
      append: ({ seq, entry, hash }) => {
        using(() => db.prepare("INSERT INTO audit (seq, entry, hash) VALUES (?, ?, ?)").run(seq, entry, hash));
      },
      read: (after, limit) =>
        using(() =>
          db
            .prepare("SELECT seq, entry, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?")
            .all(after, limit)
            .map(rowOf),
        ),
      close: () => {
        if (db.isOpen) db.close();
      },
    };
  });
}
