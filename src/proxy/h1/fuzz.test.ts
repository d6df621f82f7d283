// Does Node's own parser read the same messages in the bytes that this one lets through?
import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { PROXY_DEFAULTS } from "../config.ts";
import { AnswerHead } from "./answer.ts";
import { Body } from "./body.ts";
import { MALFORMED } from "./chunked.ts";
import { UNTIL_CLOSE, type Head } from "./head.ts";
import { RequestHead } from "./request.ts";

/** llhttp, as Node's http module uses it. */
interface Llhttp {
  readonly [event: number]: unknown;
  initialize(kind: number, resource: object): void;
  execute(bytes: Buffer): number | Error;
}
interface LlhttpClass {
  new (): Llhttp;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}
const { HTTPParser, methods } = createRequire(import.meta.url)("_http_common") as {
  HTTPParser: LlhttpClass;
  methods: readonly string[];
};

/** What the oracle finds in some bytes. */
interface Reading {
  /** Messages that are complete. */
  readonly messages: number;
  /** Data of their bodies. */
  readonly body: string;
  readonly method: string;
  readonly status: number;
  readonly failed: boolean;
}

function oracle(bytes: Buffer, kind: number, toHead: boolean): Reading {
  const parser = new HTTPParser();
  const events = parser as unknown as Record<number, unknown>;
  parser.initialize(kind, {});
  let messages = 0;
  let body = "";
  let method = "";
  let status = 0;
  events[HTTPParser.kOnHeaders] = () => undefined;
  // minor, major, headers, method, url, status, …: what it returns says whether a body is to be skipped.
  events[HTTPParser.kOnHeadersComplete] = (...facts: readonly unknown[]) => {
    method = methods[facts[3] as number] ?? "";
    status = (facts[5] as number | undefined) ?? 0;
    return toHead ? 1 : 0;
  };
  events[HTTPParser.kOnBody] = (part: Buffer) => {
    body += part.toString("latin1");
  };
  events[HTTPParser.kOnMessageComplete] = () => {
    messages += 1;
  };
  const result = parser.execute(bytes);
  return { messages, body, method, status, failed: result instanceof Error };
}

/** A small generator of repeatable chance (mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const REQUESTS = [
  "GET /a?b=c HTTP/1.1\r\nHost: h:80\r\nAccept: */*\r\nCookie: a=b; c=d\r\n\r\n",
  "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nX: y\r\n\r\nhello world",
  "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
  "PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0b\r\nhello world\r\n0\r\nX: 1\r\n\r\n",
  "HEAD http://h/a HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close, x-a\r\nX-A: 1\r\n\r\n",
  "GET /old HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
  "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
];
const ANSWERS = [
  "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nServer: x\r\n\r\nhello world",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\nb\r\nhello world\r\n0\r\nX: 1\r\n\r\n",
  "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n",
  "HTTP/1.1 304 Not Modified\r\nETag: a\r\nContent-Length: 9\r\n\r\n",
  "HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
];
const BITS = [
  ...Array.from("\r\n \t:;,0123aAfF+-_\"'\\/\x00\x0b\x0c\x7f\x85\xa0\xff"),
  "\r\n",
  "\n\n",
  "\r\n ",
  "\r\n\r\n",
  "0\r\n\r\n",
  "chunked",
  "identity",
  ", ",
  "Content-Length: 3\r\n",
  "Content-Length: 0\r\n",
  "content-length:5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "transfer-encoding:\tCHUNKED \r\n",
  "Transfer-Encoding: gzip\r\n",
  "Connection: close\r\n",
  "Connection: transfer-encoding\r\n",
  "Upgrade: h2c\r\n",
  "Expect: 100-continue\r\n",
  "Host: h\r\n",
  "HTTP/1.0",
  "GET /x HTTP/1.1\r\nHost: h\r\n\r\n",
];

function mutate(seeds: readonly string[], roll: (below: number) => number): string {
  let text = seeds[roll(seeds.length)] ?? "";
  const times = roll(4);
  for (let i = 0; i <= times; i += 1) {
    const at = roll(text.length + 1);
    const bit = BITS[roll(BITS.length)] ?? "";
    const lines = [...text.matchAll(/\r\n/g)].map((match) => match.index + 2);
    const line = lines[roll(lines.length)] ?? 0;
    switch (roll(6)) {
      case 0:
        text = text.slice(0, at) + text.slice(at + 1 + roll(2));
        break;
      case 1:
        text = text.slice(0, at) + bit + text.slice(at + bit.length);
        break;
      case 2:
        text = text.slice(0, line) + bit + text.slice(line);
        break;
      case 3:
        text = text.slice(0, at) + text.slice(roll(text.length), roll(text.length)) + text.slice(at);
        break;
      default:
        text = text.slice(0, at) + bit + text.slice(at);
    }
  }
  return text;
}

