// Which position on the share axis does a user keep?
import { keyAt, positionOf, seedOf } from "../core/cohort.ts";
import type { StickyKey, Stickiness } from "../core/split.ts";
import type { Asked } from "./sight.ts";

/** One split's stickiness, ready for the hot path. */
export class Cohorts {
  readonly key: StickyKey;
  readonly #seed: number;
  readonly #prefix: string;
  readonly #attributes: string;

  constructor(sticky: Stickiness) {
    this.key = sticky.key.kind === "header" ? { ...sticky.key, name: sticky.key.name.toLowerCase() } : sticky.key;
    this.#seed = seedOf(sticky.salt);
    this.#prefix = `${this.key.name}=`;
    const maxAgeMs = sticky.key.kind === "cookie" ? sticky.key.maxAgeMs : undefined;
    const age = maxAgeMs === undefined ? "" : `; Max-Age=${Math.floor(maxAgeMs / 1_000)}`;
    this.#attributes = `; Path=/${age}; HttpOnly; SameSite=Lax`;
  }

  /** A request's key; `undefined` without one. */
  keyOf(asked: Asked): string | undefined {
    if (this.key.kind === "cookie") return asked.cookies === undefined ? undefined : this.keyIn(asked.cookies);
    const values = asked.field(this.key.name);
    const key = values.length > 1 ? values.join(", ") : values[0];
    return key === "" ? undefined : key;
  }

  /** The key in a Cookie header; `undefined` without it or when it is empty. */
  keyIn(cookies: string): string | undefined {
    let at = cookies.indexOf(this.#prefix);
    // Only at the start of a pair: `xserin=1` is not `serin=1`.
    while (at > 0 && cookies[at - 1] !== " " && cookies[at - 1] !== ";") {
      at = cookies.indexOf(this.#prefix, at + 1);
    }
    if (at < 0) return undefined;
    const from = at + this.#prefix.length;
    const to = cookies.indexOf(";", from);
    const value = (to < 0 ? cookies.slice(from) : cookies.slice(from, to)).trim();
    return value === "" ? undefined : value;
  }

  positionOf(key: string): number {
    return positionOf(key, this.#seed);
  }

  /** Set-Cookie value with a key whose position is the one that the request was given already. */
  issue(position: number): string {
    return `${this.#prefix}${keyAt(position, this.#seed)}${this.#attributes}`;
  }
}
