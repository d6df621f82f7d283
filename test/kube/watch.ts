// How does the fixture keep up with objects, whatever becomes of the API server?
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { isStatus, type Api, type Listed } from "./api.ts";
import type { KubeObject } from "./objects.ts";

export interface Watcher<T> {
  /** All that there are; once at the start, and again when changes were missed. */
  all(objects: readonly T[]): void;
  changed(object: T): void;
  deleted(object: T): void;
}

interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

const AGAIN_MS = 100;

/** One watch, to its end; the version that it reached, or `undefined` when that is no longer known to the server. */
async function follow<T extends KubeObject>(
  api: Api,
  { path, from, signal }: { path: string; from: string; signal: AbortSignal },
  watcher: Watcher<T>,
): Promise<string | undefined> {
  let version = from;
  try {
    const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${version}`;
    const answer = await api.open(`${path}?${query}`, { signal });
    for await (const line of createInterface({ input: answer })) {
      const { type, object } = JSON.parse(line) as WatchEvent<T>;
      if (type === "ERROR") return undefined;
      version = object.metadata.resourceVersion ?? version;
      if (type === "DELETED") watcher.deleted(object);
      else if (type !== "BOOKMARK") watcher.changed(object);
    }
  } catch (error) {
    // A server that cannot be reached is asked again from the same version.
    if (isStatus(error, 410)) return undefined;
  }
  return version;
}

/** Lists and watches until the signal ends it. Answers once everything was listed for the first time. */
export async function watch<T extends KubeObject>(
  api: Api,
  { path, signal }: { path: string; signal: AbortSignal },
  watcher: Watcher<T>,
): Promise<void> {
  const list = async (): Promise<string | undefined> => {
    try {
      const { metadata, items } = await api.call<Listed<T>>("GET", path);
      watcher.all(items);
      return metadata.resourceVersion;
    } catch {
      return undefined;
    }
  };
  const listed = async (): Promise<string> => {
    for (;;) {
      const version = await list();
      if (version !== undefined || signal.aborted) return version ?? "";
      await sleep(AGAIN_MS);
    }
  };
  let version: string | undefined = await listed();
  void (async () => {
    while (!signal.aborted) {
      version = version === undefined ? await listed() : await follow(api, { path, from: version, signal }, watcher);
      await sleep(AGAIN_MS);
    }
  })();
}
