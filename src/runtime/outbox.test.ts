import { expect, test } from "vitest";
import { createVirtualClock } from "../adapters/memory/clock.ts";
import type { Delivery, Message } from "../core/outbox/message.ts";
import { ms } from "../core/units.ts";
import type { Carriage, Messenger } from "../ports/messenger.ts";
import type { Call } from "../ports/observed.ts";
import { Outbox } from "./outbox.ts";

const OK: Carriage = { ok: true, result: "200 OK", output: "fine" };

/** A receiver that answers when the test says so. */
class Scripted implements Messenger {
  readonly open: { readonly message: Message; readonly call: Call; readonly answer: (carriage: Carriage) => void }[] =
    [];
  /** Every attempt that reached it. */
  readonly got: string[] = [];
  most = 0;
  /** Whether one that is called off ends. */
  heeds = true;

  deliver(message: Message, call: Call): Promise<Carriage> {
    this.got.push(`${message.id} #${message.failed}`);
    return new Promise((resolve) => {
      const answer = (carriage: Carriage): void => {
        this.open.splice(
          this.open.findIndex((one) => one.answer === answer),
          1,
        );
        resolve(carriage);
      };
      this.open.push({ message, call, answer });
      this.most = Math.max(this.most, this.open.length);
      const off = (): void => {
        if (this.heeds) answer({ ok: false, result: "ended by SIGTERM", output: "so far" });
      };
      call.signal.addEventListener("abort", off, { once: true });
    });
  }

  answer(id: string, carriage: Carriage = OK): void {
    const found = this.open.find(({ message }) => message.id === id);
    if (!found) throw new Error(`nothing open for ${id}`);
    found.answer(carriage);
  }
}

function place() {
  const clock = createVirtualClock();
  const messenger = new Scripted();
  let wakes = 0;
  const start = (mostAtOnce?: number) => {
    const wake = (): void => {
      wakes += 1;
    };
    return new Outbox({ clock, messenger, wake, mostAtOnce });
  };
  const message = (id: string, more: Partial<Message> = {}): Message => ({
    id,
    name: id,
    purpose: "hook",
    target: { kind: "http", url: "http://x", method: "POST", headers: {} },
    payload: { id },
    timeoutMs: ms(10_000),
    failed: 0,
    retries: 0,
    dueMs: clock.now(),
    ...more,
  });
  /** Lets everything go on that can. */
  const settle = () => clock.advance(ms(0));
  return { clock, messenger, start, message, settle, wakes: () => wakes };
}

test("what came of an attempt stays until it is confirmed, and is not attempted again", async () => {
  const { clock, messenger, start, message, settle, wakes } = place();
  const outbox = start();
  const one = message("shop/1/smoke");
  const startedMs = clock.now();
  outbox.sync([one], clock.now());
  outbox.sync([one], clock.now());
  expect(outbox.taken()).toEqual([]);
  await clock.advance(ms(1_500));
  messenger.answer(one.id);
  await settle();
  expect(wakes()).toBe(1);
  const endedMs = clock.now();
  const delivery: Delivery = { id: one.id, failed: 0, ...OK, startedMs, endedMs };
  expect(outbox.taken()).toEqual([delivery]);
  // The decision could not be written down: the same is taken again.
  outbox.sync([one], clock.now());
  expect(outbox.taken()).toEqual([delivery]);
  outbox.confirm([delivery]);
  expect(outbox.taken()).toEqual([]);
  outbox.sync([], clock.now());
  await settle();
  expect(messenger.got).toEqual(["shop/1/smoke #0"]);
});

test("a crash between delivery and journal: delivered again, with the same id", async () => {
  const { clock, messenger, start, message, settle } = place();
  const one = message("shop/1/smoke");
  const before = start();
  before.sync([one], clock.now());
  messenger.answer(one.id);
  await settle();
  expect(before.taken()).toHaveLength(1);
  // The state that the next controller loads still holds the message.
  const after = start();
  after.sync([one], clock.now());
  messenger.answer(one.id);
  await settle();
  expect(after.taken()).toMatchObject([{ id: one.id, failed: 0, ok: true }]);
  expect(messenger.got).toEqual(["shop/1/smoke #0", "shop/1/smoke #0"]);
});

test("a crash before the answer: the next controller attempts it too", async () => {
  const { clock, messenger, start, message, settle } = place();
  const one = message("shop/1/smoke");
  const before = start();
  before.sync([one], clock.now());
  await before.stop();
  expect(before.taken()).toEqual([]);
  start().sync([one], clock.now());
  await settle();
  expect(messenger.got).toEqual(["shop/1/smoke #0", "shop/1/smoke #0"]);
});

