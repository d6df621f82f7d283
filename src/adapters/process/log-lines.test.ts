// Which lines of a log are trouble, and is each counted once whatever happens to the file?
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { countLines, LogLines } from "./log-lines.ts";
import { Logs } from "./logs.ts";

let dir = "";
let path = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-log-lines-"));
  path = join(dir, "a.log");
  writeFileSync(path, "");
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});
const write = (text: string): void => appendFileSync(path, text);

test.each([
  "2026-11-25 12:00:00,123 ERROR [main] c.a.Orders : refused",
  "[FATAL] out of memory",
  "CRITICAL:root:disk",
  '{"time":1,"level":"error","msg":"x"}',
  '{"level" : "fatal"}',
  '{"level":50,"time":1,"msg":"x"}',
  '{"level":60}',
  "time=1 level=error msg=x",
  "java.lang.IllegalStateException: no stock",
  'Exception in thread "main" java.lang.Error',
  "TypeError: no such table: orders",
  "Error: listen EADDRINUSE",
  "Traceback (most recent call last):",
  "panic: runtime error: index out of range",
])("an error: %s", (line) => {
  expect(countLines(`${line}\n`)).toEqual({ errors: 1, warnings: 0 });
});

test.each([
  "12:00 WARN slow",
  "WARNING: old",
  '{"level":"warn"}',
  '{"level":"warning"}',
  '{"level":40}',
  "level=warn x",
])("a warning: %s", (line) => {
  expect(countLines(`${line}\n`)).toEqual({ errors: 0, warnings: 1 });
});

test.each([
  "INFO 0 errors, no warnings",
  "GET /error 200",
  "ERROR_COUNT=0 NOERROR",
  "an Exceptional day",
  '{"level":30,"port":50,"msg":"level 50"}',
  '{"level":500}',
  "level=info error=none",
  "the Error: is not at the beginning",
  "",
])("neither: %s", (line) => {
  expect(countLines(`${line}\n`)).toEqual({ errors: 0, warnings: 0 });
});

test("a line counts once, an error before a warning", () => {
  expect(countLines("WARN then ERROR and Exception\nERROR ERROR\nWARN WARN\nfine\nERROR")).toEqual({
    errors: 3,
    warnings: 1,
  });
});

test("a line counts when it has ended, wherever the looks come", async () => {
  const lines = ["ERROR a", "fine", "", "WARN b", "é☕ ERROR", "x".repeat(200), "TypeError: c"];
  const text = fc
    .array(fc.constantFrom(...lines), { maxLength: 30 })
    .map((all) => all.map((line) => `${line}\n`).join(""));
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(400), { maxLength: 8 }), async (whole, lengths) => {
      writeFileSync(path, "");
      const log = new LogLines();
      let bytes = Buffer.from(whole);
      for (const length of lengths) {
        appendFileSync(path, bytes.subarray(0, length));
        bytes = bytes.subarray(length);
        const ended = readFileSync(path, "utf8").replace(/[^\n]*$/u, "");
        expect(await log.count(path, true)).toEqual(countLines(ended));
      }
      appendFileSync(path, bytes);
      expect(await log.count(path, true)).toEqual(countLines(whole));
    }),
    { numRuns: 100, seed: 6 },
  );
});

test("of a log that is not fresh only what comes counts", async () => {
  write("ERROR old\n");
  const log = new LogLines();
  expect(await log.count(path, false)).toEqual({ errors: 0, warnings: 0 });
  write("ERROR new\n");
  expect(await log.count(path, false)).toEqual({ errors: 1, warnings: 0 });
});

test("a log that is rotated, and outgrows its old size before the next look, loses no line", async () => {
  const logs = new Logs(dir, { bytes: 100, old: 1 });
  await logs.prepare("r");
  path = logs.pathOf("r");
  write("ERROR 1\n");
  expect((await logs.troubles("r", true)).errors).toBe(1);
  write(`ERROR 2\n${"x".repeat(120)}\nERR`);
  await logs.rotate("r");
  expect(readFileSync(path, "utf8")).toBe("");
  write(`OR 3\n${"y".repeat(300)}\nERROR 4\n`);
  expect((await logs.troubles("r", true)).errors).toBe(4);
  await logs.rotate("r");
  await logs.rotate("r");
  expect((await logs.troubles("r", true)).errors).toBe(4);
});

test("a log that someone else cuts goes on at its beginning", async () => {
  const log = new LogLines();
  write("ERROR 1\nERROR 2\n");
  await log.count(path, true);
  truncateSync(path);
  write("ERROR 3\n");
  expect((await log.count(path, true)).errors).toBe(3);
});

test("a very long line counts once, and little is kept of it", async () => {
  const log = new LogLines();
  write(`ERROR ${"x".repeat(300_000)}`);
  expect((await log.count(path, true)).errors).toBe(1);
  write(` ERROR ${"x".repeat(300_000)} ERROR\nERROR\n`);
  expect((await log.count(path, true)).errors).toBe(2);
});

test("of a log that is far behind, the last part counts", async () => {
  write(`${"ERROR old\n".repeat(200_000)}ERROR new\n`);
  const { errors } = await new LogLines().count(path, true);
  expect(errors).toBeGreaterThan(1_048_576 / 10 - 2);
  expect(errors).toBeLessThanOrEqual(1_048_576 / 10);
});

test("a log that is not there is an error, until it is there", async () => {
  const log = new LogLines();
  const elsewhere = join(dir, "b.log");
  await expect(log.count(elsewhere, true)).rejects.toThrow("ENOENT");
  writeFileSync(elsewhere, "ERROR\n");
  expect((await log.count(elsewhere, true)).errors).toBe(1);
});
