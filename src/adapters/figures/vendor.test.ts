// What becomes of a vendor whose module cannot be loaded?
import { afterEach, beforeEach, expect, test } from "vitest";
import type { FigureSource } from "../../ports/figures.ts";
import { loadedLater } from "./vendor.ts";

const CALL = { signal: new AbortController().signal };

let unhandled: unknown[] = [];
const note = (why: unknown): void => void unhandled.push(why);

beforeEach(() => {
  unhandled = [];
  process.on("unhandledRejection", note);
});

afterEach(() => void process.off("unhandledRejection", note));

test("it is tried again with the next question", async () => {
  let tries = 0;
  let closed = 0;
  const source = loadedLater("json", async () => {
    tries += 1;
    if (tries === 1) throw new Error("too many open files");
    return { kind: "json", ask: async () => [{ ok: true, value: 7 }], close: () => void (closed += 1) };
  });
  await expect(source.ask([], CALL)).rejects.toThrow("too many open files");
  expect(await source.ask([], CALL)).toEqual([{ ok: true, value: 7 }]);
  await source.ask([], CALL);
  expect(tries).toBe(2);
  source.close?.();
  await expect.poll(() => closed).toBe(1);
});

test("closing while it fails to load rejects nothing that nobody waits for", async () => {
  const loading = Promise.withResolvers<FigureSource>();
  const source = loadedLater("json", () => loading.promise);
  const asking = source.ask([], CALL).catch(String);
  source.close?.();
  loading.reject(new Error("no such module"));
  expect(await asking).toBe("Error: no such module");
  // Rejections are named once the queue of promises is empty.
  await new Promise((done) => setImmediate(done));
  expect(unhandled).toEqual([]);
});
