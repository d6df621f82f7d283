// Are conditions read as they are meant?
import { expect, test } from "vitest";
import type { Condition } from "../../core/match.ts";
import { isMeant, partsOf } from "./meant.ts";

const request = partsOf(
  "GET /cart/1?beta=1&beta=2&q=a%20b HTTP/1.1\r\nHost: h\r\nX-User: anna\r\nX-User: ben\r\nCookie: a=1; plan=pro\r\nCookie: b=\r\n\r\n",
);

test.each<readonly [boolean, Condition]>([
  [true, { on: "header", name: "x-user", is: { exact: "ben" } }],
  [false, { on: "header", name: "x-user", is: { exact: "Ben" } }],
  [false, { on: "header", name: "x-none", is: { present: true } }],
  [true, { on: "header", name: "x-user", is: { regex: "a.*a" } }],
  [false, { on: "header", name: "x-user", is: { regex: "a" } }],
  [true, { on: "cookie", name: "plan", is: { prefix: "p" } }],
  [true, { on: "cookie", name: "b", is: { present: true } }],
  [false, { on: "cookie", name: "c", is: { present: true } }],
  [true, { on: "query", name: "beta", is: { exact: "2" } }],
  [true, { on: "query", name: "q", is: { exact: "a b" } }],
  [true, { on: "path", is: { prefix: "/cart" } }],
  [true, { on: "path", is: { prefix: "/cart/" } }],
  [false, { on: "path", is: { prefix: "/car" } }],
  [true, { on: "path", is: { exact: "/cart/1" } }],
  [true, { on: "path", is: { regex: "/cart/\\d" } }],
  [true, { on: "method", is: ["POST", "GET"] }],
  [false, { on: "method", is: ["POST"] }],
])("%s: %j", (holds, condition) => {
  expect(isMeant([[condition]], request)).toBe(holds);
  const always: Condition = { on: "method", is: ["GET"] };
  expect(isMeant([[condition, always]], request)).toBe(holds);
  expect(isMeant([[condition], [always]], request)).toBe(true);
});

test("without conditions every request is meant", () => {
  expect(isMeant(undefined, request)).toBe(true);
});
