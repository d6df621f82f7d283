// Does the audit log show each change that was made to it, and say what it cannot show?
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createVirtualClock } from "../../adapters/memory/clock.ts";
import { openAuditStore } from "../../adapters/sqlite/audit.ts";
import { auditIn, hashOf, verifyAudit, type Audit, type AuditHead } from "./audit.ts";

let dir: string;
let file: string;
let audit: Audit;
let heads: AuditHead[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-audit-"));
  file = join(dir, "audit.db");
  audit = auditIn(openAuditStore(file), createVirtualClock());
  heads = ["promote", "pause", "abort", "undo"].map((what) =>
    audit.note({ kind: "asked", actor: "ann", what, service: "shop" }),
  );
});

afterEach(() => {
  audit.close();
  rmSync(dir, { recursive: true, force: true });
});

function tamper(sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

test("holds when nobody has changed it, and goes on after it was opened again", () => {
  audit.close();
  audit = auditIn(openAuditStore(file), createVirtualClock());
  const head = audit.note({ kind: "answered", of: 4, answer: "done" });
  expect(audit.verify([...heads, head])).toEqual({ ok: true, entries: 5, head: `5:${head.hash}` });
  expect(audit.read(3, 10).map(({ seq, what, answer }) => [seq, what, answer])).toEqual([
    [4, "undo", undefined],
    [5, undefined, "done"],
  ]);
  expect(statSync(file).mode & 0o077).toBe(0);
});

test.each([
  ["a changed entry", "UPDATE audit SET entry = replace(entry, 'ann', 'eve') WHERE seq = 2", 2],
  ["a changed hash", `UPDATE audit SET hash = '${"0".repeat(64)}' WHERE seq = 2`, 2],
  ["an entry that was taken out", "DELETE FROM audit WHERE seq = 2", 2],
  ["a first entry that was taken out", "DELETE FROM audit WHERE seq = 1", 1],
  [
    "two entries that changed places",
    "UPDATE audit SET seq = 20 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 20",
    2,
  ],
  ["an entry that was put in", "INSERT INTO audit SELECT 5, entry, hash FROM audit WHERE seq = 4", 5],
])("shows %s", (_what, sql, seq) => {
  tamper(sql);
  expect(audit.verify()).toMatchObject({ ok: false, seq, entries: seq - 1 });
});

test("shows an end that was cut off only to whoever has noted a head", () => {
  tamper("DELETE FROM audit WHERE seq > 2");
  expect(audit.verify()).toMatchObject({ ok: true, entries: 2 });
  expect(audit.verify(heads)).toMatchObject({
    ok: false,
    why: "the log ends at 2, entry 3 was noted: its end is missing",
  });
});

test("shows a log that was written anew from somewhere on only to whoever has noted a head", () => {
  const store = openAuditStore(file);
  const rows = store.read(0, 10);
  tamper("DELETE FROM audit");
  let before = "0".repeat(64);
  for (const row of rows) {
    const entry = row.entry.replace("ann", "eve");
    before = hashOf(before, entry);
    store.append({ ...row, entry, hash: before });
  }
  expect(verifyAudit(store)).toMatchObject({ ok: true });
  expect(verifyAudit(store, heads.slice(-1))).toMatchObject({ ok: false, seq: 4 });
  store.close();
});
