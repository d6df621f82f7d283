// Who counts as there, when Envoys come back or share a name?
import { expect, test } from "vitest";
import { ms } from "../../core/units.ts";
import { Roll } from "./roll.ts";
import type { Discovery } from "./xds/discovery.ts";
import type { XdsListener } from "./xds/events.ts";
import type { ConnectedEnvoy } from "./xds/node.ts";

function scene() {
  const streams = new Set<ConnectedEnvoy>();
  let nowMs = 0;
  let listener: XdsListener = {};
  const discovery = {
    envoys: (fleet?: string) => [...streams].filter(({ node }) => fleet === undefined || node.fleet === fleet),
    listen: (given: XdsListener) => (listener = given),
  } as unknown as Discovery;
  const roll = new Roll(discovery, { now: () => ms(nowMs), sleep: () => Promise.resolve() }, () => undefined);
  return {
    roll,
    pass: (byMs: number) => (nowMs += byMs),
    come: (id: string): ConnectedEnvoy => {
      const envoy = { node: { id, fleet: "serin" } } as ConnectedEnvoy;
      streams.add(envoy);
      listener.connected?.(envoy);
      return envoy;
    },
    go: (envoy: ConnectedEnvoy) => {
      streams.delete(envoy);
      listener.disconnected?.(envoy);
    },
    tell: (): XdsListener => listener,
    speak: (envoy: ConnectedEnvoy) => listener.acknowledged?.(envoy, "runtime", new Map()),
  };
}

test("one that is away is known for a minute", () => {
  const { roll, come, go, pass } = scene();
  const one = come("edge-1");
  go(one);
  pass(60_000);
  expect([roll.known("serin"), roll.isGone("serin edge-1"), roll.known("other")]).toEqual([
    ["serin edge-1"],
    false,
    [],
  ]);
  pass(1);
  expect(roll.isGone("serin edge-1")).toBe(true);
  expect(roll.known("serin")).toEqual([]);
  // Forgotten, and still nobody to wait for.
  expect(roll.isGone("serin edge-1")).toBe(true);
});

test("one that has come again is one, and its old stream's end does not make it lost", () => {
  const { roll, come, go, pass } = scene();
  const before = come("edge-1");
  const now = come("edge-1");
  expect(roll.envoys("serin")).toEqual([now]);
  expect(roll.twins("serin")).toBeUndefined();
  go(before);
  pass(120_000);
  expect([roll.envoys("serin"), roll.isGone("serin edge-1")]).toEqual([[now], false]);
});

test("two of one name are noticed as soon as the older one speaks, until one is gone", () => {
  const { roll, come, go, speak } = scene();
  const [older, newer] = [come("edge-1"), come("edge-1")];
  speak(newer);
  expect(roll.twins("serin")).toBeUndefined();
  speak(older);
  expect(roll.twins("serin")).toContain("two Envoys of the fleet serin are called edge-1");
  expect(roll.envoys("serin")).toEqual([older, newer]);
  go(newer);
  expect([roll.twins("serin"), roll.envoys("serin")]).toEqual([undefined, [older]]);
});

test("what nobody understands is told until it is over", () => {
  const { roll, tell, pass } = scene();
  const sender = { of: "log", fleet: "serin", from: "edge-1" } as const;
  tell().malformed?.({ ...sender, why: "no entry" });
  expect([roll.unread("log", "serin"), roll.unread("discovery", "serin")]).toEqual([
    "what Envoy edge-1 logs cannot be read: no entry",
    undefined,
  ]);
  tell().readable?.(sender);
  tell().certificate?.("it is gone");
  expect(roll.unread("log", "serin")).toBeUndefined();
  pass(11_000);
  expect(roll.unread("log", "serin")).toContain("cannot be renewed: it is gone");
  tell().certificate?.(undefined);
  expect(roll.unread("log", "serin")).toBeUndefined();
});
