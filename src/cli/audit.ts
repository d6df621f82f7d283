// Who asked for what on this controller, and was the record of it changed?
import { join } from "node:path";
import { readAuditStore } from "../adapters/sqlite/audit.ts";
import { readEntries, verifyAudit, type AuditEntry, type AuditHead } from "../api/access/audit.ts";
import { badOption } from "./bad-option.ts";
import type { Context } from "./io.ts";

export const auditFile = (dir: string): string => join(dir, "audit.db");

/** Rows that are read at once. */
const PAGE = 1_000;

/** Shows the log of the state's folder, oldest first: a line per entry, as JSON with `--json`. */
export function auditCommand({ after }: { readonly after: number }, { io, json, state }: Context): number {
  const store = readAuditStore(auditFile(state));
  try {
    let seen = after;
    for (;;) {
      const entries = readEntries(store, seen, PAGE);
      for (const entry of entries) io.out(json ? JSON.stringify(entry) : lineOf(entry));
      seen = entries.at(-1)?.seq ?? seen;
      if (entries.length < PAGE) return 0;
    }
  } finally {
    store.close();
  }
}

/** Computes the chain anew: exit code 0 when it holds, 1 when it does not. */
export function auditVerifyCommand(
  { heads }: { readonly heads: readonly string[] },
  { io, json, state }: Context,
): number {
  const noted = heads.map(readHead);
  const store = readAuditStore(auditFile(state));
  try {
    const check = verifyAudit(store, noted);
    if (json) io.out(JSON.stringify(check));
    else if (check.ok) io.out(`${check.entries} entries, none changed since it was written; head ${check.head}`);
    else io.err(`not what was written: ${check.why}; ${check.entries} entries before it hold`);
    return check.ok ? 0 : 1;
  } finally {
    store.close();
  }
}

function readHead(text: string): AuditHead {
  const [, seq, hash] = /^(\d+):([0-9a-f]{64})$/u.exec(text) ?? [];
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash };
  throw badOption(`--head ${text} is no head`, "a number, a colon and 64 letters", "take it from: serin audit verify");
}

function lineOf(entry: AuditEntry): string {
  const { seq, at, kind, actor, login, from, what, service, reason, seen, of, answer, leftOut } = entry;
  const who = actor === undefined ? undefined : `${actor}${login ? ` (${login})` : ""}`;
  const parts = [
    who,
    from && `from ${from}`,
    what,
    service,
    seen === undefined ? undefined : `at version ${seen}`,
    reason ? JSON.stringify(reason) : undefined,
    of === undefined ? undefined : `to ${of}:`,
    answer,
    leftOut === undefined ? undefined : `and ${leftOut} before it`,
  ];
  return `${seq}  ${at}  ${kind}  ${parts.filter((part) => part !== undefined && part !== "").join("  ")}`;
}
