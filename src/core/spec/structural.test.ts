// Is a schema said as a Kubernetes API server takes it, and never more strictly?
import { expect, test } from "vitest";
import { structural, type Schema } from "./structural.ts";

const OPEN = { "x-kubernetes-preserve-unknown-fields": true };

/** What becomes of a field. */
function field(schema: Schema): unknown {
  const made = structural({ type: "object", properties: { field: schema }, additionalProperties: false });
  return (made["properties"] as Schema)["field"];
}

test("defaults, examples and whatever only an editor reads are left out", () => {
  const schema = { type: "string", title: "t", default: "a", examples: ["a"], minLength: 1, description: "d" };
  expect(field(schema)).toEqual({ type: "string", minLength: 1, description: "d" });
});

test("a field that is not known is the API server's to find: nothing says so", () => {
  const schema = { type: "object", properties: {}, additionalProperties: false };
  expect(field(schema)).toEqual({ type: "object" });
});

test("one value is a list of one", () => {
  expect(field({ type: "boolean", const: true })).toEqual({ type: "boolean", enum: [true] });
  expect(field({ const: "a" })).toEqual({ type: "string", enum: ["a"] });
});

test("bounds that every whole number has are no bounds, and open ones stand as Kubernetes has them", () => {
  const safe = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
  expect(field({ type: "integer", ...safe })).toEqual({ type: "integer" });
  expect(field({ type: "number", exclusiveMinimum: 0, maximum: 9 })).toEqual({
    type: "number",
    minimum: 0,
    exclusiveMinimum: true,
    maximum: 9,
  });
});

test("patterns look neither ahead nor behind", () => {
  const schema = { type: "string", pattern: String.raw`^(?=.{1,15}$)[a-z]+(?:m(?!s) ?)?(?<!x)$` };
  expect(field(schema)).toEqual({ type: "string", pattern: "^[a-z]+(?:m ?)?$" });
});

test("dates are checked by their format", () => {
  const forms = [
    { type: "string", format: "date", pattern: "^long$" },
    { type: "string", format: "date-time", pattern: "^longer$" },
  ];
  expect(field({ description: "d", anyOf: forms })).toEqual({
    type: "string",
    description: "d",
    anyOf: [{ format: "date" }, { format: "date-time" }],
  });
});

test("a whole number or a text is a type of its own", () => {
  const forms = [
    { type: "string", pattern: "^a$", examples: ["a"] },
    { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  ];
  expect(field({ description: "d", anyOf: forms })).toEqual({
    description: "d",
    pattern: "^a$",
    minimum: 1,
    "x-kubernetes-int-or-string": true,
  });
});

test("what may be of several types is open, with what is known of each", () => {
  expect(field({ type: ["string", "number", "boolean"] })).toEqual(OPEN);
  expect(field({ anyOf: [{ type: "string", pattern: "^a$" }, { type: "number" }] })).toEqual({
    pattern: "^a$",
    ...OPEN,
  });
  const secret = {
    type: "object",
    properties: { env: { type: "string" }, file: { type: "string" } },
    additionalProperties: false,
    oneOf: [{ required: ["env"] }, { required: ["file"] }],
  };
  // oneOf would refuse every text, of which both hold.
  expect(field({ anyOf: [{ type: "string" }, secret] })).toEqual({
    properties: secret.properties,
    anyOf: [{ required: ["env"] }, { required: ["file"] }],
    maxProperties: 1,
    ...OPEN,
  });
});

test("maps of whatever are open, maps of something are not", () => {
  expect(field({ type: "object", additionalProperties: {} })).toEqual({ type: "object", ...OPEN });
  expect(field({ type: "object", additionalProperties: { type: "string" }, propertyNames: { minLength: 1 } })).toEqual({
    type: "object",
    additionalProperties: { type: "string" },
  });
});

test("fields of which one must be there are a rule with words, in lists the API server's own", () => {
  const either = { type: "object", properties: { a: {}, b: {}, c: {} } };
  const names = ["a", "b", "c"];
  const required = names.map((name) => ({ required: [name] }));
  expect(field({ ...either, oneOf: required })).toMatchObject({
    "x-kubernetes-validations": [
      {
        rule: "[has(self.a), has(self.b), has(self.c)].exists_one(one, one)",
        message: "one of a, b or c must be here, and only one",
      },
    ],
  });
  expect(field({ ...either, anyOf: required })).toMatchObject({
    "x-kubernetes-validations": [
      { rule: "has(self.a) || has(self.b) || has(self.c)", message: "one of a, b or c must be here" },
    ],
  });
  expect(field({ type: "array", minItems: 1, items: { ...either, oneOf: required } })).toEqual({
    type: "array",
    minItems: 1,
    items: { type: "object", properties: { a: OPEN, b: OPEN, c: OPEN }, oneOf: required },
  });
});
