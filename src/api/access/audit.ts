// Who asked for what, and can a reader see that it was not changed afterwards?
import { createHash } from "node:crypto";
import type { AuditRow, AuditStore } from "../../ports/audit.ts";
import type { Clock } from "../../ports/clock.ts";

/** What is written down. */
export interface AuditNote {
  /**
   * `asked` stands before anything is done, `answered` after it. `refused` was not done for lack of a right, `denied` came
   * without showing who it is.
   */
  readonly kind: "asked" | "answered" | "refused" | "denied" | "login" | "logout";
  /** Who, as far as it was known. */
  readonly actor?: string | undefined;
  /** How that was shown. */
  readonly login?: "none" | "token" | "oidc" | undefined;
  /** The address that the call came from. */
  readonly from?: string | undefined;
  /** `apply`, `promote`, `remove`, or a method and a path. */
  readonly what?: string | undefined;
  readonly service?: string | undefined;
  readonly reason?: string | undefined;
  /** The version of the service that the person saw. */
  readonly seen?: number | undefined;
  /** Which entry this answers. */
  readonly of?: number | undefined;
  /** What came of it; a refusal begins with its code. */
  readonly answer?: string | undefined;
  /** So many refusals of the same caller were not written down since its last one that was. */
  readonly leftOut?: number | undefined;
}

/** An entry, as it is read. */
export interface AuditEntry extends AuditNote {
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** SHA-256 of the hash before, a line feed and the entry; hexadecimal. */
  readonly hash: string;
}

/** The place in the chain that proves all before it, to be noted elsewhere: `12:3f…`. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: string;
}

/** What reading the whole log has shown. */
export type AuditCheck =
  | { readonly ok: true; readonly entries: number; readonly head: string }
  | { readonly ok: false; readonly entries: number; readonly seq: number; readonly why: string };

export interface Audit {
  /** Writes an entry; it is on disk when this returns. Throws a SerinError when it cannot be: then nothing may be done. */
  note(note: AuditNote): AuditHead;
  read(after: number, limit: number): readonly AuditEntry[];
  verify(heads?: readonly AuditHead[]): AuditCheck;
  close(): void;
}

/** What stands before the first entry. */
const GENESIS = "0".repeat(64);

export const hashOf = (before: string, entry: string): string =>
  createHash("sha256").update(`${before}\n${entry}`).digest("hex");

export const headText = ({ seq, hash }: AuditHead): string => `${seq}:${hash}`;

/** An audit log in a store. `told` gets each new head, and the entry as it is hashed, so that it can be noted where nobody can change it. */
export function auditIn(
  store: AuditStore,
  clock: Clock,
  told: (head: AuditHead, note: AuditNote, entry: string) => void = () => {},
): Audit {
  return {
    note: (note) => {
      const last = store.last();
      const seq = (last?.seq ?? 0) + 1;
      const entry = JSON.stringify({ seq, at: new Date(clock.now()).toISOString(), ...note });
      const hash = hashOf(last?.hash ?? GENESIS, entry);
      store.append({ seq, entry, hash });
      told({ seq, hash }, note, entry);
      return { seq, hash };
    },
    read: (after, limit) => readEntries(store, after, limit),
    verify: (heads = []) => verifyAudit(store, heads),
    close: () => store.close(),
  };
}

/** Entries after a number, oldest first. */
export function readEntries(store: Pick<AuditStore, "read">, after: number, limit: number): readonly AuditEntry[] {
  const rows = store.read(after, limit);
  return rows.map(({ entry, hash }) => Object.assign(JSON.parse(entry) as Omit<AuditEntry, "hash">, { hash }));
}

/** Rows that are read at once. */
const PAGE = 1_000;

/** Computes the chain anew. Heads that were noted elsewhere must be in it. */
export function verifyAudit(store: Pick<AuditStore, "read">, heads: readonly AuditHead[] = []): AuditCheck {
  let at: AuditHead = { seq: 0, hash: GENESIS };
  const bad = (seq: number, why: string): AuditCheck => ({ ok: false, entries: at.seq, seq, why });
  for (;;) {
    const rows = store.read(at.seq, PAGE);
    for (const row of rows) {
      const why = wrongWith(row, at);
      if (why !== undefined) return bad(at.seq + 1, why);
      const noted = heads.find(({ seq }) => seq === row.seq);
      if (noted && noted.hash !== row.hash)
        return bad(row.seq, `entry ${row.seq} has another hash than was noted: the log was written anew`);
      at = row;
    }
    if (rows.length < PAGE) break;
  }
  const beyond = heads.find(({ seq }) => seq > at.seq);
  if (beyond) return bad(at.seq + 1, `the log ends at ${at.seq}, entry ${beyond.seq} was noted: its end is missing`);
  return { ok: true, entries: at.seq, head: headText(at) };
}

function wrongWith(row: AuditRow, before: AuditHead): string | undefined {
  if (row.seq !== before.seq + 1) return `entry ${before.seq + 1} is missing, ${row.seq} follows ${before.seq}`;
  if (row.hash !== hashOf(before.hash, row.entry))
    return `entry ${row.seq} is not what was written, or not what followed`;
  return seqIn(row.entry) === row.seq ? undefined : `entry ${row.seq} says that it is another one`;
}

function seqIn(entry: string): unknown {
  try {
    return (JSON.parse(entry) as { seq?: unknown }).seq;
  } catch {
    return undefined;
  }
}
