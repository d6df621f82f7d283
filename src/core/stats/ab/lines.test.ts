// Is a file of users read as it was meant, and every wrong line named?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readLines } from "./lines.ts";

const momentOf = (text: string): number | undefined => (text === "noon" ? 12 : undefined);
const read = (text: string) => readLines(text, momentOf);
const issues = (text: string) => {
  const lines = read(text);
  return lines.ok ? [] : lines.issues.map(({ line, message }) => `${line}: ${message}`);
};

describe("what is right", () => {
  test("CSV, with any order of columns, quotation marks, a byte order mark, empty lines and Windows line ends", () => {
    const text =
      '\uFEFFConverted,"User",variant,extra\r\n1,"smith, ""jo""",blue,x\r\n\r\nfalse, ana , green,\r\ntrue,ana,,\r\n';
    expect(read(text)).toEqual({
      ok: true,
      events: [
        { user: 'smith, "jo"', variant: "blue", converted: true },
        { user: "ana", variant: "green", converted: false },
        { user: "ana", converted: true },
      ],
    });
  });

  test("JSON lines", () => {
    const text =
      '\n{"user":7,"variant":"blue"}\n{"user":"b","variant":"green","converted":1}\n{"user":7,"converted":true}\n';
    expect(read(text)).toEqual({
      ok: true,
      events: [
        { user: "7", variant: "blue", converted: false },
        { user: "b", variant: "green", converted: true },
        { user: "7", converted: true },
      ],
    });
  });

  test("times", () => {
    expect(read("user,variant,converted,at\na,blue,0,noon\nb,green,1,1700000000000\n")).toEqual({
      ok: true,
      events: [
        { user: "a", variant: "blue", converted: false, atMs: 12 },
        { user: "b", variant: "green", converted: true, atMs: 1_700_000_000_000 },
      ],
    });
    expect(read('{"user":"a","variant":"x","at":3.5}')).toEqual({
      ok: true,
      events: [{ user: "a", variant: "x", converted: false, atMs: 3.5 }],
    });
  });
});

describe("what is wrong", () => {
  test("the whole file", () => {
    expect(issues(" \n")).toEqual(["1: the file is empty"]);
    expect(issues("\nuser,variant,converted\n")).toEqual(["2: no user follows the header"]);
    expect(issues("id,group,bought\na,b,1")).toEqual([
      '1: found "id,group,bought", the header must be user,variant,converted or user,variant,converted,at',
    ]);
    expect(issues("user,variant,converted,user\n")).toEqual(['1: the header names "user" twice']);
  });

  test("every line of CSV, with all that is wrong in it", () => {
    const text = [
      "user,variant,converted,at",
      "a,blue,1,noon",
      ",blue,maybe,soon",
      "b,blue",
      'c,"blue,1,noon',
      "d,,,noon",
      "e,,0,noon",
      "f,blue,,noon",
    ].join("\n");
    expect(issues(text)).toEqual([
      '3: user: found nothing, the user\'s id must be here; converted: found "maybe", it is 1 or 0, true or false; ' +
        'at: found "soon", a moment is 2026-03-04T14:02:11Z or milliseconds since 1970',
      "4: found 2 cells, the header has 4",
      "5: a quotation mark is in the wrong place, or the quotation does not end in this line",
      "6: converted: found nothing, it is 1 or 0, true or false",
      "7: variant: found nothing; only a conversion, converted 1, may come without one",
    ]);
  });

  test("every line of JSON", () => {
    const text = ['{"user":"a","variant":"blue"}', "[1]", "oops", '{"user":"","variant":["x"],"at":true}'].join("\n");
    expect(issues(text)).toEqual([
      "2: found [1], an object {user, variant, converted} must be here",
      '3: found "oops", an object of JSON must be here',
      '4: user: found nothing, the user\'s id must be here; variant: found ["x"], a name must be here; ' +
        "at: found true, a moment is 2026-03-04T14:02:11Z or milliseconds since 1970",
    ]);
  });

  test("times on some lines only", () => {
    expect(issues("user,variant,converted,at\na,blue,0,noon\nb,green,1,\n")).toEqual([
      "3: at: found nothing; other lines have a moment here",
    ]);
  });

  test("long values are shortened", () => {
    expect(issues(`user,variant,converted\na,b,${"x".repeat(500)}`)[0]?.length).toBeLessThan(120);
  });
});

test("whatever the text, it is read or refused, with lines that there are", () => {
  const piece = fc.constantFrom(
    "user",
    "variant",
    "converted",
    "at",
    ",",
    '"',
    "\n",
    "1",
    "{",
    "}",
    ":",
    "x",
    " ",
    "\r",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join("");
      const lines = read(text);
      if (lines.ok) return;
      expect(lines.issues.length).toBeGreaterThan(0);
      for (const { line } of lines.issues) expect(line).toBeLessThanOrEqual(text.split("\n").length);
    }),
  );
});
