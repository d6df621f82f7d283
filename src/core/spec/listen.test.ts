import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readListen } from "./listen.ts";

test.each([
  [8080, "127.0.0.1", 8080],
  ["8080", "127.0.0.1", 8080],
  [":8080", "127.0.0.1", 8080],
  ["0.0.0.0:80", "0.0.0.0", 80],
  ["localhost:0", "localhost", 0],
  ["[::1]:8080", "::1", 8080],
  ["[fe80::1%eth0]:443", "fe80::1%eth0", 443],
])("%j", (input, host, port) => {
  expect(readListen(input)).toEqual({ ok: true, value: { host, port } });
});

test.each([
  ["::1:80"],
  ["*:80"],
  ["http://localhost"],
  ["a:b"],
  ["1.2.3:80"],
  ["1.2.3.256:80"],
  ["a:65536"],
  [-1],
  [1.5],
])("not an address: %j", (input) => {
  expect(readListen(input).ok).toBe(false);
});

test("never throws, whatever stands there", () => {
  const everything = fc.property(fc.anything(), (input) => typeof readListen(input).ok === "boolean");
  expect(() => fc.assert(everything)).not.toThrow();
});
