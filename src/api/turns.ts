// Who is next, where one at a time is enough?
import { SerinError } from "../core/issues.ts";

/** Lets one piece of work run at a time, and only a few wait. */
export class Turns {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(most: number) {
    this.#most = most;
  }

  /** Throws SERIN_BUSY when too many wait already, and the signal's reason for whoever has gone away meanwhile. */
  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    // The one at work counts, too.
    if (this.#waiting > this.#most) throw busy();
    this.#waiting += 1;
    let isGone = false;
    const leave = (): void => {
      if (!isGone) this.#waiting -= 1;
      isGone = true;
    };
    signal.addEventListener("abort", leave, { once: true });
    const turn = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      signal.removeEventListener("abort", leave);
      leave();
    }
  }
}

function busy(): SerinError {
  return new SerinError({
    code: "SERIN_BUSY",
    what: "others are being rehearsed, and several wait for that already",
    now: "nothing was rehearsed; traffic is not touched by rehearsals",
    next: "ask again later, or rehearse where you are: serin rehearse FILE",
  });
}
