// Where are logins kept, so that they outlive the process?
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { messageOf, SerinError } from "../../core/issues.ts";

/** A login as it is kept: nothing in it says whose it is to anybody but the browser that it is of. */
export interface Kept {
  /** SHA-256 of what the browser shows; hexadecimal. */
  readonly hash: string;
  /** The session, encrypted with a key that is made of what the browser shows. */
  readonly sealed: string;
  /** From then on it is nobody's any more; milliseconds since 1970. */
  readonly endsMs: number;
}

/** Keeps logins. Nothing is kept of what is not there when it is written. */
export interface SessionStore {
  readonly load: () => readonly Kept[];
  readonly save: (all: readonly Kept[]) => void;
}

/** In this process alone. */
export const forgetful: SessionStore = { load: () => [], save: () => undefined };

/** In a file that only this user reads. One that cannot be read is as good as none: people log in anew. */
export function sessionFile(path: string): SessionStore {
  return {
    load: () => {
      try {
        const read: unknown = JSON.parse(readFileSync(path, "utf8"));
        return Array.isArray(read) ? read.filter(isKept) : [];
      } catch {
        return [];
      }
    },
    save: (all) => {
      const draft = `${path}.${process.pid}`;
      try {
        writeFileSync(draft, `${JSON.stringify(all)}\n`, { mode: 0o600, flush: true });
        renameSync(draft, path);
      } catch (error) {
        throw new SerinError(
          { code: "SERIN_SESSIONS", what: "the logins cannot be written down", found: messageOf(error) },
          { cause: error },
        );
      }
    },
  };
}

function isKept(one: unknown): one is Kept {
  if (typeof one !== "object" || one === null) return false;
  const { hash, sealed, endsMs } = one as Partial<Record<keyof Kept, unknown>>;
  return typeof hash === "string" && typeof sealed === "string" && typeof endsMs === "number";
}
