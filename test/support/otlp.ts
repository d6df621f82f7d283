// What does a collector get that takes OTLP over HTTP?
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as it was sent. Values of attributes as text. */
export interface Sent {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly string[];
  /** 2 is an error. */
  readonly status: number;
}

export interface Collector {
  /** What the exporter is told. */
  readonly url: string;
  readonly spans: readonly Sent[];
  close(): Promise<void>;
}

/** A server that takes `POST /v1/traces` in protobuf and nothing else. */
export async function startCollector(): Promise<Collector> {
  const spans: Sent[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const isTraces = request.url === "/v1/traces" && request.headers["content-type"] === "application/x-protobuf";
      if (isTraces) spans.push(...requestOf(Buffer.concat(parts)));
      response.writeHead(isTraces ? 200 : 404, { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A message of protobuf: the values of each field number, as they stand on the wire. */
type Fields = Map<number, (Buffer | bigint)[]>;

function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError("the message ends within a number");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const taken = (length: number): Buffer => {
    at += length;
    if (at > bytes.length) throw new RangeError("the message ends within a field");
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const kinds: Readonly<Record<number, () => Buffer | bigint>> = {
      0: varint,
      1: () => taken(8),
      2: () => taken(Number(varint())),
      5: () => taken(4),
    };
    const value = kinds[tag & 7]?.();
    if (value === undefined) throw new RangeError(`no such kind of field: ${tag & 7}`);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

const messages = (fields: Fields, number: number): readonly Fields[] =>
  (fields.get(number) ?? []).map((value) => fieldsOf(value as Buffer));
const bytesOf = (fields: Fields, number: number): Buffer =>
  (fields.get(number)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
const textOf = (fields: Fields, number: number): string => bytesOf(fields, number).toString("utf8");
const timeMsOf = (fields: Fields, number: number): number =>
  Number(bytesOf(fields, number).readBigUInt64LE() / 1_000_000n);

/** Of an AnyValue: text, boolean, integer, number, or a list of these. */
function valueOf(fields: Fields): string {
  if (fields.has(1)) return textOf(fields, 1);
  if (fields.has(4)) return String(bytesOf(fields, 4).readDoubleLE());
  if (fields.has(5))
    return messages(fieldsOf(bytesOf(fields, 5)), 1)
      .map(valueOf)
      .join(",");
  return String(fields.get(3)?.[0] ?? fields.get(2)?.[0] ?? "");
}

const attributesOf = (fields: Fields, number: number): Readonly<Record<string, string>> =>
  Object.fromEntries(messages(fields, number).map((pair) => [textOf(pair, 1), valueOf(fieldsOf(bytesOf(pair, 2)))]));

function requestOf(body: Buffer): readonly Sent[] {
  return messages(fieldsOf(body), 1).flatMap((resource) => {
    const service = attributesOf(fieldsOf(bytesOf(resource, 1)), 1)["service.name"] ?? "";
    return messages(resource, 2).flatMap((scope) => messages(scope, 2).map((span) => spanOf(service, span)));
  });
}

function spanOf(service: string, span: Fields): Sent {
  return {
    service,
    traceId: bytesOf(span, 1).toString("hex"),
    spanId: bytesOf(span, 2).toString("hex"),
    parentId: bytesOf(span, 4).toString("hex"),
    name: textOf(span, 5),
    startMs: timeMsOf(span, 7),
    endMs: timeMsOf(span, 8),
    attributes: attributesOf(span, 9),
    events: messages(span, 11).map((event) => textOf(event, 2)),
    status: Number(fieldsOf(bytesOf(span, 15)).get(3)?.[0] ?? 0),
  };
}
