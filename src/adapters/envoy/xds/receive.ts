// How does a stream that only comes in end well, and badly?
import { status, type ServerReadableStream } from "@grpc/grpc-js";
import { messageOf } from "../../../core/issues.ts";
import type { Listeners, Sender } from "./events.ts";
import type { EnvoyNode } from "./node.ts";

/** Takes the messages of one stream. */
export interface Receiver {
  readonly of: Sender["of"];
  /** Who sends, as far as it is known. */
  readonly node: EnvoyNode;
  receive(bytes: Buffer): void;
}

export type Incoming = ServerReadableStream<Buffer, Buffer>;
export type Answer = (error: null, response: Buffer) => void;

/** A node without a name is nobody that could be known again: its address stands for it. */
export function senderOf(of: Sender["of"], { id, fleet }: EnvoyNode, call: { getPeer(): string }): Sender {
  return id === "" ? { of, from: call.getPeer() } : { of, fleet, from: id };
}

/** Hands on what comes in. What cannot be read ends the stream, which Envoy opens again, and nothing else. */
export function receive(call: Incoming, answer: Answer, parts: { receiver: Receiver; listeners: Listeners }): void {
  const { receiver, listeners } = parts;
  let broken = false;
  call.on("data", (bytes: Buffer) => {
    if (broken) return;
    try {
      receiver.receive(bytes);
      listeners.tell("readable", senderOf(receiver.of, receiver.node, call));
    } catch (error) {
      broken = true;
      const why = `not what this stream carries: ${messageOf(error)}`;
      listeners.tell("malformed", { ...senderOf(receiver.of, receiver.node, call), why });
      call.emit("error", { code: status.INVALID_ARGUMENT, details: why });
    }
  });
  // Both responses are messages without fields.
  call.on("end", () => {
    if (!broken) answer(null, Buffer.alloc(0));
  });
  // Told by the transport as well: there is nothing to be kept of it.
  call.on("error", () => (broken = true));
}
