// Does everybody get a turn, and nobody after they have gone?
import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

const call = () => ({ signal: AbortSignal.timeout(10_000) });

test("one goes after another, also after one that failed", async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take(call(), async () => {
    await gate.promise;
    seen.push("first");
    throw new Error("no");
  });
  const second = turns.take(call(), () => Promise.resolve(seen.push("second")));
  gate.resolve();
  await expect(first).rejects.toThrow("no");
  expect(await second).toBe(2);
  expect(seen).toEqual(["first", "second"]);
});

test("who goes while waiting is told so at once, and never comes up", async () => {
  const turns = new Turns();
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = turns.take(call(), () => gate.promise);
  const gone = new AbortController();
  const second = turns.take({ signal: gone.signal }, () => Promise.resolve(seen.push("second")));
  gone.abort(new Error("gone"));
  await expect(second).rejects.toThrow("gone");
  gate.resolve();
  await first;
  await turns.take(call(), () => Promise.resolve(seen.push("third")));
  expect(seen).toEqual(["third"]);
});

test("who goes during their turn ends it themselves", async () => {
  const turns = new Turns();
  const gone = new AbortController();
  const turn = turns.take({ signal: gone.signal }, async () => {
    await Promise.resolve();
    gone.abort(new Error("gone"));
    await Promise.resolve();
    return "taken back";
  });
  expect(await turn).toBe("taken back");
});

test("that nobody is left in the queue is told", async () => {
  let empty = 0;
  const turns = new Turns(() => (empty += 1));
  const gone = AbortSignal.abort(new Error("gone"));
  const failed = turns.take(call(), () => Promise.reject(new Error("no")));
  const aborted = turns.take({ signal: gone }, () => Promise.resolve());
  await expect(failed).rejects.toThrow("no");
  await expect(aborted).rejects.toThrow("gone");
  await expect.poll(() => empty).toBe(1);
  await turns.take(call(), () => Promise.resolve());
  await expect.poll(() => empty).toBe(2);
});
