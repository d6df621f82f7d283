// What does the head of a message say about framing and the connection? (RFC 9112 5–7, 9)
import { COLON, CR, HTAB, LF, SP, TOKEN, VALUE } from "./syntax.ts";

/** The head is not complete. */
export const INCOMPLETE = -1;
/** It is none: `Head.error` says why. */
export const REFUSED = -2;

export const NO_BODY = 0;
export const LENGTH = 1;
export const CHUNKED = 2;
/** An answer that ends with its connection. */
export const UNTIL_CLOSE = 3;

export type Framing = typeof NO_BODY | typeof LENGTH | typeof CHUNKED | typeof UNTIL_CLOSE;

/** Reads the value of a known field; returns 0, or the status to refuse the message with. */
export type Reader<H> = (head: H) => number;

/** Names of the fields that can mean something. */
const LONGEST_NAME = 127;

interface Known<H> {
  readonly name: string;
  readonly read: Reader<H>;
}

/** Fields that mean something here, found by length and first letter, so that others cost one look. */
export class Fields<H> {
  readonly #buckets: (readonly Known<H>[] | undefined)[] = Array.from({ length: (LONGEST_NAME + 1) * 32 });

  constructor(readers: Readonly<Record<string, Reader<H>>>) {
    for (const [name, read] of Object.entries(readers)) {
      const key = (name.length << 5) | (name.charCodeAt(0) & 31);
      this.#buckets[key] = [...(this.#buckets[key] ?? []), { name, read }];
    }
  }

  /** The reader of the field whose name stands at `head.at`, if it is known. */
  find(head: Head): Reader<H> | undefined {
    const length = head.colon - head.at;
    if (length > LONGEST_NAME) return undefined;
    const bucket = this.#buckets[(length << 5) | ((head.b[head.at] as number) & 31)];
    if (bucket === undefined) return undefined;
    for (const known of bucket) if (sameName(head.b, head.at, known.name)) return known.read;
    return undefined;
  }
}

/** Whether the token at `at` is `name` (lower case). Among token bytes, only a letter's capital has the same low bits. */
function sameName(b: Uint8Array, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i += 1) {
    const byte = b[at + i] as number;
    const wanted = name.charCodeAt(i);
    if (byte !== wanted && (byte | 32) !== wanted) return false;
  }
  return true;
}

const NOTHING = Buffer.alloc(0);
const LENGTH_DIGITS = 15;
/** They frame or route the message: to have them removed would make it another one. */
const NOT_TO_NOMINATE = new Set(["content-length", "transfer-encoding", "host", "cookie", "authorization"]);

type Range = readonly [from: number, to: number];

/** The parts that requests and answers share. One object serves all messages of its kind, one after another. */
export class Head {
  /** Status to refuse the message with when it is malformed: 400 for requests, 502 for answers. */
  readonly bad: number;
  /** Why it was refused: a status. */
  error = 0;
  b: Buffer = NOTHING;
  /** Where the head begins, its first line ends (after CRLF), and the head ends (after the empty line). */
  start = 0;
  line = 0;
  end = 0;
  /** The field being read: name from `at`, colon, value from `from` to `to`, next line from `next`. */
  at = 0;
  colon = 0;
  from = 0;
  to = 0;
  next = 0;
  minor = 1;
  keepAlive = true;
  chunked = false;
  /** Content-Length; -1 without. */
  length = -1;
  framing: Framing = NO_BODY;
  /** Option `upgrade` of Connection, and what Upgrade names. */
  wantsUpgrade = false;
  upgrade = "";
  connection = "";
  /** Ranges that are not passed on, in order. */
  readonly cuts: Range[] = [];
  /** Where a `Connection: keep-alive` stands that is passed on. */
  #kept: Range | undefined;
  #coding: Range | undefined;

  constructor(bad: number) {
    this.bad = bad;
  }

