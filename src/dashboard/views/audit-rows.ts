// What does a row of the audit log say?
import type { AuditPage } from "../../api/contract.ts";

type Entry = AuditPage["items"][number];

/** Something that was asked for, with what came of it. */
export interface AuditRow {
  /** The number of the entry that it is made of. */
  readonly seq: number;
  readonly atMs: number;
  readonly who: string;
  readonly from?: string | undefined;
  readonly what: string;
  readonly reason?: string | undefined;
  readonly became: string;
}

const BECAME = {
  asked: "asked, and no answer is written down",
  answered: "",
  refused: "refused: no right to it",
  denied: "not let in",
  login: "logged in",
  logout: "logged out",
} as const satisfies Record<Entry["kind"], string>;

/** Newest first. An answer stands beside what it answers; one to an entry that is not among these has a row of its own. */
export function auditRows(entries: readonly Entry[]): readonly AuditRow[] {
  const known = new Set(entries.map(({ seq }) => seq));
  const answers = new Map(entries.flatMap(({ of, answer }) => (of === undefined ? [] : [[of, answer ?? ""]])));
  return entries
    .filter(({ of }) => of === undefined || !known.has(of))
    .map((entry) => rowOf(entry, answers.get(entry.seq)))
    .toSorted((one, other) => other.seq - one.seq);
}

function rowOf({ seq, at, kind, actor, from, what, service, reason, of, answer }: Entry, answered?: string): AuditRow {
  const asked = [what, service].filter(Boolean).join(" ");
  return {
    seq,
    atMs: Date.parse(at),
    who: actor ?? (of === undefined ? "nobody known" : "the controller"),
    from,
    what: of === undefined ? asked : `answer to entry ${of}`,
    reason,
    became: answered ?? [BECAME[kind], answer].filter(Boolean).join(": "),
  };
}
