// Which requests did the Envoys carry?
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { NodeSchema } from "../protos/envoy/config/core/v3/base_pb.ts";
import { makeEntry, readEntry, type AccessEntry } from "./access-entry.ts";
import { nodeOf, type EnvoyNode } from "./node.ts";
import { endOf, skip, text } from "./reader.ts";
import type { Receiver } from "./receive.ts";

/** Called for every request, in the stream's order; must not throw. `entry` is valid during the call only. */
export type AccessListener = (node: EnvoyNode, logName: string, entry: AccessEntry) => void;

const MESSAGE = { identifier: 0x0a, http: 0x12 };
const IDENTIFIER = { node: 0x0a, logName: 0x12 };
const ENTRIES = { entry: 0x0a };

/** One stream of an access log. */
export class AccessLog implements Receiver {
  readonly of = "log";
  readonly #listener: AccessListener;
  readonly #entry = makeEntry();
  #node = nodeOf(undefined);
  #logName = "";

  constructor(listener: AccessListener) {
    this.#listener = listener;
  }

  get node(): EnvoyNode {
    return this.#node;
  }

  /** Throws for bytes that are no such message. */
  receive(bytes: Buffer): void {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === MESSAGE.http) this.#entries(reader, bytes);
      else if (tag === MESSAGE.identifier) this.#identify(reader, bytes);
      else skip(reader, tag);
    }
  }

  #identify(reader: BinaryReader, bytes: Buffer): void {
    const end = endOf(reader);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === IDENTIFIER.node) this.#node = nodeOf(fromBinary(NodeSchema, reader.bytes()));
      else if (tag === IDENTIFIER.logName) this.#logName = text(reader, bytes);
      else skip(reader, tag);
    }
  }

  #entries(reader: BinaryReader, bytes: Buffer): void {
    const end = endOf(reader);
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag !== ENTRIES.entry) {
        skip(reader, tag);
        continue;
      }
      readEntry(reader, bytes, this.#entry);
      this.#listener(this.#node, this.#logName, this.#entry);
    }
    if (reader.pos !== end) throw new RangeError("an entry is longer than the message that holds it");
  }
}
