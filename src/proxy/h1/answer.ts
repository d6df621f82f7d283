// What does a replica answer? (RFC 9112 4, 6.3)
import type { Limits } from "../config.ts";
import { CHUNKED, Fields, Head, INCOMPLETE, LENGTH, NO_BODY, UNTIL_CLOSE } from "./head.ts";
import { CR, LF, SP, VALUE } from "./syntax.ts";

const drop = (head: AnswerHead): number => head.drop();

const KNOWN = new Fields<AnswerHead>({
  connection: (head) => head.readConnection(),
  upgrade: (head) => head.readUpgrade(),
  "content-length": (head) => head.readLength(),
  "transfer-encoding": (head) => head.readCoding(),
  "keep-alive": (head) => head.readKeepAlive(),
  "proxy-connection": drop,
  "proxy-authenticate": drop,
  te: drop,
});

const HTTP = [...Buffer.from("HTTP/1.")];

/** The reader of an answer's head; holds the last one read. */
export class AnswerHead extends Head {
  status = 0;
  /** How long the replica keeps an idle connection, in seconds; 0 when it does not say. */
  idleS = 0;
  readonly #limits: Limits;

  constructor(limits: Limits) {
    super(502);
    this.#limits = limits;
  }

  /** Reads the head that begins at `start`: the index after it, `INCOMPLETE`, or `REFUSED`. `toHead`: HEAD was asked. */
  read(b: Buffer, start: number, toHead: boolean): number {
    this.reset(b, start);
    this.idleS = 0;
    const line = this.#statusLine();
    if (line < 0) return line;
    this.line = line;
    const end = this.fields<AnswerHead>(KNOWN, this.#limits.headers);
    if (end < 0) return end;
    this.end = end;
    const error = this.#judge(toHead);
    return error === 0 ? end : this.refuse(error);
  }

  /** The head as it goes to the client, without the empty line at its end. */
  toText(): string {
    if (this.minor === 1) return this.text("");
    // A proxy speaks its own version.
    return this.text(`HTTP/1.1${this.b.latin1Slice(this.start + 8, this.line)}`);
  }

  #statusLine(): number {
    const { b, start } = this;
    const n = b.length;
    for (let i = 0; i < HTTP.length; i += 1) {
      if (start + i >= n) return INCOMPLETE;
      if (b[start + i] !== HTTP[i]) return this.refuse(502);
    }
    if (n < start + 15) return INCOMPLETE;
    const minor = (b[start + 7] as number) - 48;
    const hundreds = (b[start + 9] as number) - 48;
    const tens = (b[start + 10] as number) - 48;
    const ones = (b[start + 11] as number) - 48;
    if ((minor !== 0 && minor !== 1) || b[start + 8] !== SP || b[start + 12] !== SP) return this.refuse(502);
    if (hundreds < 1 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return this.refuse(502);
    this.minor = minor;
    this.status = hundreds * 100 + tens * 10 + ones;
    let i = start + 13;
    while (i < n && VALUE[b[i] as number] === 1) i += 1;
    if (i + 1 >= n) return i === n || b[i] === CR ? INCOMPLETE : this.refuse(502);
    return b[i] === CR && b[i + 1] === LF ? i + 2 : this.refuse(502);
  }

  #judge(toHead: boolean): number {
    const { status } = this;
    if (this.chunked && (this.length !== -1 || this.minor === 0)) return 502;
    const bodiless = status < 200 || status === 204;
    if (bodiless && (this.chunked || this.length > 0)) return 502;
    if (toHead || bodiless || status === 304) this.framing = NO_BODY;
    else if (this.chunked) this.framing = CHUNKED;
    else if (this.length >= 0) this.framing = this.length > 0 ? LENGTH : NO_BODY;
    else this.framing = UNTIL_CLOSE;
    const error = this.options();
    if (this.framing === UNTIL_CLOSE) this.keepAlive = false;
    return error;
  }

  readKeepAlive(): number {
    const seconds = /(?:^|[ ,])timeout=(\d{1,6})/i.exec(this.value())?.[1];
    if (seconds !== undefined) this.idleS = Number(seconds);
    return this.drop();
  }
}
