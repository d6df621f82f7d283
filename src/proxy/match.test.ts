// Does a rule hold for the requests that it means, and for no others?
import { describe, expect, test } from "vitest";
import type { Condition, ValueIs } from "../core/match.ts";
import { anyTestOf, linearRegex, rulesOf } from "./match.ts";
import { Sight, type Asked } from "./sight.ts";

interface Given {
  readonly verb?: string;
  readonly target?: string;
  readonly cookies?: string;
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  readonly preview?: boolean;
}

function sight({ verb = "GET", target = "/", cookies, fields = {}, preview = false }: Given): Sight {
  const asked: Asked = { verb, target, cookies, field: (name) => fields[name] ?? [] };
  return new Sight(asked, preview);
}

const holds = (condition: Condition, given: Given): boolean => anyTestOf([[condition]])(sight(given));
const header = (is: ValueIs): Condition => ({ on: "header", name: "x-beta", is });
const query = (is: ValueIs): Condition => ({ on: "query", name: "v", is });
const cookie = (is: ValueIs): Condition => ({ on: "cookie", name: "who", is });
const path = (prefix: string): Condition => ({ on: "path", is: { prefix } });
const beta = (...values: readonly string[]): Given => ({ fields: { "x-beta": values } });

describe("a condition", () => {
  test.each<[string, Condition, Given, boolean]>([
    ["a header is a value", header({ exact: "1" }), beta("1"), true],
    ["of a header of which one value is", header({ exact: "1" }), beta("0", "1"), true],
    ["another case is another value", header({ exact: "yes" }), beta("Yes"), false],
    ["without the header", header({ exact: "" }), {}, false],
    ["empty is there", header({ present: true }), beta(""), true],
    ["nothing is not there", header({ present: true }), {}, false],
    ["a beginning", header({ prefix: "v2" }), beta("v2.1"), true],
    ["in the middle is no beginning", header({ prefix: "v2" }), beta("xv2"), false],
    ["a whole value", header({ regex: "v[0-9]+" }), beta("v12"), true],
    ["part of a value", header({ regex: "v[0-9]+" }), beta("v12x"), false],
    ["alternatives are whole too", header({ regex: "a|b" }), beta("ab"), false],
    ["beyond ASCII", header({ exact: "käse" }), beta(Buffer.from("käse").toString("latin1")), true],
    ["a query field", query({ exact: "2" }), { target: "/?v=2" }, true],
    ["of a query field that comes twice", query({ exact: "2" }), { target: "/?v=1&v=2" }, true],
    ["percent and plus", query({ exact: "a b&c" }), { target: "/?v=a+b%26c" }, true],
    ["a name that is encoded", query({ exact: "2" }), { target: "/?%76=2" }, true],
    ["part of a name", query({ exact: "2" }), { target: "/?xv=2" }, false],
    ["a field without a value is there", query({ present: true }), { target: "/?v" }, true],
    ["no query", query({ present: true }), { target: "/v" }, false],
    ["a cookie", cookie({ exact: "me" }), { cookies: "theme=dark; who=me" }, true],
    ["a cookie that comes twice", cookie({ exact: "me" }), { cookies: "who=you; who=me" }, true],
    ["part of a cookie's name", cookie({ exact: "me" }), { cookies: "xwho=me" }, false],
    ["a cookie's value with =", cookie({ exact: "a=b" }), { cookies: "who=a=b" }, true],
    ["no cookies", cookie({ present: true }), {}, false],
    ["a path", path("/cart"), { target: "/cart?x" }, true],
    ["a path below", path("/cart"), { target: "/cart/1" }, true],
    ["a path with the same letters", path("/cart"), { target: "/carts" }, false],
    ["a path that goes elsewhere", path("/cart"), { target: "/cart/../admin" }, false],
    ["a path that comes from elsewhere", path("/admin"), { target: "/cart/../admin" }, true],
    ["a path that is encoded", path("/cart"), { target: "/c%61rt" }, true],
    ["a path with slashes", path("/cart"), { target: "//cart" }, true],
    ["below a folder", path("/cart/"), { target: "/cart/1" }, true],
    ["a folder is not the file", path("/cart/"), { target: "/cart" }, false],
    ["every path", path("/"), { target: "/x" }, true],
    ["a whole path", { on: "path", is: { exact: "/a" } }, { target: "/a/" }, false],
    ["a path by its form", { on: "path", is: { regex: "/v[0-9]/.*" } }, { target: "/v2/x" }, true],
    ["a method", { on: "method", is: ["PUT", "PURGE"] }, { verb: "PURGE" }, true],
    ["a method in small letters", { on: "method", is: ["PUT"] }, { verb: "put" }, false],
    ["the second address", { on: "listener", is: "preview" }, { preview: true }, true],
    ["the first address", { on: "listener", is: "preview" }, { preview: false }, false],
  ])("%s", (_, ...[condition, given, expected]) => {
    expect(holds(condition, given)).toBe(expected);
  });
});

test("the first rule of which all conditions hold decides", () => {
  const roleOf = rulesOf([
    { when: [header({ present: true }), path("/cart")], to: "stable" },
    { when: [header({ present: true })], to: "canary" },
    { when: [path("/")], to: "baseline" },
  ]);
  expect(roleOf(sight({ ...beta("1"), target: "/cart" }))).toBe("stable");
  expect(roleOf(sight({ ...beta("1"), target: "/" }))).toBe("canary");
  expect(roleOf(sight({ target: "/cart" }))).toBe("baseline");
  expect(rulesOf([])(sight({}))).toBeUndefined();
});

describe("a regular expression", () => {
  test.each(["(a+)+b", "(a|a)*b", "(a|aa)+$", "(.*a){20}b", "([a-z]+)*[0-9]"])(
    "%s answers soon, whatever a client sends",
    (source) => {
      const regex = linearRegex(source);
      const begun = performance.now();
      for (let length = 1_000; length < 1_024; length += 1) regex("a".repeat(length));
      // JavaScript's own takes longer for one value of 40 letters than a test may.
      expect(performance.now() - begun).toBeLessThan(5_000);
    },
  );
  test("is not tried on more than 1 024 characters", () => {
    expect(linearRegex("a*")("a".repeat(1_024))).toBe(true);
    expect(linearRegex("a*")("a".repeat(1_025))).toBe(false);
  });
  test.each(["(", "(?=x)y", String.raw`(a)\1`, "a)|(b", "(?i)x", "((a{100}){100}){100}"])("is not %s", (source) => {
    expect(() => linearRegex(source)).toThrow(Error);
  });
});
