// How does a replica of the tests tell a native histogram, which only the protobuf format can?
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const TYPE = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
};
/** A number below 0 too, for small ones. */
const signed = (value: number): Buffer => varint(value < 0 ? -2 * value - 1 : 2 * value);
const whole = (field: number, value: Buffer): Buffer => Buffer.concat([varint(field * 8), value]);
const part = (field: number, value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
};
const double = (field: number, value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint(field * 8 + 1), bytes]);
};

/** One family with one histogram. Names and numbers of fields are those of Prometheus' `metrics.proto`. */
function family(name: string, values: readonly number[], scale: number): Buffer {
  const indices = values.map((value) => Math.ceil(Math.log2(value) * 2 ** scale - 1e-9));
  const first = Math.min(...indices);
  const counts = Array.from(
    { length: Math.max(...indices) - first + 1 },
    (_, at) => indices.filter((index) => index === first + at).length,
  );
  const histogram = Buffer.concat([
    whole(1, varint(values.length)),
    double(
      2,
      values.reduce((sum, value) => sum + value, 0),
    ),
    whole(5, signed(scale)),
    double(6, 1e-128),
    whole(7, varint(0)),
    ...(values.length === 0
      ? []
      : [
          part(12, Buffer.concat([whole(1, signed(first)), whole(2, varint(counts.length))])),
          part(13, Buffer.concat(counts.map((count, at) => signed(count - (counts[at - 1] ?? 0))))),
        ]),
  ]);
  const message = Buffer.concat([part(1, name), whole(3, varint(4)), part(4, part(7, histogram))]);
  return Buffer.concat([varint(message.length), message]);
}

/** A replica that measured these values. */
export class NativeReplica {
  readonly values: number[] = [];
  scrapes = 0;
  /** Two to this many buckets for each doubling. */
  scale = 3;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((_, response) => {
      this.scrapes += 1;
      response.setHeader("content-type", TYPE);
      response.end(family("took_seconds", this.values, this.scale));
    });
  }

  async start(): Promise<number> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}
