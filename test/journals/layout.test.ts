// Are the journals of older versions still read?
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteJournal, readSqliteJournal } from "../../src/adapters/sqlite/journal.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-journals-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** The journal of a layout, as its version left it on disk. */
function restored(layout: number): string {
  const path = join(dir, `v${layout}.sqlite`);
  const db = new DatabaseSync(path);
  db.exec(readFileSync(new URL(`v${layout}.sql`, import.meta.url), "utf8"));
  db.close();
  return path;
}

function schemaOf(path: string): unknown {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return [
      db.prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").all(),
      db.prepare("PRAGMA user_version").get(),
      db.prepare("PRAGMA application_id").get(),
    ];
  } finally {
    db.close();
  }
}

test("layout 1 is read, and written on", async () => {
  const path = restored(1);
  const reader = await readSqliteJournal(path);
  expect(await reader.list()).toEqual(["cart", "checkout"]);
  await reader.close();
  const journal = await openSqliteJournal(path);
  try {
    expect(await journal.load("checkout")).toEqual({ seq: 3, format: 1, state: { placeholder: true, step: 2 } });
    expect(await journal.records("checkout", 1, 10)).toEqual([
      { seq: 3, index: 0, record: { at: 1_700_000_060_000, what: "routed" } },
      { seq: 3, index: 1, record: { at: 1_700_000_060_000, what: "judged ☕" } },
    ]);
    expect(await journal.append("checkout", 3, { format: 1, state: {}, records: ["next"] })).toBe(4);
  } finally {
    await journal.close();
  }
});

test("what is written today is layout 1: another table needs another number and another fixture", async () => {
  const today = join(dir, "today.sqlite");
  await (await openSqliteJournal(today)).close();
  expect(schemaOf(today)).toEqual(schemaOf(restored(1)));
});
