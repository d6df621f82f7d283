// What is there of one kind, kept up to date by a watch?
import type { Clock } from "../../../ports/clock.ts";
import { ms } from "../../../core/units.ts";
import { messageOf } from "../../../core/issues.ts";
import type { KubeClient, Where } from "./client.ts";
import { isExpired } from "./errors.ts";
import { keyOf, type KubeObject, type Resource } from "./objects.ts";

/** Told of an object that came, changed or went; `object` is as it is now, or as it was. */
export type Heard<T> = (change: "set" | "gone", object: T, before: T | undefined) => void;

/** What every kept object still has. */
export type Kept = Pick<KubeObject, "metadata">;

export interface InformerOptions<R extends KubeObject, T extends Kept> extends Where {
  readonly resource: Resource;
  /** What is kept of an object: the rest takes memory. */
  readonly keep: (object: R) => T;
  readonly heard?: Heard<T> | undefined;
}

const AGAIN_MS = [100, 500, 2_000, 5_000, 15_000];

/**
 * Objects of one kind, by `namespace/name`. Lists once and watches from there; begins again where the watch ended, and lists
 * anew only when its place in the history is not known any more. While the API server is away it keeps what it knows.
 */
export class Informer<R extends KubeObject, T extends Kept = R> {
  readonly #client: KubeClient;
  readonly #options: InformerOptions<R, T>;
  readonly #clock: Clock;
  readonly #objects = new Map<string, T>();
  readonly #off = new AbortController();
  #why: string | undefined = "not read yet";
  #sinceMs: number;
  #done: Promise<void> = Promise.resolve();
  #isReady = false;
  /** How far the watch has come. */
  #at = "0";

  constructor(client: KubeClient, clock: Clock, options: InformerOptions<R, T>) {
    this.#client = client;
    this.#clock = clock;
    this.#options = options;
    this.#sinceMs = clock.now();
  }

  /** Resolves when everything that is there has been read once. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#done = this.#run(resolve, reject);
    });
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(`${namespace ?? ""}/${name}`);
  }

  values(): Iterable<T> {
    return this.#objects.values();
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Why what is known may be old, and for how long it has been so; nothing while the watch runs. */
  stale(): { readonly why: string; readonly forMs: number } | undefined {
    return this.#why === undefined ? undefined : { why: this.#why, forMs: this.#clock.now() - this.#sinceMs };
  }

  /** Takes the answer of one's own write: the watch tells of it a moment later. Older ones change nothing. */
  wrote(object: R): void {
    const known = this.#objects.get(keyOf(object));
    // What the watch has passed already and does not know has gone meanwhile.
    if (known ? isNewer(known, object) : isReached(this.#at, object)) return;
    this.#set(object);
  }

  async stop(): Promise<void> {
    this.#off.abort("stopped");
    await this.#done;
  }

  async #run(ready: () => void, failed: (error: unknown) => void): Promise<void> {
    const { signal } = this.#off;
    let [from, failures] = ["", 0];
    while (!signal.aborted) {
      try {
        if (from === "") {
          from = await this.#list();
          this.#at = from;
          if (!this.#isReady) ready();
          this.#isReady = true;
        }
        for await (const version of this.#follow(from)) {
          from = version;
          this.#at = version;
          this.#why = undefined;
          failures = 0;
        }
      } catch (error) {
        if (signal.aborted) return;
        // What cannot even be listed once is told to whoever waits for it.
        if (!this.#isReady) return failed(error);
        if (isExpired(error)) from = "";
        this.#why ??= messageOf(error);
        if (failures === 0) this.#sinceMs = this.#clock.now();
        await this.#clock.sleep(ms(AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)] ?? 0), signal);
        failures += 1;
      }
    }
  }

  async #list(): Promise<string> {
    const { resource, namespace, labels } = this.#options;
    const { items, resourceVersion } = await this.#client.list<R>(resource, { namespace, labels }, this.#off);
    const there = new Set(items.map((item) => keyOf(item)));
    for (const [key, known] of this.#objects) if (!there.has(key)) this.#gone(known);
    for (const item of items) this.#set(item);
    return resourceVersion;
  }

  async *#follow(from: string): AsyncIterable<string> {
    const { resource, namespace, labels } = this.#options;
    for await (const { type, object } of this.#client.watch<R>(resource, { namespace, labels, from }, this.#off)) {
      if (type === "DELETED") this.#gone(object);
      else if (type !== "BOOKMARK") this.#told(object);
      yield object.metadata.resourceVersion ?? from;
    }
  }

  /** What was written here may be known before an older change is told. */
  #told(object: R): void {
    const known = this.#objects.get(keyOf(object));
    if (!known || !isNewer(known, object)) this.#set(object);
  }

  #set(object: R): void {
    const kept = this.#options.keep(object);
    const key = keyOf(kept);
    const known = this.#objects.get(key);
    // Another one of its name: the one before has gone, be it that its end was not told.
    if (known && known.metadata.uid !== kept.metadata.uid) this.#gone(known);
    const before = this.#objects.get(key);
    if (before?.metadata.resourceVersion === kept.metadata.resourceVersion && before) return;
    this.#objects.set(key, kept);
    this.#options.heard?.("set", kept, before);
  }

  #gone(object: Kept): void {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    // One of its name that was made here since is known already.
    if (!before || isNewer(before, object)) return;
    this.#objects.delete(key);
    this.#options.heard?.("gone", before, before);
  }
}

/** Versions of one kind's objects are compared as numbers, which the API server promises since 1.35. */
function isNewer(known: Kept, told: Kept): boolean {
  return numberOf(known.metadata.resourceVersion) > numberOf(told.metadata.resourceVersion);
}

function isReached(at: string, { metadata }: Kept): boolean {
  return numberOf(at) >= numberOf(metadata.resourceVersion);
}

const numberOf = (version: string | undefined): bigint => BigInt(version === undefined || version === "" ? 0 : version);

/** Without who manages which field, which is often half of an object. */
export function slim<T extends KubeObject>(object: T): T {
  const { managedFields: _fields, ...metadata } = object.metadata as T["metadata"] & { managedFields?: unknown };
  return { ...object, metadata };
}