/** A message that this parser lets through: what it forwards, and the body's bytes as they stand. */
interface Passed {
  readonly forwarded: Buffer;
  readonly end: number;
}

/** Follows a body in two pieces, so that every state meets the end of a read. */
function follow(head: Head, b: Buffer, cutAt: number): number {
  const body = new Body();
  body.begin(head);
  if (body.complete) return head.end;
  const middle = Math.max(head.end, Math.min(cutAt, b.length));
  const first = body.follow(b.subarray(0, middle), head.end);
  if (first === MALFORMED || body.complete) return first;
  const stop = body.follow(b.subarray(middle), 0);
  return stop === MALFORMED || !body.complete ? MALFORMED : middle + stop;
}

const { limits } = PROXY_DEFAULTS;
const requests = new RequestHead(limits, false);
const answers = new AnswerHead(limits);

function passRequest(bytes: Buffer, cutAt: number): Passed | undefined {
  if (requests.read(bytes, 0) < 0) return undefined;
  const head = Buffer.from(`${requests.toText()}\r\n`, "latin1");
  const end = follow(requests, bytes, cutAt);
  return end < 0 ? undefined : { forwarded: Buffer.concat([head, bytes.subarray(requests.end, end)]), end };
}

function passAnswer(bytes: Buffer, cutAt: number): Passed | undefined {
  if (answers.read(bytes, 0, false) < 0 || answers.framing === UNTIL_CLOSE || answers.status < 200) return undefined;
  const head = Buffer.from(`${answers.toText()}\r\n`, "latin1");
  const end = follow(answers, bytes, cutAt);
  return end < 0 ? undefined : { forwarded: Buffer.concat([head, bytes.subarray(answers.end, end)]), end };
}

const CASES = Number(process.env["FUZZ_CASES"] ?? 30_000);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

/** What is wrong with a message that was let through; `undefined` when the oracle reads it the same way. */
function complaint(bytes: Buffer, passed: Passed, kind: number): string | undefined {
  // As it was received, up to the end: exactly one message, complete with the last byte and not before.
  for (const [name, text] of [
    ["forwarded", passed.forwarded] as const,
    ["received", bytes.subarray(0, passed.end)] as const,
  ]) {
    const whole = oracle(text, kind, false);
    if (whole.failed && name === "received") continue;
    if (whole.failed) return `${name}: refused by the oracle`;
    if (whole.messages !== 1) return `${name}: ${whole.messages} messages`;
    const short = oracle(text.subarray(0, -1), kind, false);
    if (short.messages !== 0) return `${name}: complete too early`;
  }
  const [received, forwarded] = [
    oracle(bytes.subarray(0, passed.end), kind, false),
    oracle(passed.forwarded, kind, false),
  ];
  if (!received.failed && received.body !== forwarded.body) return "another body";
  return undefined;
}

describe("against llhttp", () => {
  it.each([
    ["requests", { kind: HTTPParser.REQUEST, seeds: REQUESTS, pass: passRequest }],
    ["answers", { kind: HTTPParser.RESPONSE, seeds: ANSWERS, pass: passAnswer }],
  ] as const)("%s that pass are framed alike", (_, { kind, seeds, pass }) => {
    const roll = dice(SEED);
    const differences: string[] = [];
    let passed = 0;
    for (let i = 0; i < CASES; i += 1) {
      const bytes = Buffer.from(mutate(seeds, roll), "latin1");
      const through = pass(bytes, roll(bytes.length + 1));
      if (!through) continue;
      passed += 1;
      // Methods of its own are any client's right; llhttp knows a fixed list, and some of them not as HTTP.
      if (kind === HTTPParser.REQUEST && !methods.includes(through.forwarded.toString("latin1").split(" ")[0] ?? ""))
        continue;
      const difference = complaint(bytes, through, kind);
      if (difference) differences.push(`${difference}: ${JSON.stringify(bytes.toString("latin1"))}`);
    }
    expect(differences.slice(0, 5)).toEqual([]);
    // A parser that refuses everything would pass this test.
    expect(passed).toBeGreaterThan(CASES / 20);
  });

  it("every unchanged message passes", () => {
    expect(REQUESTS.filter((text) => !passRequest(Buffer.from(text), 0))).toEqual([]);
    expect(ANSWERS.filter((text) => !passAnswer(Buffer.from(text), 0))).toEqual([]);
  });
});
