// How are a head and what follows it sent in as few writes as possible?
import type { Socket } from "node:net";

/** Up to here a body is copied into the head's write; beyond, two buffers in one call are cheaper. */
export const COPY_BYTES = 16_384;

/** Writes a head and the part of the body that has arrived. Returns whether the body was copied. */
export function writeMessage(socket: Socket, head: string, body: Buffer | undefined): boolean {
  if (body === undefined || body.length === 0) socket.write(head, "latin1");
  else if (body.length <= COPY_BYTES) socket.write(head + body.latin1Slice(), "latin1");
  else {
    socket.cork();
    socket.write(head, "latin1");
    socket.write(body);
    socket.uncork();
    return false;
  }
  return true;
}
