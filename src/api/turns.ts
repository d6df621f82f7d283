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

  /**
   * Throws SERIN_BUSY when too many wait already, and the signal's reason for whoever has gone away meanwhile, at once: of
   * them nothing is kept until their turn would have come.
   */
  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    // The one at work counts, too.
    if (this.#waiting > this.#most) throw busy();
    this.#waiting += 1;
    const wanted: { work?: typeof work | undefined } = { work };
    const gone = Promise.withResolvers<never>();
    let isGone = false;
    const leave = (): void => {
      if (!isGone) this.#waiting -= 1;
      isGone = true;
      wanted.work = undefined;
    };
    const goAway = (): void => {
      leave();
      gone.reject(signal.reason);
    };
    signal.addEventListener("abort", goAway, { once: true });
    const turn = this.#last.then(() => wanted.work?.() ?? gone.promise);
    this.#last = turn.catch(() => undefined);
    try {
      return await Promise.race([turn, gone.promise]);
    } finally {
      signal.removeEventListener("abort", goAway);
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
