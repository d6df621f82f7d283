// What does a kept answer say, decoded?
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import type { AnswerSeen } from "../../core/compare/answers.ts";
import type { HeaderLines } from "../../core/compare/headers.ts";
import { Chunks } from "../h1/chunked.ts";
import { partsOf } from "./parts.ts";

/** Of a body that is larger when decoded, nothing is compared. */
const MOST_DECODED = 2 * 1_024 * 1_024;

const DECODERS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gunzipSync(body, { maxOutputLength: MOST_DECODED }),
  "x-gzip": (body) => gunzipSync(body, { maxOutputLength: MOST_DECODED }),
  deflate: (body) => inflateSync(body, { maxOutputLength: MOST_DECODED }),
  br: (body) => brotliDecompressSync(body, { maxOutputLength: MOST_DECODED }),
  zstd: (body) => zstdDecompressSync(body, { maxOutputLength: MOST_DECODED }),
};

const TEXT =
  /^text\/|^application\/(?:json|xml|javascript|graphql|x-www-form-urlencoded|x-ndjson)\b|\+(?:json|xml)\b/iu;
const END = "\r\n\r\n";

/** The data of a body that came in chunks; `undefined` when it is not complete. */
export function dechunked(raw: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  const end = new Chunks().scan(raw, 0, (from, to) => parts.push(raw.subarray(from, to)));
  return end === raw.length ? Buffer.concat(parts) : undefined;
}

/** The answer that a user got, from its bytes. */
export function answerOf(raw: Buffer, whole: boolean): AnswerSeen | undefined {
  const end = raw.indexOf(END);
  if (end < 0) return undefined;
  const { target, fields } = partsOf(raw.latin1Slice(0, end));
  const headers = fields.map(([name, value]) => [name.toLowerCase(), value] as const);
  const chunked = headers.some(([name]) => name === "transfer-encoding");
  const bytes = raw.subarray(end + END.length);
  return {
    status: Number(target),
    headers,
    body: whole ? decoded(headers, chunked ? dechunked(bytes) : bytes) : undefined,
  };
}

/** A body as it is compared: decoded, as text where it is one. One that is encoded in another way is compared as it is. */
export function decoded(headers: HeaderLines, body: Buffer | undefined): string | Uint8Array | undefined {
  if (body === undefined || body.length === 0) return body && "";
  const valueOf = (wanted: string): string => headers.find(([name]) => name === wanted)?.[1] ?? "";
  const decode = DECODERS[valueOf("content-encoding").toLowerCase()];
  let plain = body;
  try {
    if (decode) plain = decode(body);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return undefined;
    // It is not what it says: its bytes are compared.
    return body;
  }
  const type = valueOf("content-type");
  return type === "" || TEXT.test(type) ? plain.toString() : plain;
}
