// Does a selector mean what it says, and is a wrong one refused where it is wrong?
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readSelector, selects } from "./selector.ts";

function meant(text: string, labels: Readonly<Record<string, string>>): boolean {
  const read = readSelector(text);
  if (!read.ok) throw new Error(read.why);
  return selects(read.selector, new Map(Object.entries(labels)));
}

test.each<[string, Record<string, string>, boolean]>([
  ["a", { b: "1" }, true],
  ["a{}", {}, true],
  ['a{b="1"}', { b: "1", c: "2" }, true],
  ['a{b="1"}', { b: "11" }, false],
  ['a{b!="1"}', { b: "2" }, true],
  ['a{b!="1"}', {}, true],
  ['a{b=""}', {}, true],
  ['a{b=~"5.."}', { b: "503" }, true],
  ['a{b=~"5.."}', { b: "5030" }, false],
  ['a{b!~"5..",}', { b: "200" }, true],
  ['a{b=~".+"}', {}, false],
  [' job:a_total { b = "1" , c =~ `\\d+` } ', { b: "1", c: "22" }, true],
  ["a{b='it\\'s \"\\\\n\\n'}", { b: "it's \"\\n\n" }, true],
  ['a{b=~"x\\\\.y"}', { b: "x.y" }, true],
  ['a{b="1",b!="1"}', { b: "1" }, false],
  ['{"my.metric"}', {}, true],
  ['{ "my.metric" , b="1" }', { b: "2" }, false],
  ['a{"my.label"=~"x.*"}', { "my.label": "xy" }, true],
])("%s of %j: %s", (text, labels, expected) => {
  expect(meant(text, labels)).toBe(expected);
});

test.each([
  ["", 0, "the name of a metric comes first"],
  ['{__name__="a"}', 0, "the name of a metric comes first"],
  ["9a", 0, "the name of a metric comes first"],
  ["http.server.requests", 4, "no dots on a page"],
  ["orders-total", 6, "no dashes on a page"],
  ['a{"b"}', 5, "after b comes ="],
  ['{"a","b"}', 8, "after b comes ="],
  ["a[5m]", 1, "no range"],
  ["rate(a[5m])", 4, "no functions"],
  ["a / b", 2, "a selector ends here"],
  ['a{b="1"} 7', 9, "a selector ends here"],
  ["a{", 2, "a condition is label"],
  ['a{b="1"', 1, "not ended by }"],
  ['a{b="1" c="2"}', 8, "after a condition comes , or }"],
  ["a{b}", 3, "after b comes =, !=, =~ or !~"],
  ["a{b=c}", 4, "a value stands in quotes"],
  ['a{b="c}', 4, 'not ended by "'],
  ['a{b=~"\\d"}', 6, "written \\\\"],
  ['a{b=~"x(y"}', 7, "not ended by )"],
  ["a".repeat(2_000), 1_024, "at most 1024"],
])("%s is refused at %d", (text, at, why) => {
  expect(readSelector(text)).toEqual({ ok: false, at, why: expect.stringContaining(why) });
});

test("whatever the text, it is read or refused within the text", () => {
  const unit = fc.constantFrom(...Array.from("ab_:{}=!~\"'`\\,. (5[*"));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 24 }), (text) => {
      const read = readSelector(text);
      expect(read.ok || read.at <= text.length).toBe(true);
    }),
    { numRuns: 5_000, seed: 5 },
  );
});
