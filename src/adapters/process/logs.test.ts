// Does the last word of a replica say why it ended?
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { explained } from "./errors.ts";
import { Logs } from "./logs.ts";

let dir = "";
let logs: Logs;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "serin-logs-"));
  logs = new Logs(dir, { bytes: 1_000, old: 2 });
  await logs.prepare("r1");
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});
const wordsOf = (text: string, alone = true, from = 0): Promise<string> => {
  writeFileSync(logs.pathOf("r1"), text);
  return logs.lastWords("r1", { from, alone });
};

test("the error rather than what follows it", async () => {
  const trace =
    "file.js:3\n  throw new Error('x')\n\nError: no such table\n    at main (file.js:3:9)\n\nNode.js v26.10.0\n";
  expect(await wordsOf(trace)).toBe("Error: no such table");
  expect(await wordsOf("Traceback (most recent call last):\n  x()\nNameError: name 'x' is not defined\n")).toMatch(
    /^Name/,
  );
  expect(await wordsOf("panic: runtime error\n\ngoroutine 1 [running]:\n")).toBe("panic: runtime error");
});

test("without an error the last line, but only when nobody else writes there", async () => {
  expect(await wordsOf("starting\n\u001B[31mbad \u0007config\u001B[0m\n\n")).toBe("bad config");
  expect(await wordsOf("GET / 200\n", false)).toBe("");
  expect(await wordsOf("")).toBe("");
  expect(await wordsOf(`${"y".repeat(50_000)}\n`)).toHaveLength(201);
});

test("the last lines as they stand, without what a terminal would obey, and not without end", async () => {
  writeFileSync(logs.pathOf("r1"), `one\n  \u001B[31mtwo\u001B[0m\n${"y".repeat(5_000)}\n\n`);
  expect(await logs.last("r1", 2)).toEqual(["  two", `${"y".repeat(2_000)}…`]);
  expect(await logs.last("r1", 9)).toHaveLength(3);
  expect(await logs.last("nobody", 9)).toEqual([]);
});

test("only what was said since its start", async () => {
  const before = "Error: of an earlier one\n";
  expect(await wordsOf(`${before}hello\n`, true, before.length)).toBe("hello");
  expect(await wordsOf("rotated since\n", true, 10_000)).toBe("rotated since");
});

test("a full disk and one that refuses are told apart, with a remedy", () => {
  const failing = (code: string): unknown => explained(Object.assign(new Error(`${code}: write`), { code }), "/state");
  expect(failing("ENOSPC")).toMatchObject({
    trouble: { code: "SERIN_STATE_FULL", next: expect.stringMatching(/Free/) },
  });
  expect(failing("EROFS")).toMatchObject({ trouble: { code: "SERIN_STATE_UNWRITABLE" } });
  expect(failing("EMFILE")).toMatchObject({ code: "EMFILE" });
});
