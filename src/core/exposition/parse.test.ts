// Is a metrics page read as it was written, or refused at the line that is wrong?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MalformedPage, type PageFormat } from "./line.ts";
import { parsePage } from "./parse.ts";

const values = (text: string, format: PageFormat = "prometheus") =>
  [...parsePage(text, format).samples.values()]
    .flat()
    .map(({ name, labels, value }) => [name, Object.fromEntries(labels), value] as const);

describe("Prometheus' text format", () => {
  test("names, labels, values, timestamps, comments and empty lines", () => {
    const page = [
      "# HELP jobs Jobs with a \\\\ and a\\nline",
      "# TYPE jobs gauge",
      "",
      "# just said",
      "#TYPE is no keyword without a space",
      'jobs{queue="fast",kind="a \\"b\\" \\\\c\\nd\\e",} 1.79522851742E9',
      "jobs 3 1395066363000",
      'spaced {\t a = "1" , b = "2" } \t -.5 ',
      "up:now_ +Inf",
      "_x -Inf 1",
      "x nan",
      "",
    ].join("\n");
    expect(values(page)).toEqual([
      ["jobs", { queue: "fast", kind: 'a "b" \\c\nd\\e' }, 1_795_228_517.42],
      ["jobs", {}, 3],
      ["spaced", { a: "1", b: "2" }, -0.5],
      ["up:now_", {}, Infinity],
      ["_x", {}, -Infinity],
      ["x", {}, Number.NaN],
    ]);
    expect(parsePage(page, "prometheus").families.get("jobs")).toEqual({
      type: "gauge",
      help: "Jobs with a \\ and a\nline",
    });
  });

  test("an empty page has nothing on it, and labels may be called anything", () => {
    expect(values("")).toEqual([]);
    const [sample] = parsePage('x{__proto__="1",constructor="2"} 3\n', "prometheus").samples.get("x") ?? [];
    expect([...(sample?.labels ?? [])]).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
  });

  test("a type may come after its values, and the same type twice; of two types none holds", () => {
    const page = parsePage(
      "a_total 1\n# TYPE a_total counter\n# TYPE a_total counter\n# TYPE b untyped\n# TYPE c gauge\n# TYPE c counter\n",
      "prometheus",
    );
    expect([...page.families].map(([name, { type }]) => [name, type])).toEqual([
      ["a_total", "counter"],
      ["b", "unknown"],
      ["c", "unknown"],
    ]);
  });
});

test("names in quotes, of metrics and of labels", () => {
  const page = [
    '# TYPE "my.metric" gauge',
    '{"my.metric",label="x"} 1',
    '{ "my \\"own\\"" , "my.label" = "y" , } 2',
    'a{"é"="z"} 3',
    "",
  ].join("\n");
  expect(values(page)).toEqual([
    ["my.metric", { label: "x" }, 1],
    ['my "own"', { "my.label": "y" }, 2],
    ["a", { é: "z" }, 3],
  ]);
  expect(parsePage(page, "prometheus").families.get("my.metric")).toEqual({ type: "gauge" });
});

describe("OpenMetrics", () => {
  test("counters with _total, exemplars, seconds, units, and the end", () => {
    const page = [
      "# TYPE orders counter",
      "# UNIT orders ",
      "# TYPE cart_bytes gauge",
      "# UNIT cart_bytes bytes",
      '# HELP orders Said \\"so\\".',
      'orders_total{result="paid"} 17.0 1520879607.789 # {trace_id="0af7",span_id="b7ad"} 1.0 1520879607.111',
      "orders_created 1520430000.123",
      "# TYPE build info",
      'build_info{version="1"} 1',
      "# EOF",
    ].join("\n");
    expect(values(page, "openmetrics")).toEqual([
      ["orders_total", { result: "paid" }, 17],
      ["orders_created", {}, 1_520_430_000.123],
      ["build_info", { version: "1" }, 1],
    ]);
    expect(parsePage(`${page}\n`, "openmetrics").families.get("orders")).toEqual({
      type: "counter",
      help: 'Said "so".',
      unit: "",
    });
    expect(parsePage(page, "openmetrics").families.get("cart_bytes")).toEqual({ type: "gauge", unit: "bytes" });
  });
});

