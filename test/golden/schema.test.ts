// Does the JSON Schema in the repository say the same as the definition it is made from?
import { Validator, type Schema } from "@cfworker/json-schema";
import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { facadeJsonSchema, releaseJsonSchema, rolloutJsonSchema } from "../../src/core/spec/json-schema.ts";
import { withFrameworks, withPresets } from "../../tools/presets-table.ts";
import { withTelemetry } from "../../tools/telemetry-table.ts";
import { openApi } from "../../src/api/http/openapi.ts";
import { parseRollout } from "../../src/core/spec/parse.ts";

const folder = new URL("./", import.meta.url);
const committed = readFileSync(new URL("../../schema/rollout.schema.json", import.meta.url), "utf8");
const validator = new Validator(JSON.parse(committed) as Schema, "7", false);

/** Codes of mistakes that a JSON Schema sees too. The others are rules between fields, or bounds of a written number. */
const SHAPE = new Set(["unknown-field", "wrong-type", "missing-field"]);

/** Cases whose shape is right and whose field is missing only because another one is (or is not) there. */
const BETWEEN_FIELDS = new Set([
  "bad-no-weight.txt",
  "bad-shorthand-missing.txt",
  "bad-kayenta.txt",
  "bad-metrics-of-kinds.txt",
  "bad-shadow-nothing.txt",
  "bad-ab-test-sticky.txt",
  "bad-experiment-rivals.txt",
]);

const cases = readdirSync(folder)
  .filter((name) => name.endsWith(".txt"))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8").split("\n----------\n")[0] ?? "" }));

test("it is up to date: npm run schema", () => {
  expect(JSON.parse(committed)).toEqual(rolloutJsonSchema());
});

test("those of façades and releases are up to date, and accept what the examples say", () => {
  const made = { facade: facadeJsonSchema(), release: releaseJsonSchema() };
  const examples = { facade: "08-strangler-fig/shop.yaml", release: "09-release/release.yaml" };
  for (const [name, schema] of Object.entries(made)) {
    const text = readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), "utf8");
    expect(JSON.parse(text)).toEqual(schema);
    const example = new URL(`../../examples/${examples[name as keyof typeof examples]}`, import.meta.url);
    const result = new Validator(schema, "7", false).validate(parse(readFileSync(example, "utf8")));
    expect(result.errors).toEqual([]);
  }
});

test("the description of the API is up to date: npm run schema", () => {
  const text = readFileSync(new URL("../../schema/openapi.json", import.meta.url), "utf8");
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(openApi())));
});

test("the tables of presets are up to date: npm run schema", () => {
  const page = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  expect(withPresets(page)).toBe(page);
  const frameworks = readFileSync(new URL("../../docs/presets.md", import.meta.url), "utf8");
  expect(withFrameworks(frameworks)).toBe(frameworks);
});

test("the tables of metrics and alerts about Serin are up to date: npm run schema", async () => {
  const page = readFileSync(new URL("../../docs/telemetry.md", import.meta.url), "utf8");
  expect(await withTelemetry(page)).toBe(page);
});

test("it accepts every rollout file that is right", () => {
  const right = cases.filter(({ text }) => parseRollout(text).ok);
  expect(right.length).toBeGreaterThan(20);
  for (const { name, text } of right) {
    const { valid, errors } = validator.validate(parse(text, { merge: true }));
    expect({ name, valid, errors: valid ? [] : errors }).toEqual({ name, valid: true, errors: [] });
  }
});

test("it rejects every rollout file of a wrong shape", () => {
  const wrong = cases.filter(({ name, text }) => {
    const parsed = parseRollout(text);
    const isYaml = parsed.ok || parsed.issues.every(({ code }) => !["yaml", "duplicate", "documents"].includes(code));
    return !parsed.ok && isYaml && !BETWEEN_FIELDS.has(name) && parsed.issues.some(({ code }) => SHAPE.has(code));
  });
  expect(wrong.length).toBeGreaterThan(10);
  for (const { name, text } of wrong) {
    expect({ name, valid: validator.validate(parse(text) as unknown).valid }).toEqual({ name, valid: false });
  }
});
