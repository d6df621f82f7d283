// Does an expression find the cookies that are meant, and no others?
import { RE2JS } from "re2js";
import { expect, test } from "vitest";
import type { ValueIs } from "../../../core/match.ts";
import { cookieExpression } from "./cookies.ts";

const cookie = (name: string, is: ValueIs) => ({ on: "cookie" as const, name, is });
const finds = (header: string, ...cookies: readonly ReturnType<typeof cookie>[]): boolean =>
  RE2JS.matches(cookieExpression(cookies), header);

test.each<[ValueIs, string, boolean]>([
  [{ present: true }, "beta=", true],
  [{ present: true }, "a=b; beta=1", true],
  [{ present: true }, "abeta=1", false],
  [{ present: true }, "a=beta", false],
  [{ exact: "1.0" }, "beta=1.0; c=d", true],
  [{ exact: "1.0" }, "beta=1x0", false],
  [{ exact: "1" }, "beta=11", false],
  [{ prefix: "v" }, "a=b;beta=v12;c=d", true],
  [{ prefix: "v" }, "beta=w; a=v", false],
  [{ regex: "v.*2" }, "beta=v12", true],
  [{ regex: "v.*2" }, "beta=v1; a=2", false],
  [{ regex: String.raw`[^x]+\D` }, "beta=1; a=b", false],
])("%o in %s: %s", (is, header, isFound) => {
  expect(finds(header, cookie("beta", is))).toBe(isFound);
});

test("several stand in any order, with others between them", () => {
  const [a, b] = [cookie("a", { exact: "1" }), cookie("b", { exact: "2" })];
  for (const header of ["a=1; b=2", "b=2;a=1", "x=y; b=2; z=1; a=1; w=0"]) expect(finds(header, a, b)).toBe(true);
  for (const header of ["a=1", "a=1; b=3", "a=1b=2"]) expect(finds(header, a, b)).toBe(false);
});

test("one that must be two things is both, or none", () => {
  const beta = (is: ValueIs) => cookie("beta", is);
  expect(finds("beta=v1", beta({ prefix: "v" }), beta({ exact: "v1" }))).toBe(true);
  expect(cookieExpression([beta({ exact: "1" }), beta({ exact: "2" })])).toBe("never");
});

test("so many orders are not written down", () => {
  expect(cookieExpression(["a", "b", "c", "d"].map((name) => cookie(name, { present: true })))).toBe("unknown");
});
