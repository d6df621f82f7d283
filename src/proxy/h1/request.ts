// What does a client ask for? (RFC 9112 3)
import type { Limits } from "../config.ts";
import type { Needs } from "../match.ts";
import type { Asked } from "../sight.ts";
import { CHUNKED, Fields, Head, INCOMPLETE, LENGTH, NO_BODY } from "./head.ts";
import { CR, HOST, LF, SP, TARGET, TOKEN } from "./syntax.ts";

export type Method = "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE" | "TRACE" | "POST" | "CONNECT" | "other";

const NONE: readonly string[] = [];
const METHODS: readonly Method[] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "POST", "CONNECT"];
const METHOD_BYTES = METHODS.map((method) => ({ method, bytes: [...Buffer.from(method)] }));

/** A request of these may be sent twice (RFC 9110 9.2.2). */
const IDEMPOTENT: ReadonlySet<Method> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

/** Names that an application may read as `Content-Length` or `Transfer-Encoding`, as CGI does. */
const refuse = (head: RequestHead): number => head.bad;

const drop = (head: RequestHead): number => head.drop();
const untrusted = (head: RequestHead): number => (head.trustForwarded ? 0 : head.drop());

const READERS: Readonly<Record<string, (head: RequestHead) => number>> = {
  host: (head) => head.readHost(),
  connection: (head) => head.readConnection(),
  upgrade: (head) => head.readUpgrade(),
  "content-length": (head) => head.readLength(),
  "transfer-encoding": (head) => head.readCoding(),
  content_length: refuse,
  transfer_encoding: refuse,
  expect: (head) => head.readExpect(),
  cookie: (head) => head.readCookie(),
  "keep-alive": drop,
  "proxy-connection": drop,
  "proxy-authorization": drop,
  te: drop,
  "http2-settings": drop,
  forwarded: untrusted,
  "x-forwarded-for": (head) => head.readForwardedFor(),
  "x-forwarded-proto": (head) => head.readForwardedProto(),
  "x-forwarded-host": (head) => head.readForwardedHost(),
  "x-forwarded-port": untrusted,
  "x-forwarded-prefix": untrusted,
  "x-forwarded-server": untrusted,
  "x-forwarded-ssl": untrusted,
};

/** The reader of a request's head; holds the last one read. */
export class RequestHead extends Head implements Asked {
  method: Method = "other";
  host = "";
  /** Content of the Cookie fields; only read when asked for. */
  cookies: string | undefined;
  expectsContinue = false;
  forwardedFor = "";
  hasForwardedProto = false;
  hasForwardedHost = false;
  readonly trustForwarded: boolean;
  readonly #limits: Limits;
  #hasHost = false;
  #wantsCookies = false;
  #known: Fields<RequestHead> = new Fields(READERS);
  /** A first line in place of the one received; "" when that one can stay. */
  #line = "";
  #authority: string | undefined;
  #asterisk = false;
  /** Where the target stands. */
  #from = 0;
  #to = 0;
  /** The path of a target that was a whole URI. */
  #path: string | undefined;
  /** Values of the watched fields. */
  readonly #seen = new Map<string, string[]>();

  constructor(limits: Limits, trustForwarded: boolean) {
    super(400);
    this.#limits = limits;
    this.trustForwarded = trustForwarded;
  }

  /** Which headers to keep the values of, and whether cookies are wanted. */
  watch({ headers, cookies }: Needs): void {
    this.#wantsCookies = cookies;
    const watched = [...headers].map((name) => {
      const own = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
      return [name, (head: RequestHead) => head.see(name) || (own?.(head) ?? 0)] as const;
    });
    this.#known = new Fields<RequestHead>({ ...READERS, ...Object.fromEntries(watched) });
  }

