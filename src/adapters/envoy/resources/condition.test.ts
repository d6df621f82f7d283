// Do expressions that an Envoy gets say what a rule says?
import { expect, test } from "vitest";
import type { Condition, ValueIs } from "../../../core/match.ts";
import { matchOf } from "./condition.ts";

/** The expressions that a request's whole `:path` must match. */
function paths(...when: readonly Condition[]): readonly RegExp[] {
  return (matchOf(when, "main")?.headers ?? []).flatMap(({ name, headerMatchSpecifier: is }) => {
    if (name !== ":path" || is?.case !== "stringMatch" || is.value.matchPattern?.case !== "safeRegex") return [];
    // RE2's inline flag, which is not JavaScript's.
    return [new RegExp(`^(?:${is.value.matchPattern.value.regex ?? ""})$`, "u")];
  });
}

const holds = (path: string, ...when: readonly Condition[]): boolean =>
  paths(...when).every((regex) => regex.test(path));

const query = (name: string, is: ValueIs): Condition => ({ on: "query", name, is });

test.each([
  [query("v", { exact: "1" }), ["/?v=1", "/a?x=2&v=1&y", "/?v=0&v=1"], ["/", "/?v=10", "/?vv=1", "/v=1", "/?x=?v=1"]],
  [query("v", { prefix: "ab" }), ["/?v=ab", "/?v=abc&x"], ["/?v=a", "/?v=xab"]],
  [query("v", { present: true }), ["/?v", "/?v=", "/?a&v=1"], ["/?va", "/?a=v"]],
  [query("v", { exact: "" }), ["/?v", "/?v=", "/?v&x"], ["/?v=1"]],
  [query("v", { regex: "^[^a]+.b$" }), ["/?v=xxb", "/?v=xxb&a"], ["/?v=x&yb", "/?v=axb"]],
  [query("a.b", { exact: "(1)*" }), ["/?a.b=(1)*"], ["/?axb=(1)*", "/?a.b=11"]],
  [query("q", { exact: "a b&é" }), ["/?q=a+b%26%c3%a9", "/?q=a%20b%26%C3%A9"], ["/?q=a+b", "/?q=a+b&%c3%a9"]],
])("%j", (condition, own, others) => {
  expect(own.filter((path) => !holds(path, condition))).toEqual([]);
  expect(others.filter((path) => holds(path, condition))).toEqual([]);
});

test("of two conditions on the path, the expression looks at the path alone", () => {
  const match = matchOf(
    [
      { on: "path", is: { prefix: "/api/" } },
      { on: "path", is: { regex: ".*[.]json" } },
    ],
    "main",
  );
  expect(match?.pathSpecifier).toEqual({ case: "safeRegex", value: { regex: ".*[.]json" } });
  const prefix: Condition = { on: "path", is: { prefix: "/api" } };
  const regexes: Condition[] = [".*[.]json", "/a[^b]*/.{3,}"].map((regex) => ({ on: "path", is: { regex } }));
  expect(holds("/api/a.json?x=1", prefix, ...regexes)).toBe(true);
  expect(holds("/apix/a.json", prefix, ...regexes)).toBe(false);
  expect(holds("/api?/abc", prefix, ...regexes)).toBe(false);
});

test("a rule for the second address takes nothing at the first", () => {
  expect(matchOf([{ on: "listener", is: "preview" }], "main")).toBeUndefined();
  expect(matchOf([{ on: "listener", is: "preview" }], "preview")).toBeDefined();
});
