// Who can share an address?
import { expect, test } from "vitest";
import type { Section } from "../../core/split.ts";
import { EnvoySchema } from "../../core/spec/envoy.ts";
import { conflictOf } from "./shared.ts";

const asked = (service: string, written: object, part: { front?: string; section?: Section } = {}) => ({
  service,
  front: part.front ?? service,
  section: part.section,
  spec: EnvoySchema.parse({ listen: 8080, ...written }),
});
const at = (name: string): Section => ({ name, order: 1, when: [[]] });

test("services with hosts of their own can", () => {
  const others = [asked("a", { hosts: ["a.org"] }), asked("b", { hosts: ["*.b.org"] })];
  expect(conflictOf(asked("c", { hosts: ["b.org", "*"] }), others)).toBeUndefined();
  expect(conflictOf(asked("c", {}), [])).toBeUndefined();
});

test("sections of one front can, unless they are the same one", () => {
  const other = asked("a", {}, { section: at("cart"), front: "shop" });
  expect(conflictOf(asked("b", {}, { section: at("pay"), front: "shop" }), [other])).toBeUndefined();
  expect(conflictOf(asked("b", {}, { front: "shop" }), [other])).toBeUndefined();
  expect(conflictOf(asked("b", {}, { section: at("cart"), front: "shop" }), [other])?.found).toBe(
    "both have all requests of shop",
  );
});

test.each([
  [{ hosts: ["a.org"] }, "both have the host a.org at 127.0.0.1:8080"],
  [{ tls: { cert: "c", key: "k" } }, "one speaks TLS at 127.0.0.1:8080 and the other does not"],
  [{ preview: 8081 }, "their listen and preview are not the same two addresses"],
  [{ timeouts: { head: "1s" } }, "they differ in timeouts.head, which holds for the whole address 127.0.0.1:8080"],
  [{ tracing: { otlp: "http://x/" } }, "they differ in tracing, which holds for the whole address 127.0.0.1:8080"],
])("%o cannot", (written, found) => {
  const conflict = conflictOf(asked("b", written), [asked("a", { hosts: ["a.org"] })]);
  expect(conflict).toEqual({ other: "a", found });
});
