// What is kept of a user's request and its answer, until a copy can be sent?
import type { MirrorStart } from "./messages.ts";

/** Where a copy goes when its request has been answered, or not. */
export interface CopyDesk {
  handOver(copy: Copy): void;
  /** It is not to be copied after all. `due`: it ought to have been. */
  drop(copy: Copy, due: boolean): void;
  /** Bytes that are kept from now on; less than 0 for bytes that are let go. */
  keep(bytes: number): void;
}

/** A larger request is not copied; of a larger answer the head alone is compared. */
const MOST_BODY = 64 * 1_024;
const MOST_ANSWER = 256 * 1_024;

export class Copy {
  /** The request's whole head as its replica gets it, with the empty line at its end. */
  readonly head: string;
  /** The mirror under which the request began. */
  readonly start: MirrorStart;
  readonly body: Buffer[] = [];
  readonly answer: Buffer[] = [];
  bodyBytes = 0;
  answerBytes = 0;
  /** Whether `answer` is all of it. */
  whole = true;
  readonly #desk: CopyDesk;
  #tooLarge = false;

  constructor(head: string, start: MirrorStart, desk: CopyDesk) {
    this.head = head;
    this.start = start;
    this.#desk = desk;
  }

  /** A part of the request's body went to the replica, in its framing. */
  sent(part: Buffer): void {
    if (this.#tooLarge || part.length === 0) return;
    this.#desk.keep(part.length);
    this.bodyBytes += part.length;
    this.body.push(part);
    if (this.bodyBytes <= MOST_BODY) return;
    this.#tooLarge = true;
    this.#desk.keep(-this.bodyBytes);
    this.bodyBytes = 0;
    this.body.length = 0;
  }

  /** A part of the answer came, the whole head with the first one. The bytes are copied: their buffer is used again. */
  came(part: Buffer): void {
    if (!this.start.mirror.compare || !this.whole || this.#tooLarge) return;
    if (this.answerBytes + part.length <= MOST_ANSWER) {
      this.#desk.keep(part.length);
      this.answerBytes += part.length;
      this.answer.push(Buffer.from(part));
      return;
    }
    this.whole = false;
    const head = this.answer[0]?.length ?? 0;
    this.#desk.keep(head - this.answerBytes);
    this.answerBytes = head;
    this.answer.length = Math.min(1, this.answer.length);
  }

  /** The user has the whole answer. */
  complete(): void {
    if (this.#tooLarge) this.#desk.drop(this, true);
    else this.#desk.handOver(this);
  }

  /** The request came to no answer: nothing is copied. */
  drop(): void {
    this.#desk.drop(this, false);
  }
}
