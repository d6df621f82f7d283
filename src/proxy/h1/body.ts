// How far does a message's body reach into the bytes that have arrived?
import { Chunks, MALFORMED, MORE, type Sink } from "./chunked.ts";
import { CHUNKED, LENGTH, NO_BODY, type Framing, type Head } from "./head.ts";

/** Follows one body after another on a connection, without touching its bytes. */
export class Body {
  framing: Framing = NO_BODY;
  complete = true;
  #left = 0;
  #chunks: Chunks | undefined;

  /** The body that this head announces. */
  begin(head: Head): void {
    this.framing = head.framing;
    this.complete = head.framing === NO_BODY;
    this.#left = head.length;
    this.#chunks = head.framing === CHUNKED ? new Chunks() : undefined;
  }

  /** Data that chunks have announced so far; 0 for other framings. */
  get chunked(): number {
    return this.#chunks?.bytes ?? 0;
  }

  /** Index after the part of the body that starts at `from`; everything when it is not complete. Or `MALFORMED`. */
  follow(b: Buffer, from: number, sink?: Sink): number {
    if (this.framing === LENGTH) {
      const has = b.length - from;
      this.complete = has >= this.#left;
      const stop = this.complete ? from + this.#left : b.length;
      this.#left -= stop - from;
      return stop;
    }
    if (this.framing === NO_BODY) return from;
    if (!this.#chunks) return b.length;
    const stop = this.#chunks.scan(b, from, sink);
    if (stop === MALFORMED) return MALFORMED;
    this.complete = stop !== MORE;
    return this.complete ? stop : b.length;
  }
}
