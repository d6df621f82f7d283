// What has changed since a place in the stream of everything that changes?
import { randomBytes } from "node:crypto";
import type { DecisionRecord } from "../core/engine/state.ts";
import { isGroupName } from "../core/group/state.ts";
import type { Told } from "../runtime/parts.ts";
import type { Somewhere } from "./access/places.ts";
import type { GroupView, ServiceSummary, ServiceView, StreamEvent } from "./contract.ts";

/** What is shown of the services that a controller looks after. */
export interface Shown {
  readonly names: () => Iterable<string>;
  /** Throws for a service that is not there, as does `view`. */
  readonly row: (service: string) => ServiceSummary;
  readonly view: (service: string) => ServiceView;
  readonly groups: () => Promise<readonly GroupView[]>;
  /** Where a service is, or the members of a group; without an environment when it is not there. */
  readonly placesOf: (name: string) => readonly Somewhere[];
}

/** One event: what happened, or how something is now. */
export interface Entry {
  readonly at: number;
  readonly type: StreamEvent["type"];
  readonly name: string;
  /** Where that was when it was said: of what is gone nothing else tells who may look at it. */
  readonly places: readonly Somewhere[];
  /** The event's data as JSON; nothing once a later entry says how the same thing is. */
  text: string | undefined;
}

/** What stands at a place: what comes next, or that too much is forgotten. */
export type Read = { readonly entries: readonly Entry[]; readonly at: number } | "forgotten";

/** How much is kept of what happened, in bytes of JSON. How things are is kept once for each. */
const MOST_BYTES = 16 * 1024 ** 2;

/** Outdated entries are a part of this size, at most; putting them away more often would cost more time. */
const WASTE = 0.25;

/** Looking for changes takes at most this part of the time … */
const PART = 0.1;
/** … and happens at most so often. */
const LOOK_MS = 500;
/** So many services are looked at in one go, so that nothing else waits for long. */
const AT_ONCE = 100;

/**
 * Everything that changes, in one order. What happened (decisions, removals) is kept as it was said, up to a bound; how
 * things are (rows, views, groups) only as it was said last. A reader holds nothing but a place: one that is slow skips
 * what is outdated, and learns when something that happened is forgotten that it has not read.
 */
