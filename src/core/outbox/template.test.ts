import * as fc from "fast-check";
import { expect, test } from "vitest";
import { filledJson, filledText, isJson, namesIn, strayIn } from "./template.ts";

const PAYLOAD = { service: "shop", rollout: 3, text: 'says "no"\nand\\ends', metadata: { team: "a&b" } };

test("names the parts that it asks for, each once", () => {
  expect(namesIn("{{service}}/{{ rollout }} {{service}} {{metadata.team}}")).toEqual([
    "service",
    "rollout",
    "metadata.team",
  ]);
});

test.each([
  ["{{service}}", undefined],
  ["a {b} }}", undefined],
  ["{{ }} x", "{{ }} x"],
  ["{{1}}", "{{1}}"],
  ["{{service", "{{service"],
  ["{{a.}}", "{{a.}}"],
])("what is no name in %j", (template, stray) => {
  expect(strayIn(template)).toBe(stray);
});

test("as text: values as they are, maps as JSON, nothing for what is not there", () => {
  expect(filledText("{{service}}/{{rollout}}: {{text}}|{{metadata}}|{{metadata.team}}|{{event}}", PAYLOAD)).toBe(
    'shop/3: says "no"\nand\\ends|{"team":"a&b"}|a&b|',
  );
});

test("a name that every object has is not there", () => {
  expect(filledText("{{constructor}}{{metadata.toString}}{{service.length}}", PAYLOAD)).toBe("");
});

test("as JSON: escaped between quotes, a value elsewhere", () => {
  const template = '{"a":"\\"{{text}}","b":{{text}},"c":{{rollout}},"d":{{metadata}},"e":"{{metadata}}","f":{{event}}}';
  expect(JSON.parse(filledJson(template, PAYLOAD))).toEqual({
    a: `"${PAYLOAD.text}`,
    b: PAYLOAD.text,
    c: 3,
    d: PAYLOAD.metadata,
    e: '{"team":"a&b"}',
    f: null,
  });
});

test("what is JSON is JSON for every value, and says it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const parsed = JSON.parse(filledJson('{"q":"<{{v}}>","v":{{v}}}', { v: value })) as { q: string; v: unknown };
      expect(JSON.stringify(parsed.v)).toBe(JSON.stringify(value));
      expect(parsed.q).toBe(`<${filledText("{{v}}", { v: value })}>`);
    }),
  );
});

test.each([
  ['{"text":"{{text}}"}', true],
  ["{{text}}", true],
  ["{{service}} is ready", false],
  ['{"text":{{text}}', false],
])("whether %j is JSON", (template, answer) => {
  expect(isJson(template)).toBe(answer);
});
