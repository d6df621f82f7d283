// Which position on the share axis does a user keep?
import type { StickyKey, Stickiness } from "../core/split.ts";
import type { Asked } from "./sight.ts";

/** MurmurHash3's finalizer: a bijection of 32-bit integers in which every bit of the input moves half of the output. */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The value that `mix` turns into `mixed`. */
export function unmix(mixed: number): number {
  let h = mixed ^ (mixed >>> 16);
  h = Math.imul(h, 0x7ed1b41d);
  h = Math.imul(h ^ (h >>> 13) ^ (h >>> 26), 0xa5cb9243);
  return (h ^ (h >>> 16)) >>> 0;
}

function hash(text: string, seed: number): number {
  let h = seed | 0;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h);
}

/**
 * The number in a key that the proxy handed out itself, `s` and eight hexadecimal digits; -1 for other keys (an
 * application's cookie), which are any text. By hand, because a match object a request is the dearest part of a cohort.
 */
function issued(key: string): number {
  if (key.length !== 9 || key.charCodeAt(0) !== 115) return -1;
  let number = 0;
  for (let i = 1; i < 9; i += 1) {
    const code = key.charCodeAt(i);
    const digit = code < 58 ? code - 48 : code - 87;
    if (digit < 0 || digit > 15 || (code >= 58 && digit < 10)) return -1;
    number = number * 16 + digit;
  }
  return number;
}

/** One split's stickiness, ready for the hot path. */
export class Cohorts {
  readonly key: StickyKey;
  readonly #seed: number;
  readonly #prefix: string;
  readonly #attributes: string;

  constructor(sticky: Stickiness) {
    this.key = sticky.key.kind === "header" ? { ...sticky.key, name: sticky.key.name.toLowerCase() } : sticky.key;
    this.#seed = hash(sticky.salt, 0x811c9dc5);
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
    const number = issued(key);
    return number < 0 ? hash(key, this.#seed) : mix(number ^ this.#seed);
  }

  /** Set-Cookie value with a key whose position is the one that the request was given already. */
  issue(position: number): string {
    const key = (unmix(position) ^ this.#seed) >>> 0;
    return `${this.#prefix}s${key.toString(16).padStart(8, "0")}${this.#attributes}`;
  }
}
