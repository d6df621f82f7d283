// Does every file of another program become exactly what its golden file says?
//
// A case is a file, ten dashes, and the answer: what is written, what is said of it, and what `serin check` would say of the
// rollouts. `# with: {…}` in its first line are the options. UPDATE_GOLDEN=1 writes the answers anew.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { abilitiesOf } from "../../../src/adapters/registry.ts";
import { importFiles } from "../../../src/core/import/import.ts";
import type { Options } from "../../../src/core/import/context.ts";
import { LEVELS } from "../../../src/core/import/remark.ts";
import { compile } from "../../../src/core/plan/compile.ts";
import { parseRollout } from "../../../src/core/spec/parse.ts";

const SEPARATOR = "\n----------\n";
const folder = new URL("./", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));

function optionsOf(text: string): Options {
  const said = /^# with: (.*)$/mu.exec(text)?.[1];
  return said === undefined ? {} : (JSON.parse(said) as Options);
}

/** What `serin check` would say. */
function mistakes(text: string): readonly string[] {
  const parsed = parseRollout(text);
  if (!parsed.ok) return parsed.issues.map(({ path, message }) => `${path}  ${message}`);
  const { rollout } = parsed;
  const compiled = compile(rollout, { abilities: abilitiesOf(rollout), stable: true });
  return compiled.ok ? [] : compiled.issues.map(({ path, message }) => `${path}  ${message}`);
}

interface Answer {
  readonly text: string;
  readonly mistakes: readonly string[];
}

function answerTo(text: string): Answer {
  const { documents, remarks } = importFiles([{ name: "in.yaml", text }], optionsOf(text));
  const found = documents
    .filter(({ name }) => name.endsWith(".rollout.yaml"))
    .flatMap((document) => mistakes(document.text));
  const lines = remarks.map(({ file, line, column, path, level, text: what, instead }) => {
    const next = instead === undefined ? "" : `\n    → ${instead}`;
    return `${file}:${line}:${column} ${path} [${LEVELS[level]}]\n    ${what}${next}`;
  });
  const written = documents.map((document) => `=== ${document.name}\n${document.text}`);
  return {
    text: [...written, ...lines, ...found.map((one) => `serin check: ${one}`)].join("\n"),
    mistakes: found,
  };
}

test("there are golden files", () => {
  expect(names.length).toBeGreaterThanOrEqual(20);
});

test.each(names)("%s", (name) => {
  const file = new URL(name, folder);
  const [source = "", expected = ""] = readFileSync(file, "utf8").split(SEPARATOR);
  const found = answerTo(source);
  const isUpdate = Boolean(process.env["UPDATE_GOLDEN"]);
  if (isUpdate) writeFileSync(file, `${source}${SEPARATOR}${found.text}\n`);
  expect(`${found.text}\n`).toBe(isUpdate ? `${found.text}\n` : expected);
  // What was written can be rolled out, unless it was said that it is not right yet.
  expect(name.startsWith("bad-") ? [] : found.mistakes).toEqual([]);
});
