// Where does a chunked body end? (RFC 9112 7.1)
import { COLON, CR, HEX, LF, TOKEN, VALUE } from "./syntax.ts";

/** The body goes on after these bytes. */
export const MORE = -1;
/** These bytes are no chunked body. Nothing of them may be passed on. */
export const MALFORMED = -2;

/** Thirteen digits are 2⁵²: longer ones could be read as another number elsewhere. */
const MAX_DIGITS = 13;
/** Bytes of the whole trailer section. */
const MAX_TRAILER = 8_192;
/** They would frame or route the message, so no trailer may have them (RFC 9110 6.5.1). */
const FORBIDDEN = new Set(["content-length", "transfer-encoding", "host", "trailer", "content-encoding", "connection"]);

/** Told where a chunk's data stands; only for a receiver that knows no chunks. */
export type Sink = (from: number, to: number) => void;

type Framing = "size" | "size-lf" | "data" | "data-cr" | "data-lf" | "end-lf";
type Trailer = "trailer" | "trailer-name" | "trailer-value" | "trailer-lf";
type State = Framing | Trailer;

/**
 * Follows a body that is passed on as it is. Chunk extensions are refused: nobody needs them, and what stands in them
 * has been read in different ways more than once.
 */
export class Chunks {
  #state: State = "size";
  #left = 0;
  #digits = 0;
  #trailer = 0;
  #name = "";
  /** Bytes of data so far, without the framing. */
  bytes = 0;

  /** Index after the body, `MORE` or `MALFORMED`. */
  scan(b: Uint8Array, from: number, sink?: Sink): number {
    let i = from;
    while (i < b.length) {
      if (this.#state === "data") {
        const take = Math.min(this.#left, b.length - i);
        sink?.(i, i + take);
        this.#left -= take;
        i += take;
        if (this.#left === 0) this.#state = "data-cr";
        continue;
      }
      const ended = this.#state === "end-lf";
      if (!this.#step(b[i] as number)) return MALFORMED;
      i += 1;
      if (ended) return i;
    }
    return MORE;
  }

  #step(byte: number): boolean {
    switch (this.#state) {
      case "size":
        return this.#size(byte);
      case "size-lf":
        this.#digits = 0;
        return this.#expect(byte, LF, this.#left === 0 ? "trailer" : "data");
      case "data-cr":
        return this.#expect(byte, CR, "data-lf");
      case "data-lf":
        return this.#expect(byte, LF, "size");
      case "end-lf":
        return byte === LF;
      case "data":
        return false;
      case "trailer":
      case "trailer-name":
      case "trailer-value":
      case "trailer-lf":
        return this.#field(byte, this.#state);
      default:
        return false;
    }
  }

  #size(byte: number): boolean {
    const digit = HEX[byte] as number;
    if (digit < 16) {
      this.#digits += 1;
      this.#left = this.#left * 16 + digit;
      return this.#digits <= MAX_DIGITS;
    }
    if (this.#digits === 0) return false;
    this.bytes += this.#left;
    return this.#expect(byte, CR, "size-lf");
  }

  /** One byte of the trailer section, which has the syntax of header fields. */
  #field(byte: number, state: Trailer): boolean {
    this.#trailer += 1;
    if (this.#trailer > MAX_TRAILER) return false;
    switch (state) {
      case "trailer":
        if (byte === CR) return this.#expect(byte, CR, "end-lf");
        this.#name = "";
        this.#state = "trailer-name";
        return this.#nameByte(byte);
      case "trailer-name":
        if (byte !== COLON) return this.#nameByte(byte);
        this.#state = "trailer-value";
        return this.#name !== "" && !FORBIDDEN.has(this.#name.toLowerCase());
      case "trailer-value":
        return byte === CR ? this.#expect(byte, CR, "trailer-lf") : VALUE[byte] === 1;
      case "trailer-lf":
        return this.#expect(byte, LF, "trailer");
      default:
        return false;
    }
  }

  #nameByte(byte: number): boolean {
    this.#name += String.fromCharCode(byte);
    return TOKEN[byte] === 1;
  }

  #expect(byte: number, wanted: number, next: State): boolean {
    this.#state = next;
    return byte === wanted;
  }
}