test.each<[string, string, PageFormat?]>([
  ["a 1\n9a 1\n", 'line 2: found "9a 1"; a line begins with the name of a metric'],
  ["a.b 1\n", 'line 1: found ".b 1"; a value is a number'],
  ["a\n", "line 1: found the end of the line; a value is a number, +Inf, -Inf or NaN"],
  ["a 1,5\n", 'line 1: found "1,5"; a value is a number'],
  ["a 0x1p-2\n", "a value is a number"],
  ["a 1_000\n", "a value is a number"],
  ["a 1\r\n", 'line 1: found "1\\r"; a value is a number'],
  ["a 1 2 3\n", 'line 1: found "3"; after the value comes a timestamp or nothing'],
  ["a 1 1.5\n", 'line 1: found "1.5"; a timestamp is whole milliseconds'],
  ['a 1 # {x="y"} 1\n', "a timestamp is whole milliseconds"],
  ["a{ 1\n", 'line 1: found "1"; a label is name="value"'],
  ["a{b=c} 1\n", 'found "c} 1"; a label is name="value"'],
  ["a{b='c'} 1\n", 'a label is name="value"'],
  ['a{b="c"d="e"} 1\n', 'found "d=\\"e\\"} 1"; after a label comes , or }'],
  ['a{,b="c"} 1\n', 'a label is name="value"'],
  ['a{b="c",b="d"} 1\n', "a series has one label b"],
  ['a{b="c\n"} 1\n', 'line 1: found "\\"c"; the value of a label ends with "'],
  ['a{b="c\\"} 1\n', "the value of a label ends with"],
  ['a{le:x="c"} 1\n', 'found ":x=\\"c\\"} 1"; a label is name="value"'],
  ["# TYPE a total\n", 'line 1: found "total"; a type is one of counter, gauge'],
  ["# TYPE a\n", "a type is one of"],
  ["# HELP \n", "after HELP comes the name of a metric"],
  ["# TYPE 1a counter\n", "after TYPE comes the name of a metric"],
  ["a 1\nb 2", 'line 2: found "b 2"; the last line ends too: a part of the page is missing'],
  ["a 1\n", "line 2: found the end of the line; the last line is # EOF", "openmetrics"],
  ["", "line 1: found the end of the line; the last line is # EOF", "openmetrics"],
  ["# EOF\na 1\n", 'line 2: found "a 1"; nothing comes after # EOF', "openmetrics"],
  ["a 1 x\n# EOF", 'found "x"; a timestamp is a number of seconds', "openmetrics"],
  ["a 1 # 2\n# EOF", 'found " 2"; an exemplar begins with # {', "openmetrics"],
  ['a 1 # {b="c"}\n# EOF', "a space stands before a value", "openmetrics"],
  ['a 1 # {b="c"} 1 # {b="c"} 1\n# EOF', "a sample has one exemplar", "openmetrics"],
  ["a 1 \n# EOF", "a line does not end with a space", "openmetrics"],
  ["# said\n# EOF", "a line is # HELP, # TYPE, # UNIT, # EOF or a sample", "openmetrics"],
  ["# UNIT a bytes\n# EOF", 'found "bytes"; the unit is the end of the name a', "openmetrics"],
  ["# TYPE a untyped\n# EOF", 'found "untyped"; a type is one of counter', "openmetrics"],
  ["a {count:1,sum:2}\n# EOF", "values of several parts, as in OpenMetrics 2.0, are not read", "openmetrics"],
  [" a 1\n", 'found " a 1"; a line begins with the name of a metric'],
  ["a 1 -1\n", 'found "-1"; a timestamp is whole milliseconds'],
  ["a 1e400\n", 'found "1e400"; a value is a number'],
  ['a{__name__="b"} 1\n', 'a label is name="value"'],
  ['a{"b"} 1\n', 'found "\\"b\\"} 1"; a label is name="value"'],
  ['{"a","b"} 1\n', 'found "\\"b\\"} 1"; a label is name="value"'],
  ['{b="c"} 1\n', "a line begins with the name of a metric"],
  ["# TYPE a info\n", 'found "info"; a type is one of counter, gauge, histogram, summary, untyped'],
  ["# HELP a.b c\n", 'found ".b c"; after the name of a metric comes a space'],
])("%j is refused", (text, message, format = "prometheus") => {
  expect(() => parsePage(text, format)).toThrow(message);
});

test("what was found is cut short", () => {
  expect(() => parsePage(`a ${"x".repeat(1_000)}\n`, "prometheus")).toThrow(/^line 1: found "x{40}…"; a value/u);
});

/** What reading a page throws; nothing when it does not. */
function refusalOf(text: string, one: PageFormat): unknown {
  try {
    return void parsePage(text, one);
  } catch (error) {
    return error;
  }
}

const format = fc.constantFrom<PageFormat>("prometheus", "openmetrics");
const PIECES = [
  "a",
  "b_total",
  "{",
  "}",
  '"',
  "\\",
  "=",
  ",",
  "#",
  " ",
  "\n",
  "\t",
  "1",
  "-",
  "+Inf",
  "NaN",
  "e",
  ".",
  "TYPE",
  "HELP",
  "# EOF",
  "counter",
  "le",
  "é",
];
const nearlyPages = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join(""));

test("whatever the text, it is read or refused with a line, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), nearlyPages), format, (text, one) => {
      const refusal = refusalOf(text, one) ?? new MalformedPage(1, "", "");
      expect(refusal).toBeInstanceOf(MalformedPage);
      expect((refusal as MalformedPage).line).toBeLessThanOrEqual(text.split("\n").length + 1);
    }),
    { numRuns: 5_000, seed: 1 },
  );
});

const metric = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/u);
const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,5}$/u);
const sample = fc.record({
  name: metric,
  labels: fc.uniqueArray(fc.tuple(label, fc.string({ unit: "grapheme" })), {
    selector: ([name]) => name,
    maxLength: 4,
  }),
  value: fc.double(),
});

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
function printed(value: number): string {
  if (value === Infinity) return "+Inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

test("what is written is read back, in both formats", () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 8 }), format, (samples, one) => {
      const lines = samples.map(({ name, labels, value }) => {
        const inside = labels.map(([key, text]) => `${key}="${escaped(text)}"`).join(",");
        return `${name}${labels.length > 0 ? `{${inside}}` : ""} ${printed(value)}\n`;
      });
      const page = parsePage(`${lines.join("")}${one === "openmetrics" ? "# EOF\n" : ""}`, one);
      const read = [...page.samples.values()].flat().toSorted((a, b) => a.line - b.line);
      expect(read.map(({ name, labels, value }) => ({ name, labels: [...labels], value }))).toEqual(samples);
    }),
    { numRuns: 1_000, seed: 2 },
  );
});

test("a part of an OpenMetrics page is never taken for the page", () => {
  const page = '# TYPE a counter\na_total{b="c"} 12345 # {t="1"} 1\n# EOF\n';
  for (let length = 0; length < page.length - 1; length += 1) {
    expect(() => parsePage(page.slice(0, length), "openmetrics")).toThrow(MalformedPage);
  }
});
