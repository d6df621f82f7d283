// How does a stream that only comes in end well, and badly?
import { status, type ServerReadableStream } from "@grpc/grpc-js";
import { messageOf } from "../../../core/issues.ts";
import type { Listeners } from "./events.ts";

/** Takes the messages of one stream. */
export interface Receiver {
  /** Who sends, as far as it is known. */
  readonly from: string;
  receive(bytes: Buffer): void;
}

export type Incoming = ServerReadableStream<Buffer, Buffer>;
export type Answer = (error: null, response: Buffer) => void;

/** Hands on what comes in. What cannot be read ends the stream, which Envoy opens again, and nothing else. */
export function receive(call: Incoming, answer: Answer, parts: { receiver: Receiver; listeners: Listeners }): void {
  const { receiver, listeners } = parts;
  let broken = false;
  call.on("data", (bytes: Buffer) => {
    if (broken) return;
    try {
      receiver.receive(bytes);
    } catch (error) {
      broken = true;
      const why = `not what this stream carries: ${messageOf(error)}`;
      listeners.tell("malformed", receiver.from || call.getPeer(), why);
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
