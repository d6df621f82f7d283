// Does the outbox end what it has started?
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createMessenger } from "../../src/adapters/messenger/messenger.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import type { Message } from "../../src/core/outbox/message.ts";
import { ms } from "../../src/core/units.ts";
import { Outbox } from "../../src/runtime/outbox.ts";
import { Folder, message } from "./messenger/place.ts";
import { Receiver } from "./messenger/receiver.ts";

const LIMIT = { timeout: 30_000, interval: 20 };
const SCRIPT = fileURLToPath(new URL("messenger/script.mjs", import.meta.url));
const clock = systemClock();

let folder: Folder;
let outbox: Outbox;

beforeEach(() => {
  folder = new Folder();
  outbox = new Outbox({ clock, messenger: createMessenger({ clock }), wake: () => undefined });
});

afterEach(async () => {
  await outbox.stop();
  await folder.remove();
});

function stays(what: string, more: Partial<Message> = {}): Message {
  const command = [process.execPath, SCRIPT, what, folder.path("pid")];
  return { ...message({ kind: "command", command, env: {}, cwd: folder.dir }), ...more };
}

const started = () =>
  vi.waitFor(() => {
    const pid = Number(readFileSync(folder.path("pid"), "utf8"));
    expect(pid).toBeGreaterThan(1);
    return pid;
  }, LIMIT);

test("a command that takes too long is killed, even if it does not want to", async () => {
  outbox.sync([stays("stubborn", { timeoutMs: ms(5_000) })], clock.now());
  const pid = await started();
  await vi.waitFor(() => expect(outbox.taken()).toHaveLength(1), LIMIT);
  expect(outbox.taken()).toMatchObject([{ ok: false, result: "no answer in 5s", output: "no\n" }]);
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("stop ends a command before it answers", async () => {
  outbox.sync([stays("stay")], clock.now());
  const pid = await started();
  await outbox.stop();
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  expect(outbox.taken()).toEqual([]);
});

test("a receiver that never answers holds up no hook", async () => {
  const receiver = new Receiver();
  receiver.answer = () => undefined;
  const url = await receiver.start();
  const silent = { kind: "http", url, method: "POST", headers: {} } as const;
  const news = Array.from({ length: 20 }, (_, index) => ({
    ...message(silent),
    id: `n${index}`,
    purpose: "notification" as const,
  }));
  const hook = { ...stays("fail"), id: "hook" };
  outbox.sync([...news, hook], clock.now());
  await vi.waitFor(() => expect(outbox.taken()).toMatchObject([{ id: "hook", result: "exited with code 3" }]), LIMIT);
  expect(receiver.open).toBeLessThanOrEqual(8);
  await outbox.stop();
  await vi.waitFor(() => expect(receiver.open).toBe(0), LIMIT);
  await receiver.stop();
});