export class Feed {
  /** Names this process: places of another one mean nothing here. */
  readonly #epoch = randomBytes(6).toString("hex");
  readonly #shown: Shown;
  readonly #mostBytes: number;
  #log: Entry[] = [];
  /** Outdated entries in the log. */
  #outdated = 0;
  /** What happened, oldest first; the first `#forgotten` of it are outdated. */
  readonly #happenings: Entry[] = [];
  #forgotten = 0;
  #bytes = 0;
  #last = 0;
  /** The place of the last entry that happened and is forgotten. */
  #lost = 0;
  /** How each thing is, as said last: by type and name. */
  readonly #now = new Map<string, Entry>();
  /** The same as it is compared: a view without its moment. */
  readonly #said = new Map<string, string>();
  /** Where each thing was last, as long as it is there. */
  readonly #where = new Map<string, readonly Somewhere[]>();
  readonly #watched = new Map<string, number>();
  /** Readers of everything. */
  #readers = 0;
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(shown: Shown, mostBytes = MOST_BYTES) {
    this.#shown = shown;
    this.#mostBytes = mostBytes;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The place after everything that was said. */
  get last(): number {
    return this.#last;
  }

  /** How a service or group is, as it was said last to those who watch it. */
  viewOf(name: string): Entry | undefined {
    return this.#now.get(keyOf(wholeOf(name), name));
  }

  /** A place as text. */
  name(at: number): string {
    return `${this.#epoch}-${at}`;
  }

  /** The place that a text names; nothing when it is none of this process. */
  placeOf(text: string): number | undefined {
    const [, epoch, at] = /^([0-9a-f]{12})-(\d{1,15})$/u.exec(text) ?? [];
    const place = Number(at);
    return epoch === this.#epoch && place <= this.#last ? place : undefined;
  }

  /** Takes in what the controller tells. */
  told(event: Told): void {
    if (this.#isClosed) return;
    const { service } = event;
    if (event.kind === "decided") for (const record of event.records) this.#decided(service, record);
    if (event.kind === "removed") this.#gone(service);
    else if (this.#readers > 0 || this.#watched.has(service)) {
      if (!isGroupName(service)) this.#look(service);
      // What could not be seen now is seen by the next look at everything.
      else void this.#lookAtGroups().catch(() => undefined);
    }
  }

  /** What comes after a place, at most about `bytes` of it, of one service or of all. */
  after(at: number, bytes: number, of?: string): Read {
    if (at < this.#lost) return "forgotten";
    const entries: Entry[] = [];
    let place = at;
    let size = 0;
    for (let index = this.#indexAfter(at); index < this.#log.length && size < bytes; index += 1) {
      const entry = this.#log[index];
      if (!entry) break;
      place = entry.at;
      if (entry.text === undefined || !isFor(entry, of)) continue;
      entries.push(entry);
      size += entry.text.length;
    }
    return { entries, at: place };
  }

  /** Resolves when something new is said (true), or after a time, when the feed closes or the signal fires. */
  async news(signal: AbortSignal, withinMs: number): Promise<boolean> {
    if (this.#isClosed || signal.aborted) return false;
    const before = this.#last;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#waiting.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
    return this.#last > before;
  }

  /** Looks for changes until the answer is called; of one service or group its whole view too. Looks at once, and then resolves. */
  async open(service?: string): Promise<() => void> {
    if (service === undefined) {
      this.#readers += 1;
      await this.#lookAtAll();
    } else {
      this.#watched.set(service, (this.#watched.get(service) ?? 0) + 1);
      if (isGroupName(service)) await this.#lookAtGroups();
      else this.#look(service);
    }
    this.#again(LOOK_MS);
    return () => this.#leave(service);
  }

  get #isRead(): boolean {
    return !this.#isClosed && (this.#readers > 0 || this.#watched.size > 0);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#wake();
  }

  #leave(service: string | undefined): void {
    if (service === undefined) this.#readers -= 1;
    else {
      const left = (this.#watched.get(service) ?? 1) - 1;
      if (left > 0) this.#watched.set(service, left);
      else {
        this.#watched.delete(service);
        // Of a group nothing more is told to those who watch it than to those who follow everything.
        if (!isGroupName(service)) this.#outdate(keyOf("view", service));
      }
    }
    if (this.#isRead) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #again(inMs: number): void {
    if (!this.#isRead || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const began = performance.now();
      const again = (): void => this.#again(Math.max(LOOK_MS, (performance.now() - began) / PART));
      // A look that failed is made again: what it did not see is not lost.
      void this.#lookAtAll().then(again, again);
    }, inMs);
    this.#timer.unref();
  }

  /** One look at everything serves all who ask for one meanwhile. */
  #lookAtAll(): Promise<void> {
    this.#looking ??= this.#lookAtEach().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookAtEach(): Promise<void> {
    const names = [...(this.#readers > 0 ? this.#shown.names() : this.#watched.keys())];
    for (const [index, name] of names.entries()) {
      if (this.#isClosed) return;
      this.#look(name);
      if (index % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#readers === 0 && ![...this.#watched.keys()].some(isGroupName)) return;
    const known = new Set(await this.#lookAtGroups());
    for (const name of this.#shown.names()) known.add(name);
    // A first file that was refused leaves nothing behind, and is told by nobody.
    for (const { type, name } of this.#now.values()) if (type !== "view" && !known.has(name)) this.#gone(name);
  }

  /** Their names. */
  async #lookAtGroups(): Promise<readonly string[]> {
    const groups = await this.#shown.groups();
    if (this.#isClosed) return [];
    for (const group of groups)
      if (this.#readers > 0 || this.#watched.has(group.group)) this.#is("group", group.group, momentless(group));
    return groups.map(({ group }) => group);
  }

  #look(name: string): void {
    let row: ServiceSummary;
    try {
      row = this.#shown.row(name);
    } catch {
      // A group, or gone since: what looks at all of them sees to it.
      return;
    }
    this.#is("service", name, { compared: row, data: row });
    if (this.#watched.has(name)) this.#is("view", name, momentless(this.#shown.view(name)));
  }

  /** How something is. `compared` is what tells whether it is said already. */
  #is(
    type: Entry["type"],
    name: string,
    { compared, data }: { readonly compared: object; readonly data: object },
  ): void {
    const key = keyOf(type, name);
    const text = JSON.stringify(compared);
    if (this.#said.get(key) === text) return;
    this.#outdate(key);
    this.#said.set(key, text);
    this.#now.set(key, this.#add(type, name, data === compared ? text : JSON.stringify(data)));
  }

  #outdate(key: string): void {
    this.#said.delete(key);
    const entry = this.#now.get(key);
    if (!entry) return;
    this.#now.delete(key);
    entry.text = undefined;
    this.#outdated += 1;
  }

  #decided(service: string, record: DecisionRecord): void {
    const { atMs, version, rollout, kind, text, step, outcome, actor, reason } = record;
    const light = { service, atMs, version, rollout, kind, text, step, outcome, actor, reason };
    this.#happened("record", service, JSON.stringify(light));
  }

  #gone(name: string): void {
    for (const type of ["service", "view", "group"] as const) this.#outdate(keyOf(type, name));
    this.#happened("gone", name, JSON.stringify({ service: name }));
    this.#where.delete(name);
  }

  #happened(type: Entry["type"], name: string, text: string): void {
    this.#bytes += text.length;
    this.#happenings.push(this.#add(type, name, text));
    while (this.#bytes > this.#mostBytes) this.#forget();
  }

  /** Forgets the oldest of what happened. */
  #forget(): void {
    const entry = this.#happenings[this.#forgotten];
    if (entry?.text === undefined) throw new Error("there is nothing to forget");
    this.#forgotten += 1;
    this.#bytes -= entry.text.length;
    this.#lost = entry.at;
    this.#outdated += 1;
    entry.text = undefined;
    if (this.#forgotten < 1_000 || this.#forgotten < this.#happenings.length * WASTE) return;
    this.#happenings.splice(0, this.#forgotten);
    this.#forgotten = 0;
  }

  #placesOf(name: string): readonly Somewhere[] {
    const now = this.#shown.placesOf(name);
    const before = this.#where.get(name);
    if (before && (now.some(({ environment }) => environment === undefined) || isSame(before, now))) return before;
    this.#where.set(name, now);
    return now;
  }

  #add(type: Entry["type"], name: string, text: string): Entry {
    this.#last += 1;
    const entry: Entry = { at: this.#last, type, name, places: this.#placesOf(name), text };
    this.#log.push(entry);
    if (this.#outdated > 1_000 && this.#outdated > this.#log.length * WASTE) {
      this.#log = this.#log.filter((one) => one.text !== undefined);
      this.#outdated = 0;
    }
    if (this.#waiting.size > 0) queueMicrotask(() => this.#wake());
    return entry;
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }

  /** The first entry behind a place. */
  #indexAfter(at: number): number {
    let [low, high] = [0, this.#log.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle]?.at ?? Infinity) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** That time has passed is no change. */
const momentless = (data: GroupView | ServiceView) => ({ data, compared: { ...data, nowMs: 0 } });

/** As what all of something is told. */
const wholeOf = (name: string): Entry["type"] => (isGroupName(name) ? "group" : "view");

const keyOf = (type: string, name: string): string => `${type} ${name}`;

const isSame = (some: readonly Somewhere[], others: readonly Somewhere[]): boolean =>
  some.length === others.length &&
  some.every((one, at) => one.service === others[at]?.service && one.environment === others[at].environment);

/** A stream of one service has its view, one of all their rows; a group is told as it is in either. */
function isFor({ type, name }: Entry, of: string | undefined): boolean {
  return of === undefined ? type !== "view" : name === of && type !== "service";
}
