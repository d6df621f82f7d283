// Is there ever more than one under a lock?
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withLock } from "./lock.ts";

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-lock-"));
  file = join(dir, "lock");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("one after another, whatever became of the one before", async () => {
  let inside = 0;
  let most = 0;
  const work = (fails: boolean) => async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    if (fails) throw new Error("as expected");
  };
  const ended = await Promise.allSettled(
    Array.from({ length: 8 }, (_, at) => withLock(file, 10_000, work(at % 2 === 0))),
  );
  expect(most).toBe(1);
  expect(ended.filter(({ status }) => status === "rejected")).toHaveLength(4);
  expect(existsSync(file)).toBe(false);
});

test("a lock of a process that is gone is broken", async () => {
  // Process ids end far below this one.
  writeFileSync(file, "2147483646 gone");
  expect(await withLock(file, 1_000, async () => "mine")).toBe("mine");
});

test("a lock that nobody has refreshed is broken, even if its process id is alive again", async () => {
  writeFileSync(file, `${process.ppid} long ago`);
  const old = new Date(Date.now() - 60_000);
  utimesSync(file, old, old);
  expect(await withLock(file, 1_000, async () => "mine")).toBe("mine");
});

test("a lock of a process that lives is waited for, and then named", async () => {
  writeFileSync(file, `${process.ppid} busy`);
  await expect(withLock(file, 100, async () => "mine")).rejects.toThrow(`held by process ${process.ppid}`);
});
