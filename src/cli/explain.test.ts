// Does `serin explain` say why, on a terminal and in a file?
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Desk, SERVICE } from "../../test/support/engine.ts";
import { openSqliteJournal } from "../adapters/sqlite/journal.ts";
import { FORMAT, type DecisionRecord } from "../core/engine/state.ts";
import { SerinError } from "../core/issues.ts";
import { explainCommand } from "./explain.ts";

let folder = "";

/** A rollout of which half of the requests fail, as the engine decides on it and the journal holds it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-explain-"));
  const desk = Desk.serving();
  desk.errors["2-canary"] = 0.5;
  desk.apply("v2");
  desk.passUntil(() => desk.state.rollout?.outcome !== undefined);
  const journal = await openSqliteJournal(join(folder, "journal.db"));
  await journal.append(SERVICE, 0, { format: FORMAT, state: desk.state, records: desk.records });
  await journal.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function said(name: string, more: { report?: string; json?: boolean } = {}): Promise<string> {
  let out = "";
  const io = { out: (text: string) => void (out += text), err: () => {}, color: false, live: false };
  const context = { io, json: more.json ?? false, state: folder, signal: new AbortController().signal };
  expect(await explainCommand({ name, report: more.report }, context)).toBe(0);
  return out;
}

test("decisions first, then what each metric said", async () => {
  const text = await said("shop/2");
  expect(text).toMatch(/shop\/2 brings v2.*\n(?:.*\n)*.*shop\/2 rolled-back\n\nshop\/2 was rolled back after/u);
  expect(text).toContain("  decided by  success-rate\n");
  expect(text).toMatch(/\nsuccess-rate {2}decided\n {2}found {7}.* failed against 0%/u);
  expect(text).toMatch(/\nlatency-p99 {2}undecided\n/u);
  expect(await said(SERVICE)).toBe(text);
});

test("for a program: the records, as they are", async () => {
  const records = JSON.parse(await said("shop/2", { json: true })) as DecisionRecord[];
  expect(records[0]).toMatchObject({ kind: "started", rollout: 2 });
  expect(records.at(-1)).toMatchObject({ kind: "ended", text: "shop/2 rolled-back" });
});

test.each([
  ["report.html", /^<!doctype html>\n.*<h1>shop\/2 was rolled back after/su],
  ["report.MD", /^### shop\/2 was rolled back after/u],
])("a report in %s", async (name, begins) => {
  const file = join(folder, name);
  expect(await said("shop/2", { report: file })).toMatch(
    /^shop\/2 was rolled back after .*\.\nThe report is in \/.*$/u,
  );
  expect(await readFile(file, "utf8")).toMatch(begins);
  // The records are still what a program gets.
  expect(Array.isArray(JSON.parse(await said("shop/2", { report: file, json: true })))).toBe(true);
});

test.each([
  ["shop/2", "report.pdf", "SERIN_REPORT_FORM"],
  ["shop/2", "report", "SERIN_REPORT_FORM"],
  ["shop/2", join("nowhere", "report.html"), "SERIN_REPORT_UNWRITTEN"],
  ["shop/9", "report.html", "SERIN_UNKNOWN_ROLLOUT"],
  ["shop/x", "report.html", "SERIN_UNKNOWN_ROLLOUT"],
])("%s in %s is refused: %s", async (name, file, code) => {
  const refused = said(name, { report: join(folder, "new", file) });
  await expect(refused).rejects.toThrow(SerinError);
  await expect(refused).rejects.toMatchObject({ trouble: { code, exitCode: 2 } });
});
