// Does the schema of a Rollout in a cluster keep to what an API server takes, and to what fits?
import { expect, test } from "vitest";
import { clusterSchema } from "./cluster-schema.ts";
import type { Schema } from "./structural.ts";

/** Every schema with its place, also those within `anyOf` and its like. */
function* schemasIn(schema: Schema, at: string): Generator<readonly [string, Schema]> {
  yield [at, schema];
  const { properties, items, additionalProperties } = schema;
  for (const [name, of] of Object.entries((properties ?? {}) as Schema))
    yield* schemasIn(of as Schema, `${at}.${name}`);
  if (items !== undefined) yield* schemasIn(items as Schema, `${at}[]`);
  if (additionalProperties !== undefined) yield* schemasIn(additionalProperties as Schema, `${at}{}`);
}

const { spec, name } = clusterSchema();
const all = [...schemasIn(spec, "spec")];
const texts = (schema: Schema): string => JSON.stringify(schema);

test("every place has one type, or says that it has none", () => {
  const ways = ["type", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"];
  expect(all.length).toBeGreaterThan(700);
  expect(all.filter(([, schema]) => !ways.some((way) => schema[way] !== undefined)).map(([at]) => at)).toEqual([]);
});

test("it has no defaults, so that what was applied stays as it was", () => {
  expect(all.filter(([, schema]) => "default" in schema).map(([at]) => at)).toEqual([]);
});

test("it has nothing that a structural schema may not have", () => {
  const words = ["$ref", "const", "propertyNames", "examples", "title", "uniqueItems"];
  expect(all.filter(([, schema]) => words.some((word) => word in schema)).map(([at]) => at)).toEqual([]);
  expect(all.filter(([, { additionalProperties }]) => typeof additionalProperties === "boolean")).toEqual([]);
  const looks = all.filter(([, { pattern = "" }]) => /\(\?<?[=!]/u.test(String(pattern)));
  expect(looks.map(([at]) => at)).toEqual([]);
});

test("rules stand where there is one of a thing", () => {
  const ruled = all.filter(([, schema]) => "x-kubernetes-validations" in schema).map(([at]) => at);
  expect(ruled).toContain("spec.strategy");
  expect(ruled).toContain("spec.strategy.canary");
  expect(ruled.filter((at) => /\[\]|\{\}/u.test(at))).toEqual([]);
});

test("what belongs to machines is named, and refused in words", () => {
  const { workload, traffic } = spec["properties"] as Readonly<Record<string, Schema>>;
  expect(texts(workload ?? {}).includes("process and urls are for machines")).toBe(true);
  expect(texts(traffic ?? {}).includes("proxy is for machines")).toBe(true);
});

test("no secret is read from a file of the controller's", () => {
  const secrets = all.filter(([, { properties }]) => Object.keys(properties ?? {}).includes("env"));
  const readable = secrets.filter(
    ([at]) => !/^spec\.(?:workload|hooks\[\](?:\.job)?|notify\[\]|strategy.*candidates\[\])$/u.test(at),
  );
  expect(readable.length).toBeGreaterThan(20);
  expect(readable.filter(([, { maxProperties }]) => maxProperties !== 1).map(([at]) => at)).toEqual([]);
  expect(
    readable.flatMap(([, { properties }]) => Object.keys(properties ?? {})).filter((field) => field !== "env"),
  ).toEqual([]);
  expect(texts(spec).match(/.{20}\{ file \}/gu)).toBeNull();
});

test("a name is one of a service", () => {
  expect(new RegExp(String(name["pattern"]), "u").test("shop-1")).toBe(true);
  expect(new RegExp(String(name["pattern"]), "u").test("shop.eu")).toBe(false);
});
