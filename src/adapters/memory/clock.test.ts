// Does virtual time pass in order, and only when told?
import { expect, test } from "vitest";
import { ms } from "../../core/units.ts";
import { createVirtualClock } from "./clock.ts";

test("sleepers wake in order of time, and at one moment in the order in which they went to sleep", async () => {
  const clock = createVirtualClock(ms(0));
  const woken: string[] = [];
  const sleeper = async (name: string, durationMs: number): Promise<void> => {
    await clock.sleep(ms(durationMs));
    woken.push(`${name}@${clock.now()}`);
  };
  for (const [name, at] of [
    ["c", 30],
    ["a", 10],
    ["b", 10],
    ["late", 1_000],
    ["d", 30],
  ] as const) {
    void sleeper(name, at);
  }
  await clock.advance(ms(100));
  expect(woken).toEqual(["a@10", "b@10", "c@30", "d@30"]);
  expect([clock.now(), clock.nextMs(), clock.sleeping()]).toEqual([100, 1_000, 1]);
});

test("what a sleeper sets off runs before the next moment, through any number of promises", async () => {
  const clock = createVirtualClock(ms(0));
  const seen: number[] = [];
  const loop = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(ms(10));
      for (let hop = 0; hop < 50; hop += 1) await Promise.resolve();
      seen.push(clock.now());
    }
  };
  void loop();
  await clock.advanceTo(ms(35));
  expect(seen).toEqual([10, 20, 30]);
});

test("an abort wakes at once, without an error, and leaves nothing behind", async () => {
  const clock = createVirtualClock(ms(0));
  const abort = new AbortController();
  const asleep = clock.sleep(ms(1_000), abort.signal);
  abort.abort();
  await asleep;
  await clock.sleep(ms(1_000), abort.signal);
  expect([clock.now(), clock.sleeping()]).toEqual([0, 0]);
});

test("time does not go back, and a loop without sleep is found", async () => {
  const clock = createVirtualClock(ms(100));
  await expect(clock.advanceTo(ms(99))).rejects.toBeInstanceOf(RangeError);
  const spin = async (): Promise<void> => {
    for (;;) await clock.sleep(ms(0));
  };
  void spin();
  await expect(clock.advance(ms(1))).rejects.toThrow(/over and over/);
});
