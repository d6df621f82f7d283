// Does every scenario come true, and is a wrong one told what is wrong?
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { rolloutOf } from "../../src/rehearse/ask.ts";
import { readScenario } from "../../src/rehearse/language.ts";
import { playScenario } from "../../src/rehearse/play.ts";
import { playText } from "./runner.ts";

const here = import.meta.dirname;
const files = readdirSync(here).filter((name) => name.endsWith(".scenario"));

describe("scenarios", () => {
  test("there are some", () => expect(files.length).toBeGreaterThan(10));

  test.each(files)("%s", async (name) => {
    const { failures, trace } = await playText(readFileSync(join(here, name), "utf8"));
    const told = failures.map(({ line, expected, found }) => `${name}:${line} expected ${expected}, found ${found}`);
    if (told.length > 0) told.push(...trace);
    expect(told).toEqual([]);
  });
});

describe("the examples", () => {
  const examples = join(here, "../../examples/rehearse");
  const rollout = rolloutOf(readFileSync(join(examples, "rollout.yaml"), "utf8"));

  test.each(readdirSync(examples).filter((name) => name.endsWith(".scenario")))("%s", async (name) => {
    const scenario = readScenario(readFileSync(join(examples, name), "utf8"));
    expect(scenario.file?.path).toBe("rollout.yaml");
    const { failures, decisions } = await playScenario(scenario, rollout);
    expect(failures.length > 0 ? [failures, decisions] : []).toEqual([]);
  });
});

describe("the language", () => {
  const wrong = (row: string) => () => readScenario(`kind: Rollout\n---\n${row}\n`);

  test.each([
    ["at 10 promote", 'line 3: found "10"; right would be a duration, such as 30s or 2m'],
    ["load 20", 'line 3: found "20"; right would be a rate, such as 20/s'],
    ["at 1s revision v2 errors 3", 'line 3: found "3"; right would be a percentage, such as 3%'],
    [
      "expect at 1s outcome rolledback",
      'line 3: found "rolledback"; right would be one of promoted, rolled-back, stopped, concluded, none',
    ],
    ["at 1s promote fully", 'line 3: found "fully" at the end; right would be the end of the line'],
    ["at 1s metrics gone for", "line 3: found the end of the line; right would be a duration, such as 30s or 2m"],
    ["wait 1s", 'line 3: found "wait"; right would be one of at, expect, rollout, load, revision'],
  ])("%s", (row, message) => expect(wrong(row)).toThrow(message));

  test("needs a line between the file and what happens", () => {
    expect(() => readScenario("kind: Rollout")).toThrow("no line of ---");
  });
});
