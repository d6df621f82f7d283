// Is one at work at a time, do few wait, and does whoever goes away make room?
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

/** Work that goes on until it is let go. */
function held() {
  let release = (): void => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  let begun = 0;
  const work = async (): Promise<string> => {
    begun += 1;
    await until;
    return "done";
  };
  return { work, release, begun: () => begun };
}

const nobody = new AbortController().signal;
const ticks = async (): Promise<void> => {
  for (let left = 20; left > 0; left -= 1) await Promise.resolve();
};

test("one after the other, also after one that failed", async () => {
  const turns = new Turns(2);
  const [first, second] = [held(), held()];
  const failing = turns.take(async () => {
    await first.work();
    throw new Error("broken");
  }, nobody);
  const next = turns.take(second.work, nobody);
  await ticks();
  expect([first.begun(), second.begun()]).toEqual([1, 0]);
  first.release();
  await expect(failing).rejects.toThrow("broken");
  await ticks();
  expect(second.begun()).toBe(1);
  second.release();
  expect(await next).toBe("done");
});

test("too many are refused; whoever goes away makes room, and is not worked for", async () => {
  const turns = new Turns(1);
  const [first, second, third] = [held(), held(), held()];
  const gone = new AbortController();
  const one = turns.take(first.work, nobody);
  const two = turns.take(second.work, gone.signal);
  await expect(turns.take(third.work, nobody)).rejects.toMatchObject({ trouble: { code: "SERIN_BUSY" } });
  gone.abort();
  const three = turns.take(third.work, nobody);
  first.release();
  third.release();
  await expect(two).rejects.toMatchObject({ name: "AbortError" });
  expect(await Promise.all([one, three])).toEqual(["done", "done"]);
  expect(second.begun()).toBe(0);
});

test("of whoever goes away nothing is kept, while another is at work", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const turns = new Turns(1);
  const first = held();
  const one = turns.take(first.work, nobody);
  const gone = new AbortController();
  const parsed = await (async () => {
    const file = { text: "large" };
    const two = turns.take(async () => file.text, gone.signal);
    gone.abort();
    await expect(two).rejects.toMatchObject({ name: "AbortError" });
    return new WeakRef(file);
  })();
  // A weak reference is a strong one until the turn in which it was made is over.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(parsed.deref()).toBeUndefined();
  first.release();
  expect(await one).toBe("done");
});
