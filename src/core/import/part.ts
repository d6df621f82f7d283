// What became of each field of a file?
import { pathText, type Path } from "../spec/fields.ts";
import type { Level } from "./remark.ts";

/** Whoever keeps what was said of the fields of one document. */
export interface Trace {
  /** Which document, where it is not the one that is converted. */
  readonly origin: string;
  /** The field and all below it went into what is written, or something was said of it. */
  handled(path: Path): void;
  say(remark: { readonly path: Path; readonly level: Level; readonly text: string; readonly instead?: string }): void;
}

type ItemOf<T> = T extends readonly (infer I)[] ? I : never;
type ValueOf<T> = T extends Readonly<Record<string, infer V>> ? V : never;

/**
 * A field of a document that remembers what became of it. To look at its value is not enough: a field that was neither
 * taken nor spoken of is an error at the end.
 */
export class Part<T> {
  readonly value: T;
  readonly path: Path;
  readonly #trace: Trace;

  constructor(value: T, path: Path, trace: Trace) {
    this.value = value;
    this.path = path;
    this.#trace = trace;
  }

  /** A field of a map, if it is there. */
  at<K extends keyof T & string>(name: K): Part<NonNullable<T[K]>> | undefined {
    const value = this.value[name];
    if (value === undefined || value === null) return undefined;
    return new Part(value, [...this.path, name], this.#trace);
  }

  /** The entries of a list. An empty one has been handled by that. */
  items(): readonly Part<ItemOf<T>>[] {
    const list = this.value as readonly ItemOf<T>[];
    if (list.length === 0) this.take();
    return list.map((value, index) => new Part(value, [...this.path, index], this.#trace));
  }

  /** The entries of a map whose names are the user's. An empty one has been handled by that. */
  entries(): readonly (readonly [string, Part<ValueOf<T>>])[] {
    const all = Object.entries(this.value as Readonly<Record<string, ValueOf<T>>>);
    if (all.length === 0) this.take();
    return all.map(([name, value]) => [name, new Part(value, [...this.path, name], this.#trace)]);
  }

  /** Its value, for what is written. */
  take(): T {
    this.#trace.handled(this.path);
    return this.value;
  }

  note(text: string): void {
    this.#say("note", text);
  }

  changes(text: string): void {
    this.#say("changes", text);
  }

  none(text: string, instead: string): void {
    this.#say("none", text, instead);
  }

  /** Something is said that leaves its fields to be handled one by one. */
  about(text: string): void {
    this.#trace.say({ path: this.path, level: "changes", text });
  }

  /** Something is missing in it; its fields are to be handled one by one. */
  lacks(text: string, instead: string): void {
    this.#trace.say({ path: this.path, level: "none", text, instead });
  }

  /** Where it stands, for whoever reads what was made of it. */
  get place(): string {
    return `${this.#trace.origin}${pathText(this.path)}`;
  }

  #say(level: Level, text: string, instead?: string): void {
    this.#trace.handled(this.path);
    this.#trace.say({ path: this.path, level, text, ...(instead === undefined ? {} : { instead }) });
  }
}

/** Any field, of which something can be said. */
export type AnyPart = Pick<Part<unknown>, "place" | "note" | "changes" | "none" | "about" | "lacks"> & {
  take(): unknown;
};

/** Leaves of a document of which nobody has spoken. What is empty says nothing. */
export function unhandled(data: unknown, handled: ReadonlySet<string>): readonly Path[] {
  const left: Path[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (handled.has(pathText(path)) || value === null || value === undefined) return;
    if (typeof value !== "object") return void left.push(path);
    for (const [name, below] of Object.entries(value))
      visit(below, [...path, Array.isArray(value) ? Number(name) : name]);
  };
  visit(data, []);
  return left;
}
