// Where do the bytes that replicas send land, and how little memory does that take?
import type { Socket } from "node:net";

/** One read takes at most this much; a bit over 64 kB, a usual size, so that such an answer with its head is one. */
const READ_BYTES = 66_560;
/** Up to here a copy comes from the runtime's own slabs; beyond, from a buffer that is used again. */
const SLAB_BYTES = 4_096;
/** Buffers kept for the next copy, of 65 kB each. */
const MOST_SPARE = 64;

/**
 * All connections of a worker read into this one buffer, so that two thousand of them do not hold 130 MB. Its content is
 * valid until the next read of any of them: what is passed on is a copy. That costs nothing that could be measured, even
 * with 64 kB: the buffer never leaves the processor's cache.
 */
export const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES);

const spare: Buffer[] = [];

/** Writes a copy of bytes that were read into `READ_BUFFER`. */
export function writeCopy(socket: Socket, b: Buffer): void {
  if (b.length <= SLAB_BYTES) {
    socket.write(Buffer.from(b));
    return;
  }
  const copy = spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
  b.copy(copy);
  socket.write(copy.subarray(0, b.length), (error) => {
    // After an error the system may still have hold of it.
    if (!error && spare.length < MOST_SPARE) spare.push(copy);
  });
}
