// Does a worker do what it is asked, and answer everything?
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { all, type Route } from "../core/split.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Command, Said } from "./messages.ts";
import { runWorker } from "./worker-loop.ts";

const route: Route = { split: { weights: all("stable") }, pools: {} };
const none = { counts: [], busy: [], mirrored: [] };
let main: MessagePort | undefined;
afterEach(() => main?.close());

/** A worker on a plane that notes what is done to it. */
function begin(plane: Partial<DataPlane> = {}): {
  said: Said[];
  done: string[];
  ask: (id: number, command: Command) => void;
} {
  const { port1, port2 } = new MessageChannel();
  main = port1;
  const said: Said[] = [];
  const done: string[] = [];
  port1.on("message", (message: Said) => said.push(message));
  void runWorker(
    {
      listen: async () => ({ port: 8080 }),
      setRoute: () => void done.push("route"),
      dropRoute: (section) => void done.push(`drop ${section}`),
      setTls: () => void done.push("tls"),
      counters: () => [],
      busy: () => [],
      mirrored: () => [],
      drain: async (timeoutMs) => void done.push(`drain ${timeoutMs}`),
      ...plane,
    },
    port2,
    false,
  );
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  return { said, done, ask: (id, command) => port1.postMessage({ id, command }) };
}

test("says where it listens, and answers every command with its id", async () => {
  const { said, done, ask } = begin();
  await expect.poll(() => said).toContainEqual({ kind: "listening", ports: { port: 8080 } });
  ask(1, { op: "route", route });
  ask(2, { op: "tls", pair: { cert: "c", key: "k" } });
  ask(3, { op: "drop", section: "cart" });
  ask(4, { op: "read" });
  for (const id of [1, 2, 3, 4]) await expect.poll(() => said).toContainEqual({ kind: "done", id, report: none });
  expect(done).toEqual(["route", "tls", "drop cart"]);
  // Also without being asked.
  await expect.poll(() => said).toContainEqual({ kind: "report", report: none });
});

test("says why it cannot do something, and goes on", async () => {
  const { said, ask } = begin({
    setRoute: () => {
      throw new Error("not this one");
    },
  });
  ask(1, { op: "route", route });
  ask(2, { op: "read" });
  await expect.poll(() => said).toContainEqual({ kind: "refused", id: 1, why: "not this one" });
  await expect.poll(() => said).toContainEqual({ kind: "done", id: 2, report: none });
});

test("says why it cannot listen, and ends", async () => {
  const busy = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE", port: 8080 });
  const { said } = begin({ listen: () => Promise.reject(busy) });
  const closed = new Promise((resolve) => main?.once("close", resolve));
  const unable = { kind: "unable", code: "EADDRINUSE", message: "listen EADDRINUSE", port: 8080 };
  await expect.poll(() => said).toContainEqual(unable);
  await closed;
});

test("drains, answers, and lets go of the main thread", async () => {
  const { said, done, ask } = begin();
  const closed = new Promise((resolve) => main?.once("close", resolve));
  ask(7, { op: "drain", timeoutMs: 5_000 as Extract<Command, { op: "drain" }>["timeoutMs"] });
  await closed;
  expect(done).toEqual(["drain 5000"]);
  expect(said).toContainEqual({ kind: "done", id: 7, report: none });
});