  get verb(): string {
    return this.method === "other" ? this.b.latin1Slice(this.start, this.#from - 1) : this.method;
  }

  get target(): string {
    return this.#path ?? this.b.latin1Slice(this.#from, this.#to);
  }

  field(name: string): readonly string[] {
    return name === "host" ? [this.host] : (this.#seen.get(name) ?? NONE);
  }

  get idempotent(): boolean {
    return IDEMPOTENT.has(this.method);
  }

  /** Whether a copy of it can be sent: nothing has to be agreed with its replica first. */
  get mirrorable(): boolean {
    return !this.expectsContinue && !this.wantsUpgrade;
  }

  get websocket(): boolean {
    return (
      this.wantsUpgrade &&
      this.upgrade === "websocket" &&
      this.method === "GET" &&
      this.minor === 1 &&
      this.framing === NO_BODY
    );
  }

  /** Reads the head that begins at `start`: the index after it, `INCOMPLETE`, or `REFUSED`. */
  read(b: Buffer, start: number): number {
    this.reset(b, start);
    this.method = "other";
    this.host = "";
    this.#hasHost = false;
    this.cookies = undefined;
    if (this.#seen.size > 0) this.#seen.clear();
    this.#path = undefined;
    this.expectsContinue = false;
    if (this.trustForwarded) {
      this.forwardedFor = "";
      this.hasForwardedProto = false;
      this.hasForwardedHost = false;
    }
    this.#line = "";
    this.#authority = undefined;
    this.#asterisk = false;
    const line = this.#requestLine();
    if (line < 0) return line;
    this.line = line;
    const end = this.fields<RequestHead>(this.#known, this.#limits.headers);
    if (end < 0) return end;
    this.end = end;
    const error = this.#judge();
    return error === 0 ? end : this.refuse(error);
  }

  /** The head as it goes to the replica, without the empty line at its end. */
  toText(): string {
    return this.text(this.#line);
  }

  #requestLine(): number {
    const { b, start } = this;
    const n = b.length;
    let i = start;
    while (i < n && TOKEN[b[i] as number] === 1) i += 1;
    if (i === n) return INCOMPLETE;
    if (b[start] === CR && start + 1 === n) return INCOMPLETE;
    if (i === start || b[i] !== SP) return this.refuse(400);
    this.method = methodOf(b, start, i);
    i += 1;
    const target = i;
    while (i < n && TARGET[b[i] as number] === 1) i += 1;
    if (i === n) return INCOMPLETE;
    if (i === target || b[i] !== SP) return this.refuse(400);
    this.#from = target;
    this.#to = i;
    if (n < i + 11) return INCOMPLETE;
    if (b[i + 9] !== CR || b[i + 10] !== LF || b.latin1Slice(i + 1, i + 6) !== "HTTP/") return this.refuse(400);
    const major = (b[i + 6] as number) - 48;
    const minor = (b[i + 8] as number) - 48;
    if (b[i + 7] !== 46 || major < 0 || major > 9 || minor < 0 || minor > 9) return this.refuse(400);
    if (major !== 1 || minor > 1) return this.refuse(505);
    this.minor = minor;
    if (this.method === "CONNECT") return this.refuse(501);
    if (b[target] !== 47 && !this.#otherForm(target, i)) return this.refuse(400);
    // A proxy speaks its own version, whatever it was asked in.
    if (minor === 0 && this.#line === "") this.#line = `${b.latin1Slice(start, i)} HTTP/1.1\r\n`;
    return i + 11;
  }

  /** `*`, or a whole URI: a replica gets the path of that, and its Host must be the same. */
  #otherForm(from: number, to: number): boolean {
    const target = this.b.latin1Slice(from, to);
    this.#asterisk = target === "*";
    if (this.#asterisk) return this.method === "OPTIONS";
    const parts = /^https?:\/\/([^/?]+)(.*)$/i.exec(target);
    const authority = parts?.[1];
    if (parts === null || authority === undefined) return false;
    const rest = parts[2] ?? "";
    const none = this.method === "OPTIONS" && rest === "" ? "*" : "/";
    const path = rest.startsWith("/") ? rest : rest === "" ? none : `/${rest}`;
    this.#authority = authority;
    this.#path = path;
    this.#line = `${this.b.latin1Slice(this.start, from)}${path} HTTP/1.1\r\n`;
    return true;
  }

  /** What only all fields together can tell. */
  #judge(): number {
    if (this.chunked && (this.length !== -1 || this.minor === 0)) return 400;
    if (!this.#hasHost && this.minor === 1) return 400;
    if (this.#authority !== undefined && this.#hasHost && this.#authority.toLowerCase() !== this.host.toLowerCase())
      return 400;
    if (!this.#hasHost) {
      this.host = this.#authority ?? "";
      this.#line += `Host: ${this.host}\r\n`;
    }
    this.framing = this.chunked ? CHUNKED : this.length > 0 ? LENGTH : NO_BODY;
    return this.options();
  }

  readHost(): number {
    if (this.#hasHost) return 400;
    this.#hasHost = true;
    this.host = this.value();
    const { host } = this;
    for (let i = 0; i < host.length; i += 1) if (HOST[host.charCodeAt(i)] !== 1) return 400;
    return 0;
  }

  readExpect(): number {
    if (this.value().toLowerCase() !== "100-continue" || this.expectsContinue) return 417;
    this.expectsContinue = true;
    // HTTP/1.0 knows no 100.
    return this.minor === 0 ? this.drop() : 0;
  }

  readCookie(): number {
    if (this.#wantsCookies)
      this.cookies = this.cookies === undefined ? this.value() : `${this.cookies}; ${this.value()}`;
    return 0;
  }

  /** Keeps the value of a watched field. */
  see(name: string): number {
    const known = this.#seen.get(name);
    if (known) known.push(this.value());
    else this.#seen.set(name, [this.value()]);
    return 0;
  }

  readForwardedFor(): number {
    if (this.trustForwarded) this.forwardedFor += this.forwardedFor === "" ? this.value() : `, ${this.value()}`;
    return this.drop();
  }

  readForwardedProto(): number {
    this.hasForwardedProto = this.trustForwarded;
    return untrusted(this);
  }

  readForwardedHost(): number {
    this.hasForwardedHost = this.trustForwarded;
    return untrusted(this);
  }
}

/** Methods are case-sensitive: `get` is another one. */
function methodOf(b: Buffer, from: number, to: number): Method {
  for (const { method, bytes } of METHOD_BYTES) {
    if (bytes.length !== to - from) continue;
    let i = 0;
    while (i < bytes.length && b[from + i] === bytes[i]) i += 1;
    if (i === bytes.length) return method;
  }
  return "other";
}