  protected reset(b: Buffer, start: number): void {
    this.b = b;
    this.start = start;
    this.error = 0;
    this.minor = 1;
    this.chunked = false;
    this.length = -1;
    this.framing = NO_BODY;
    this.wantsUpgrade = false;
    if (this.upgrade !== "") this.upgrade = "";
    if (this.connection !== "") this.connection = "";
    if (this.cuts.length > 0) this.cuts.length = 0;
    if (this.#kept !== undefined) this.#kept = undefined;
  }

  protected refuse(status: number): typeof REFUSED {
    this.error = status;
    return REFUSED;
  }

  /** Reads the field lines from `at`; returns the index after the empty line. */
  protected fields<H extends Head>(this: H, known: Fields<H>, most: number): number {
    const { b } = this;
    const n = b.length;
    let at = this.line;
    for (let count = 0; ; count += 1) {
      if (at + 1 >= n) return INCOMPLETE;
      if (b[at] === CR) return b[at + 1] === LF ? at + 2 : this.refuse(this.bad);
      if (count >= most) return this.refuse(this.bad === 400 ? 431 : this.bad);
      let i = at;
      while (i < n && TOKEN[b[i] as number] === 1) i += 1;
      if (i === n) return INCOMPLETE;
      // A folded line begins with a space and a padded name ends with one: both stop here.
      if (i === at || b[i] !== COLON) return this.refuse(this.bad);
      const colon = i;
      i += 1;
      while (i < n && (b[i] === SP || b[i] === HTAB)) i += 1;
      const from = i;
      while (i < n && VALUE[b[i] as number] === 1) i += 1;
      if (i + 1 >= n) return i === n || b[i] === CR ? INCOMPLETE : this.refuse(this.bad);
      if (b[i] !== CR || b[i + 1] !== LF) return this.refuse(this.bad);
      this.at = at;
      this.colon = colon;
      const read = known.find(this);
      if (read !== undefined) {
        this.from = from;
        this.to = i;
        this.next = i + 2;
        const error = read(this);
        if (error !== 0) return this.refuse(error);
      }
      at = i + 2;
    }
  }

  /** The value of the field being read. Only SP and HTAB are optional whitespace: `trim` would take more away. */
  value(): string {
    const { b } = this;
    let { to } = this;
    while (to > this.from && (b[to - 1] === SP || b[to - 1] === HTAB)) to -= 1;
    return b.latin1Slice(this.from, to);
  }

  /** The field being read is not passed on. */
  drop(): number {
    this.cuts.push([this.at, this.next]);
    return 0;
  }

  readLength(): number {
    const { b, from } = this;
    let { to } = this;
    while (to > from && (b[to - 1] === SP || b[to - 1] === HTAB)) to -= 1;
    // A list of equal lengths would be legal to repair; it is refused.
    if (this.length !== -1 || to === from || to - from > LENGTH_DIGITS) return this.bad;
    let length = 0;
    for (let i = from; i < to; i += 1) {
      const digit = (b[i] as number) - 48;
      if (digit < 0 || digit > 9) return this.bad;
      length = length * 10 + digit;
    }
    this.length = length;
    return 0;
  }

  readCoding(): number {
    if (this.chunked) return this.bad;
    const { b } = this;
    // A tab around it is legal, but llhttp for one reads `chunked` with a tab as another coding.
    if (this.value().toLowerCase() !== "chunked") return this.bad === 400 ? 501 : this.bad;
    if (b[this.to - 1] === HTAB || b[this.from - 1] === HTAB) return this.bad;
    this.chunked = true;
    this.#coding = [this.at, this.next];
    return 0;
  }

  readConnection(): number {
    const value = this.value().toLowerCase();
    // The usual one may stay where it is: it is also what this side would say.
    if (value === "keep-alive" && this.connection === "" && this.minor === 1) {
      this.connection = value;
      this.#kept = [this.at, this.next];
      return 0;
    }
    this.dropKept();
    this.connection = this.connection === "" ? value : `${this.connection},${value}`;
    return this.drop();
  }

  /** This side will close the connection, so it must not say otherwise. */
  dropKept(): void {
    if (this.#kept === undefined) return;
    this.#cut(this.#kept);
    this.#kept = undefined;
  }

  /** The receiver knows no chunks: it gets the data alone. */
  dropCoding(): void {
    if (this.#coding !== undefined) this.#cut(this.#coding);
  }

  #cut(range: Range): void {
    if (this.cuts.some(([from]) => from === range[0])) return;
    this.cuts.push(range);
    this.cuts.sort(([a], [b]) => a - b);
  }

  readUpgrade(): number {
    this.upgrade = this.upgrade === "" ? this.value().toLowerCase() : "several";
    return this.drop();
  }

  /** After all fields: what the connection options ask for. Returns 0 or the status to refuse with. */
  protected options(): number {
    this.keepAlive = this.minor === 1;
    if (this.connection === "" || this.connection === "keep-alive") return 0;
    const nominated = new Set<string>();
    for (const option of this.connection.split(/[ \t]*,[ \t]*/)) {
      if (option === "close") this.keepAlive = false;
      else if (option === "upgrade") this.wantsUpgrade = true;
      else if (option !== "" && option !== "keep-alive") nominated.add(option);
    }
    return nominated.size === 0 ? 0 : this.#dropNominated(nominated);
  }

  /** Removes the fields that the sender meant for this hop only. */
  #dropNominated(names: ReadonlySet<string>): number {
    for (const name of names) if (NOT_TO_NOMINATE.has(name)) return this.bad;
    const { b } = this;
    let at = this.line;
    while (b[at] !== CR) {
      const next = b.indexOf("\r\n", at) + 2;
      const name = b.latin1Slice(at, b.indexOf(COLON, at)).toLowerCase();
      if (names.has(name)) this.#cut([at, next]);
      at = next;
    }
    return 0;
  }

  /** First line (or `line` in its place) and fields to pass on, without the empty line at the end. */
  text(line: string): string {
    const { b, cuts } = this;
    const stop = this.end - 2;
    let from = line === "" ? this.start : this.line;
    if (cuts.length === 0) return line + b.latin1Slice(from, stop);
    let text = line;
    for (const [start, next] of cuts) {
      text += b.latin1Slice(from, start);
      from = next;
    }
    return text + b.latin1Slice(from, stop);
  }
}