test("the next attempt goes out once the state says so, when it is due", async () => {
  const { clock, messenger, start, message, settle } = place();
  const outbox = start();
  const first = message("a");
  outbox.sync([first], clock.now());
  messenger.answer("a", { ok: false, result: "503 Service Unavailable", output: "" });
  await settle();
  outbox.confirm(outbox.taken());
  const second = message("a", { failed: 1, dueMs: ms(clock.now() + 5_000) });
  outbox.sync([second], clock.now());
  await settle();
  expect(messenger.got).toEqual(["a #0"]);
  await clock.advance(ms(5_000));
  outbox.sync([second], clock.now());
  expect(messenger.got).toEqual(["a #0", "a #1"]);
});

test("no answer in time is a failure, with what was written so far", async () => {
  const { clock, messenger, start, message, wakes } = place();
  const outbox = start();
  outbox.sync([message("a", { timeoutMs: ms(30_000) })], clock.now());
  await clock.advance(ms(29_999));
  expect(outbox.taken()).toEqual([]);
  await clock.advance(ms(1));
  expect(messenger.open).toEqual([]);
  expect(outbox.taken()).toMatchObject([{ id: "a", ok: false, result: "no answer in 30s", output: "so far" }]);
  expect(wakes()).toBe(1);
});

test("one that does not even end when it is called off is let go of", async () => {
  const { clock, messenger, start, message } = place();
  messenger.heeds = false;
  const outbox = start();
  outbox.sync([message("a")], clock.now());
  await clock.advance(ms(14_999));
  expect(outbox.taken()).toEqual([]);
  await clock.advance(ms(1));
  expect(outbox.taken()).toMatchObject([{ ok: false, result: "no answer in 10s", output: "" }]);
  // An answer that comes later changes nothing.
  messenger.answer("a");
  await clock.advance(ms(1));
  expect(outbox.taken()).toMatchObject([{ ok: false }]);
  expect(clock.sleeping()).toBe(0);
});

test("slow notifications hold up no hook, and no more than eight go out at once", async () => {
  const { clock, messenger, start, message, settle } = place();
  const outbox = start();
  const now = clock.now();
  const news = Array.from({ length: 20 }, (_, index) =>
    message(`n${index}`, { purpose: "notification", dueMs: ms(now - index) }),
  );
  outbox.sync(news, now);
  expect(messenger.open).toHaveLength(8);
  // The longest due go first.
  expect(messenger.open.map(({ message: { id } }) => id)).toEqual([19, 18, 17, 16, 15, 14, 13, 12].map((n) => `n${n}`));
  const all = [...news, message("hook")];
  outbox.sync(all, now);
  expect(messenger.open).toHaveLength(9);
  messenger.answer("hook");
  messenger.answer("n19");
  await settle();
  outbox.sync(all, now);
  expect(messenger.got.at(-1)).toBe("n11 #0");
  expect(messenger.most).toBe(9);
});

test("a message that is in the state no more is called off, and nobody hears of it", async () => {
  const { clock, messenger, start, message, settle, wakes } = place();
  const outbox = start();
  outbox.sync([message("a"), message("b")], clock.now());
  outbox.sync([message("b")], clock.now());
  await settle();
  expect(messenger.open.map(({ message: { id } }) => id)).toEqual(["b"]);
  expect(outbox.taken()).toEqual([]);
  // There is room for another.
  expect(wakes()).toBe(1);
  messenger.answer("b");
  await settle();
  outbox.sync([], clock.now());
  expect(outbox.taken()).toEqual([]);
});

test("stop calls everything off, waits for it, and nothing starts after it", async () => {
  const { clock, messenger, start, message, wakes } = place();
  const outbox = start();
  outbox.sync([message("a"), message("b")], clock.now());
  await outbox.stop();
  expect(messenger.open).toEqual([]);
  outbox.sync([message("c")], clock.now());
  expect(messenger.got).toEqual(["a #0", "b #0"]);
  expect([outbox.taken(), wakes(), clock.sleeping()]).toEqual([[], 0, 0]);
});

test("a messenger that breaks is a failed attempt", async () => {
  const { clock, message, settle } = place();
  const broken: Messenger = {
    deliver: () => {
      throw new Error("no such module");
    },
  };
  const outbox = new Outbox({ clock, messenger: broken, wake: () => undefined });
  outbox.sync([message("a")], clock.now());
  await settle();
  expect(outbox.taken()).toMatchObject([{ ok: false, result: "no such module" }]);
});

test("however much an answer says, little is kept", async () => {
  const { clock, messenger, start, message, settle } = place();
  const outbox = start();
  outbox.sync([message("a")], clock.now());
  messenger.answer("a", { ok: true, result: "r".repeat(9_000), output: "o".repeat(9_000) });
  await settle();
  const [delivery] = outbox.taken();
  expect([delivery?.result.length, delivery?.output.length]).toEqual([300, 2_000]);
});
