// How do changes go one after another?
import type { Call } from "../../ports/observed.ts";

/** A queue that nobody waits in for longer than they want to. */
export class Turns {
  readonly #ended: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #open = 0;

  /** `ended` is called whenever nobody is left in the queue. */
  constructor(ended: () => void = () => undefined) {
    this.#ended = ended;
  }

  /** Runs when all before have ended. Rejects with the call's reason when that ends before its turn, which then never comes. */
  async take<T>({ signal }: Call, run: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const turn = before.then(() => {
      signal.throwIfAborted();
      return run();
    });
    this.#open += 1;
    const end = (): void => {
      this.#open -= 1;
      if (this.#open === 0) this.#ended();
    };
    this.#last = turn.then(end, end);
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(signal.reason);
    const waits = before.then(() => signal.removeEventListener("abort", stop));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    // Once its turn has come, it decides itself what an end of the call means.
    return Promise.race([turn, promise, waits.then(() => turn)]);
  }
}
