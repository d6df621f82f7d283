// Do questions about many replicas say what each of them would have asked?
import { expect, test } from "vitest";
import { labelsOf, metricOf, questionFor } from "./question.ts";

const plain = (selector: string) => ({ selector, isHistogram: false });

test.each([
  ["up", [{ instance: "a:1" }], '{__name__="up",instance="a:1"}[9ms]'],
  ["up{}", [{ instance: "a:1" }, { instance: "b.c:1" }], String.raw`{__name__="up",instance=~"a:1|b\\.c:1"}[9ms]`],
  [' x{ a = "}" , } ', [{ r: "1" }], '{__name__="x",a = "}",r="1"}[9ms]'],
  [
    "x",
    [
      { app: 'a"b', role: "canary" },
      { app: 'a"b', role: "stable" },
    ],
    '{__name__="x",app="a\\"b",role=~"canary|stable"}[9ms]',
  ],
])("%s", (selector, whose, question) => {
  expect(questionFor(plain(selector), whose, 9)).toBe(question);
});

test("a histogram is asked for in both of its forms", () => {
  expect(questionFor({ selector: 'took{a="b"}', isHistogram: true }, [{ i: "1" }], 9)).toBe(
    '{__name__=~"took|took_bucket",a="b",i="1"}[9ms]',
  );
});

test("names of metric and labels, whatever stands in the values", () => {
  expect(metricOf(' a:b_total {x="1"}')).toBe("a:b_total");
  expect(labelsOf(String.raw`x{a="b=\"c=", d!~'e=', f =~ "g"}`)).toEqual(["a", "d", "f"]);
  expect(labelsOf("x")).toEqual([]);
});
