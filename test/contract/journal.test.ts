// Do the journals keep what they promise, and say clearly when they cannot?
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createMemoryStore } from "../../src/adapters/memory/journal.ts";
import { openSqliteJournal, readSqliteJournal } from "../../src/adapters/sqlite/journal.ts";
import { SerinError } from "../../src/core/issues.ts";
import type { Journal } from "../../src/ports/journal.ts";
import { journalContract } from "../../src/ports/journal.contract.ts";

const entry = (state: unknown, ...records: unknown[]) => ({ format: 1, state, records });

journalContract("memory", async () => {
  const store = createMemoryStore();
  return { open: () => store.open(), dispose: async () => store.crash() };
});

journalContract("sqlite", async () => {
  const dir = mkdtempSync(join(tmpdir(), "serin-journal-"));
  const opened: Journal[] = [];
  return {
    open: async () => {
      const journal = await openSqliteJournal(join(dir, "journal.sqlite"));
      opened.push(journal);
      return journal;
    },
    dispose: async () => {
      await Promise.all(opened.map((journal) => journal.close()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
});

describe("the memory journal", () => {
  test("a crash frees it and silences the old handle", async () => {
    const store = createMemoryStore();
    const old = await store.open();
    await old.append("shop", 0, entry({ step: 1 }));
    store.crash();
    const next = await store.open();
    await expect(old.append("shop", 1, entry({ step: 2 }))).rejects.toBeInstanceOf(SerinError);
    expect(await next.load("shop")).toMatchObject({ seq: 1 });
    await old.close();
    await expect(store.open()).rejects.toMatchObject({ trouble: { code: "SERIN_JOURNAL_HELD" } });
  });
  test("a lost answer has been written, a refused one has not", async () => {
    const store = createMemoryStore();
    const faults = ["refused", "lost"] as const;
    let calls = 0;
    const journal = await store.open({ fault: () => faults[calls++] });
    await expect(journal.append("shop", 0, entry({ step: 1 }))).rejects.toBeInstanceOf(SerinError);
    expect(await journal.load("shop")).toBeUndefined();
    await expect(journal.append("shop", 0, entry({ step: 1 }))).rejects.toBeInstanceOf(SerinError);
    expect(await journal.load("shop")).toMatchObject({ seq: 1 });
  });
});

describe("the sqlite journal", () => {
  let dir = "";
  let path = "";
  const open: { close(): Promise<void> }[] = [];
  const keep = <T extends { close(): Promise<void> }>(journal: T): T => {
    open.push(journal);
    return journal;
  };
  const refusal = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => "no error",
      (error: unknown) => error,
    );
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "serin-journal-"));
    path = join(dir, "journal.sqlite");
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((journal) => journal.close()));
    rmSync(dir, { recursive: true, force: true });
  });

  test("makes its folder, readable by its owner only", async () => {
    const journal = keep(await openSqliteJournal(join(dir, "a", "b", "journal.sqlite")));
    expect(await journal.append("shop", 0, entry({}))).toBe(1);
  });

  test("says that the disk is full, writes nothing half, and goes on when there is room", async () => {
    const journal = keep(await openSqliteJournal(path, { maxPages: 40 }));
    await journal.append("shop", 0, entry({ step: 1 }, "first"));
    const full = await refusal(journal.append("shop", 1, entry({ big: "x".repeat(400_000) }, "second")));
    expect(full).toMatchObject({
      trouble: { code: "SERIN_JOURNAL_FULL", next: expect.stringContaining("Free space") },
    });
    expect(await journal.load("shop")).toEqual({ seq: 1, format: 1, state: { step: 1 } });
    expect(await journal.records("shop", 0, 10)).toHaveLength(1);
    expect(await journal.append("shop", 1, entry({ step: 2 }))).toBe(2);
  });

  test("refuses a file that is no database, a damaged one and another program's, and leaves them alone", async () => {
    const other = join(dir, "other.sqlite");
    const db = new DatabaseSync(other);
    db.exec("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)");
    db.close();
    const text = join(dir, "text.sqlite");
    writeFileSync(text, "this is not a database, it is a letter to a friend".repeat(100));
    const damaged = join(dir, "damaged.sqlite");
    const journal = await openSqliteJournal(damaged);
    await journal.append("shop", 0, entry({ big: "x".repeat(50_000) }, "first"));
    await journal.close();
    const bytes = readFileSync(damaged);
    writeFileSync(damaged, bytes.fill(0xaa, 100, 8_192));
    for (const file of [other, text, damaged]) {
      const before = readFileSync(file);
      expect(await refusal(openSqliteJournal(file))).toMatchObject({ trouble: { code: "SERIN_JOURNAL_CORRUPT" } });
      expect(await refusal(readSqliteJournal(file))).toMatchObject({ trouble: { code: "SERIN_JOURNAL_CORRUPT" } });
      expect(readFileSync(file).equals(before)).toBe(true);
    }
  });

  test("refuses a newer layout and says to upgrade", async () => {
    await (await openSqliteJournal(path)).close();
    const db = new DatabaseSync(path);
    db.exec("PRAGMA user_version = 99");
    db.close();
    const newer = await refusal(openSqliteJournal(path));
    expect(newer).toMatchObject({ trouble: { code: "SERIN_JOURNAL_NEWER", next: expect.stringContaining("Upgrade") } });
    expect(await refusal(readSqliteJournal(path))).toMatchObject({ trouble: { code: "SERIN_JOURNAL_NEWER" } });
  });

  test("says that a folder cannot be written", async () => {
    writeFileSync(join(dir, "file"), "");
    const refused = await refusal(openSqliteJournal(join(dir, "file", "journal.sqlite")));
    expect(refused).toMatchObject({ trouble: { code: "SERIN_JOURNAL_UNWRITABLE" } });
    mkdirSync(path);
    expect(await refusal(openSqliteJournal(path))).toMatchObject({ trouble: { code: "SERIN_JOURNAL_UNWRITABLE" } });
  });

  test("is read while a controller holds it, and after", async () => {
    expect(await refusal(readSqliteJournal(path))).toMatchObject({ trouble: { code: "SERIN_JOURNAL_MISSING" } });
    const journal = keep(await openSqliteJournal(path));
    await journal.append("shop", 0, entry({ step: 1 }, "first"));
    const reader = keep(await readSqliteJournal(path));
    expect(await reader.list()).toEqual(["shop"]);
    await journal.append("shop", 1, entry({ step: 2 }, "second"));
    expect(await reader.records("shop", 0, 10)).toHaveLength(2);
    await journal.close();
    expect(await keep(await readSqliteJournal(path)).load("shop")).toMatchObject({ seq: 2 });
  });

  test("a killed holder leaves no lock, a living one in another process is named", async () => {
    const module = JSON.stringify(new URL("../../src/adapters/sqlite/journal.ts", import.meta.url).href);
    const child = spawn(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `const { openSqliteJournal } = await import(${module});
         const journal = await openSqliteJournal(${JSON.stringify(path)});
         await journal.append("shop", 0, { format: 1, state: {}, records: ["first"] });
         console.log("held"); setInterval(() => {}, 1000);`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const ended = new Promise((resolve) => child.once("exit", resolve));
    try {
      await new Promise((resolve) => child.stdout.once("data", resolve));
      const refused = await refusal(openSqliteJournal(path));
      expect(refused).toMatchObject({ trouble: { code: "SERIN_JOURNAL_HELD", found: `process ${child.pid}` } });
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
    const journal = keep(await openSqliteJournal(path));
    expect(await journal.load("shop")).toMatchObject({ seq: 1 });
  });
});
