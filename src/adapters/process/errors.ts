// What does it mean when the disk refuses?
import { messageOf, SerinError } from "../../core/issues.ts";

/** The system's short name of a failure: `ENOSPC`. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** A failure to write below `dir`, with its remedy. Other errors are returned as they are. */
export function explained(error: unknown, dir: string): unknown {
  if (error instanceof SerinError) return error;
  const errno = errnoOf(error);
  const found = messageOf(error);
  const now = "No replica was started or ended; the running ones go on as before.";
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    return new SerinError(
      {
        code: "SERIN_STATE_FULL",
        what: `The folder ${dir} cannot take what Serin must remember of its replicas: the disk is full.`,
        found,
        now,
        next: "Free space on the disk; the controller tries again by itself.",
      },
      { cause: error },
    );
  }
  if (["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT"].includes(errno)) {
    return new SerinError(
      {
        code: "SERIN_STATE_UNWRITABLE",
        what: `The folder ${dir} cannot be written.`,
        found,
        now,
        next: "Give this user the right to write there, or name another folder with --state.",
      },
      { cause: error },
    );
  }
  return error;
}
