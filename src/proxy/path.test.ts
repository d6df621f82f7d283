// Is a path the same one, however it is written?
import { expect, test } from "vitest";
import { plainPath } from "./path.ts";

test.each([
  ["/cart", "/cart"],
  ["/cart?x=/../admin", "/cart"],
  ["/cart#/../admin", "/cart"],
  ["/cart/../admin", "/admin"],
  ["/cart/./../admin/.", "/admin/"],
  ["/../../admin", "/admin"],
  ["//admin", "/admin"],
  ["/cart//1", "/cart/1"],
  ["/c%61rt", "/cart"],
  ["/cart/%2e%2E/admin", "/admin"],
  ["/cart%2F..%2fadmin", "/admin"],
  ["/cart\\..\\admin", "/admin"],
  ["/cart/%5c../admin", "/admin"],
  // Decoded once, as servers do: what is left is part of a name.
  ["/cart/%252e%252e/admin", "/cart/%2e%2e/admin"],
  ["/cart/", "/cart/"],
  ["/cart/..", "/"],
  ["/", "/"],
  ["/.well-known/x", "/.well-known/x"],
  ["/a..b/...", "/a..b/..."],
  ["/caf%C3%A9", "/café"],
  // What cannot be decoded stays, and does not keep the rest from being decoded.
  ["/%zz/%61dmin", "/%zz/admin"],
  ["/%ff/../%61dmin", "/admin"],
  ["*", "*"],
])("%s is %s", (written, plain) => {
  expect(plainPath(written)).toBe(plain);
});
