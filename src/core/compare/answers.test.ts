// Is every difference found, and nothing else?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differingParts, type AnswerSeen } from "./answers.ts";

const json = (body: unknown, more: Partial<AnswerSeen> = {}): AnswerSeen => ({
  status: 200,
  headers: [["content-type", "application/json"]],
  body: JSON.stringify(body),
  ...more,
});
const paths = (user: AnswerSeen, copy: AnswerSeen, ignore: readonly string[] = []): string[] =>
  differingParts(user, copy, ignore).map(({ path }) => path);
const bodies = (user: unknown, copy: unknown, ignore: readonly string[] = []): string[] =>
  paths(json(user), json(copy), ignore);

const anyJson = fc.jsonValue({ maxDepth: 4 });

/** The same value with its fields and entries in another order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned).toReversed();
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, part]) => [name, turned(part)]),
  );
}

describe("JSON bodies", () => {
  test("that say the same do not differ, in whatever order", () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(bodies(value, turned(value))).toEqual([]);
      }),
    );
  });

  test("that differ do so in the same places from either side", () => {
    fc.assert(
      fc.property(anyJson, anyJson, (a, b) => {
        const there = bodies(a, b);
        expect(bodies(b, a).toSorted()).toEqual(there.toSorted());
        expect(there.length).toBeLessThanOrEqual(51);
        expect(new Set(there).size).toBe(there.length);
      }),
    );
  });

  test("with one field changed differ there, and nowhere once it is left out", () => {
    const changed = fc.record({ value: anyJson, other: fc.integer() });
    fc.assert(
      fc.property(changed, ({ value, other }) => {
        const [user, copy] = [
          { value, at: other },
          { value, at: other + 1 },
        ];
        expect(bodies(user, copy)).toEqual(["body.at"]);
        expect(bodies(user, copy, ["body.at"])).toEqual([]);
        expect(bodies([user], [copy], ["body[].at"])).toEqual([]);
        expect(bodies({ user }, { user: copy }, ["body.user.*"])).toEqual([]);
      }),
    );
  });

  test.each([
    ["another type", { a: 1 }, { a: "1" }, ["body.a"]],
    ["a part that is missing", { a: { b: 1 }, c: 2 }, { c: 2 }, ["body.a"]],
    ["null and nothing", { a: null }, {}, ["body.a"]],
    ["numbers by value", { a: 1.0, b: 10 }, { a: 1, b: 1e1 }, []],
    ["an entry too many", { items: [1, 2] }, { items: [2, 1, 3] }, ["body.items[]"]],
    ["an entry twice", { items: [1, 1, 2] }, { items: [1, 2, 2] }, ["body.items[]"]],
    [
      "entries with an id, in another order",
      {
        items: [
          { id: 1, price: 5 },
          { id: 2, price: 6 },
        ],
      },
      {
        items: [
          { id: 2, price: 6 },
          { id: 1, price: 7 },
        ],
      },
      ["body.items[].price"],
    ],
    [
      "entries without one, in their order",
      { items: [{ at: 1 }, { at: 2, b: 1 }] },
      { items: [{ at: 1 }, { at: 2, b: 2 }] },
      ["body.items[].b"],
    ],
    [
      "lists in lists",
      {
        rows: [
          [1, 2],
          [3, { a: 4 }],
        ],
      },
      {
        rows: [
          [{ a: 5 }, 3],
          [2, 1],
        ],
      },
      ["body.rows[][].a"],
    ],
    [
      "maps whose keys are ids",
      { s: { a8f30b12: 1, "17": 1, "0f8fad5b-d9cb-469f-a165-70867728950e": 1 } },
      { s: { b8f30b12: 1, "18": 1, "1f8fad5b-d9cb-469f-a165-70867728950e": 1 } },
      ["body.s.{}"],
    ],
    ["a key of the prototype", JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}'), ["body.__proto__"]],
  ])("%s", (...[, user, copy, there]) => {
    expect(bodies(user, copy)).toEqual(there);
  });

  test("with very many differences name fifty of them and the rest as one", () => {
    const wide = (value: number): unknown =>
      Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`field${at}x`, value]));
    const there = bodies(wide(1), wide(2));
    expect(there).toHaveLength(51);
    expect(there.at(-1)).toBe("body.*");
  });

  test("that are very deep are compared as texts", () => {
    const deep = (end: string): AnswerSeen => json(0, { body: `${"[".repeat(200_000)}${end}${"]".repeat(200_000)}` });
    expect(paths(deep("1"), deep("1"))).toEqual([]);
    expect(paths(deep("1"), deep("2"))).toEqual(["body"]);
  });
});

describe("other bodies", () => {
  const plain = (body: AnswerSeen["body"], type = "text/html"): AnswerSeen => ({
    status: 200,
    headers: [["content-type", type]],
    body,
  });

  test("texts show the first line that differs", () => {
    expect(differingParts(plain("a\nb\nc"), plain("a\r\nB\nc"), [])).toEqual([{ path: "body", user: "b", copy: "B" }]);
    expect(differingParts(plain("a"), plain("a\nb"), [])).toEqual([{ path: "body", user: undefined, copy: "b" }]);
    expect(paths(plain("a"), plain("b"), ["body"])).toEqual([]);
  });

  test("a plain text that is JSON on both sides is compared as such", () => {
    expect(paths(plain('{"a":[1,2]}', "text/plain"), plain('{"a": [2,1]}', "text/plain"))).toEqual([]);
    expect(paths(plain('{"a":1}', "text/plain"), plain('{"a":', "text/plain"))).toEqual(["body"]);
  });

  test("bytes are equal or not, and what was too large to keep is not compared", () => {
    expect(paths(plain(Uint8Array.of(1, 2)), plain(Uint8Array.of(1, 2)))).toEqual([]);
    expect(differingParts(plain(Uint8Array.of(1, 2)), plain(Uint8Array.of(1)), [])).toEqual([
      { path: "body", user: "2 bytes", copy: "1 bytes" },
    ]);
    expect(paths(plain("a"), plain(undefined))).toEqual([]);
  });
});

describe("status and headers", () => {
  const headed = (headers: AnswerSeen["headers"], status = 200): AnswerSeen => ({ status, headers, body: "" });

  test("differ by name, but for those that do by nature", () => {
    const user = headed([
      ["date", "now"],
      ["x-serin-mirror", "canary"],
      ["cache-control", "no-store"],
      ["vary", "a"],
      ["vary", "b"],
    ]);
    const copy = headed(
      [
        ["date", "then"],
        ["vary", "a, b"],
        ["x-new", "1"],
      ],
      500,
    );
    expect(differingParts(user, copy, [])).toEqual([
      { path: "status", user: "200", copy: "500" },
      { path: "header.cache-control", user: "no-store", copy: undefined },
      { path: "header.x-new", user: undefined, copy: "1" },
    ]);
    expect(paths(user, copy, ["status", "header.*"])).toEqual([]);
  });

  test("of cookies the names count, in any order", () => {
    const user = headed([
      ["set-cookie", "a=1; Path=/"],
      ["set-cookie", "b=2"],
    ]);
    expect(
      paths(
        user,
        headed([
          ["set-cookie", "b=3"],
          ["set-cookie", "a=4"],
        ]),
      ),
    ).toEqual([]);
    expect(differingParts(user, headed([["set-cookie", "a=1"]]), [])).toEqual([
      { path: "header.set-cookie", user: "***", copy: "***" },
    ]);
  });
});

describe("what people see", () => {
  test("is short, and no secret", () => {
    const [user, copy] = [
      {
        password: "hunter2",
        long: "x".repeat(500),
        auth: { accessToken: "t1", at: 1 },
        secrets: { db: ["s3"] },
        link: "/in?token=abc&x=1",
      },
      {
        password: "hunter3",
        long: "y".repeat(500),
        secrets: { db: ["s4"] },
        link: "/in?token=abd&x=1",
        more: "eyJhbGciOiJI.eyJzdWIiOiIx.c2ln",
      },
    ];
    const parts = differingParts(json(user), json(copy), []);
    expect(parts.map(({ path }) => path)).toEqual([
      "body.password",
      "body.long",
      "body.auth",
      "body.secrets.db[]",
      "body.link",
      "body.more",
    ]);
    for (const part of parts) expect((part.user ?? "").length).toBeLessThanOrEqual(200);
    const text = JSON.stringify(parts);
    for (const secret of ["hunter", "t1", "abc", "s3", "eyJ"]) expect(text).not.toContain(secret);
  });
});
