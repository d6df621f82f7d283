// Is what cannot be read told until it is over, and no longer?
import { expect, test } from "vitest";
import { ms } from "../../core/units.ts";
import { Unreadables } from "./malformed.ts";

const log = { of: "log", fleet: "edge", from: "edge-1" } as const;

test("a stream is told to its own fleet until its Envoy's next good message", () => {
  const all = new Unreadables();
  all.malformed({ ...log, why: "no entry" }, ms(0));
  expect(all.of("log", "edge", ms(10))).toBe("what Envoy edge-1 logs cannot be read: no entry");
  expect(all.of("log", "inner", ms(10))).toBeUndefined();
  expect(all.of("metrics", "edge", ms(10))).toBeUndefined();
  all.readable({ ...log, from: "edge-2" });
  all.readable({ ...log, of: "discovery" });
  expect(all.of("log", "edge", ms(20))).toContain("no entry");
  all.readable(log);
  expect(all.of("log", "edge", ms(20))).toBeUndefined();
});

test("an Envoy that never said who it is is told to all, and forgotten after minutes", () => {
  const all = new Unreadables();
  all.malformed({ of: "metrics", from: "10.0.0.7:4000", why: "no message" }, ms(0));
  expect(all.of("metrics", "edge", ms(180_000))).toContain("10.0.0.7:4000");
  expect(all.of("metrics", "edge", ms(180_001))).toBeUndefined();
});

test("a certificate is told when its files stay unreadable, until they are read again", () => {
  const all = new Unreadables();
  all.certificate("it is gone", ms(0));
  all.certificate("it is half", ms(9_000));
  expect(all.channel(ms(10_000))).toBeUndefined();
  expect(all.channel(ms(10_001))).toContain("cannot be renewed: it is half");
  all.certificate(undefined, ms(11_000));
  expect(all.channel(ms(30_000))).toBeUndefined();
});
