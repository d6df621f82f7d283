// How are a head and what follows it sent in as few writes as possible?
import type { Socket } from "node:net";

/** Up to here a body is copied into the head's write; beyond, two buffers in one call are cheaper. */
const COPY_BYTES = 16_384;

/** Bytes in a buffer that nobody will use again. */
const write = (socket: Socket, body: Buffer): void => void socket.write(body);

/** Writes a head and the part of the body that has arrived; `writeBody` sends that when it is large. */
export function writeMessage(
  socket: Socket,
  message: { readonly head: string; readonly body: Buffer | undefined },
  writeBody = write,
): void {
  const { head, body } = message;
  if (body === undefined || body.length === 0) socket.write(head, "latin1");
  else if (body.length <= COPY_BYTES) socket.write(head + body.latin1Slice(), "latin1");
  else {
    socket.cork();
    socket.write(head, "latin1");
    writeBody(socket, body);
    socket.uncork();
  }
}
