// Is what was written here known, in whatever order the watch tells of it?
import { expect, test } from "vitest";
import { createVirtualClock } from "../../memory/clock.ts";
import type { KubeClient, WatchEvent } from "./client.ts";
import { Informer } from "./informer.ts";
import { RESOURCES, type KubeObject } from "./objects.ts";

const object = (uid: string, version: number): KubeObject => ({
  metadata: { namespace: "prod", name: "shop", uid, resourceVersion: String(version) },
});

/** A watch that tells what the test says, one by one. */
async function watched(listed: readonly KubeObject[]) {
  let [next, told] = [Promise.withResolvers<WatchEvent<KubeObject>>(), Promise.withResolvers<void>()];
  const off = Promise.withResolvers<never>();
  async function* watch(_resource: unknown, _where: unknown, { signal }: { signal: AbortSignal }) {
    signal.addEventListener("abort", () => off.reject(new Error("stopped")));
    for (;;) {
      const event = await Promise.race([next.promise, off.promise]);
      next = Promise.withResolvers();
      yield event;
      told.resolve();
    }
  }
  const client = { list: () => Promise.resolve({ items: listed, resourceVersion: "10" }), watch };
  const heard: string[] = [];
  const informer = new Informer<KubeObject>(client as unknown as KubeClient, createVirtualClock(), {
    resource: RESOURCES.replicaSets,
    keep: (one) => one,
    heard: (change, { metadata }) => heard.push(`${metadata.uid} ${change}`),
  });
  await informer.start();
  const tell = async (type: WatchEvent<KubeObject>["type"], one: KubeObject): Promise<void> => {
    told = Promise.withResolvers();
    next.resolve({ type, object: one });
    await told.promise;
  };
  return { informer, heard, tell };
}

test("another one of its name takes the place of one whose end was missed", async () => {
  const { informer, heard, tell } = await watched([object("first", 5)]);
  await tell("MODIFIED", object("second", 14));
  expect(heard).toEqual(["first set", "first gone", "second set"]);
  await informer.stop();
});

test("one that was deleted and made again here is there, though its end is told late", async () => {
  const { informer, heard, tell } = await watched([object("first", 5)]);
  informer.wrote(object("second", 12));
  await tell("DELETED", object("first", 11));
  expect(informer.get("prod", "shop")?.metadata.uid).toBe("second");
  await tell("ADDED", object("second", 12));
  expect(heard).toEqual(["first set", "first gone", "second set"]);
  await tell("DELETED", object("second", 13));
  expect(informer.get("prod", "shop")).toBeUndefined();
  await informer.stop();
});
