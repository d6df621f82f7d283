// Does every rollout file give exactly the program, or exactly the errors, that its golden file says?
//
// A case is a rollout file, ten dashes, and the answer. `# with: {…}` in its first line changes what the adapters can do
// (`router`, `workload`) or says that no stable version runs (`stable: false`). UPDATE_GOLDEN=1 writes the answers anew.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { abilitiesOf } from "../../src/adapters/registry.ts";
import type { RouterAbilities, WorkloadAbilities } from "../../src/core/abilities.ts";
import { compile, type CompileContext } from "../../src/core/plan/compile.ts";
import { describeProgram } from "../../src/core/plan/sentence.ts";
import { parseRollout } from "../../src/core/spec/parse.ts";
import type { Rollout } from "../../src/core/spec/rollout.ts";

const SEPARATOR = "\n----------\n";
const folder = new URL("./", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));

interface With {
  readonly router?: Partial<RouterAbilities>;
  readonly workload?: Partial<WorkloadAbilities>;
  readonly stable?: boolean;
  readonly direct?: boolean;
}

function contextOf(text: string, rollout: Rollout): CompileContext {
  const said = /^# with: (.*)$/mu.exec(text)?.[1];
  const { router, workload, stable = true, direct = false } = (said ? JSON.parse(said) : {}) as With;
  const known = abilitiesOf(rollout);
  return {
    abilities: { router: { ...known.router, ...router }, workload: { ...known.workload, ...workload } },
    stable,
    direct,
  };
}

function answer(text: string): string {
  const parsed = parseRollout(text);
  const compiled = parsed.ok ? compile(parsed.rollout, contextOf(text, parsed.rollout)) : undefined;
  if (parsed.ok && compiled?.ok) return describeProgram(compiled.program, parsed.rollout).join("\n");
  const planned = parsed.ok && compiled && !compiled.ok ? compiled.issues : [];
  const issues = parsed.ok ? planned.map((issue) => Object.assign(parsed.at(issue.path), issue)) : parsed.issues;
  return issues
    .map(({ line, column, path, code, message }) => `${line}:${column} ${path} [${code}]\n    ${message}`)
    .join("\n");
}

test("there are golden files", () => {
  expect(names.length).toBeGreaterThanOrEqual(35);
});

test.each(names)("%s", (name) => {
  const file = new URL(name, folder);
  const [spec = "", expected = ""] = readFileSync(file, "utf8").split(SEPARATOR);
  const found = answer(spec);
  const isUpdate = Boolean(process.env["UPDATE_GOLDEN"]);
  if (isUpdate) writeFileSync(file, `${spec}${SEPARATOR}${found}\n`);
  expect(`${found}\n`).toBe(isUpdate ? `${found}\n` : expected);
});
