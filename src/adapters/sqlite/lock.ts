// Who holds the journal? Never two, and nobody after kill -9.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { SerinError } from "../../core/issues.ts";
import { explained, isBusy } from "./errors.ts";

/** The held lock. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock beside the journal, or throws SERIN_JOURNAL_HELD. It is a lock of the operating system on a database
 * of its own, kept by an open transaction: it ends with the process that holds it, however that process ends. Nobody
 * else may open that file: closing any descriptor of it would drop the lock. Hence the process id is in a second file.
 */
export function takeLock(path: string): Lock {
  const lockPath = `${path}.lock`;
  const pidPath = `${path}.pid`;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(lockPath, { timeout: 0 });
    db.exec("BEGIN EXCLUSIVE");
    // The transaction writes nothing. The file says who to ask; the lock alone decides.
    writeFileSync(pidPath, `${process.pid}\n`);
  } catch (error) {
    if (db?.isOpen) db.close();
    if (isBusy(error)) throw heldBy(path, pidPath);
    throw explained(error, path);
  }
  const held = db;
  return {
    release: () => {
      if (!held.isOpen) return;
      rmSync(pidPath, { force: true });
      held.close();
    },
  };
}

function heldBy(path: string, pidPath: string): SerinError {
  return new SerinError({
    code: "SERIN_JOURNAL_HELD",
    what: `The journal ${path} is held by another controller.`,
    found: holder(pidPath),
    now: "That controller goes on; this one has changed nothing.",
    next: "Send commands to the running controller, stop it first, or give this one a folder of its own.",
  });
}

function holder(pidPath: string): string {
  try {
    const pid = Number(readFileSync(pidPath, "utf8"));
    if (Number.isInteger(pid) && pid > 0) return `process ${pid}`;
  } catch {
    // The holder has the lock already and writes the file in a moment.
  }
  return "a process that has only just taken it";
}
