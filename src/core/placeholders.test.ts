// Is a question asked about whom it names, and not about anybody else?
import { expect, test } from "vitest";
import { placed, tellsPools, tellsReplicas } from "./placeholders.ts";

const PLACES = { service: "shop", pool: "1-canary", revision: "abc", role: "canary" };

test("what it is about is put in, and braces of the language stay", () => {
  expect(placed('x{r="{{role}}",p="{{ pool }}"}', PLACES)).toBe('x{r="canary",p="1-canary"}');
});

test("names of others stay, and a value is put in as it is", () => {
  expect(placed("{{from}} {{service}}", { ...PLACES, service: "$& {{role}}" })).toBe("{{from}} $& {{role}}");
  expect(placed("{{role}} {{interval}}", PLACES)).toBe("canary {{interval}}");
});

test("a pool without a role has no answer by role", () => {
  expect(placed("{{role}}", { ...PLACES, role: undefined })).toBeUndefined();
  expect(placed("{{replica}}", PLACES)).toBeUndefined();
  expect(placed("{{pool}}", { ...PLACES, role: undefined })).toBe("1-canary");
});

test("the service alone tells no pool from another", () => {
  expect(tellsPools("{{service}}")).toBe(false);
  expect(tellsPools("{{revision}}")).toBe(true);
  expect([tellsReplicas("{{pool}}"), tellsReplicas("{{replica}}")]).toEqual([false, true]);
});
