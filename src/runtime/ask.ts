// How is a port called so that it can delay nobody?
import { messageOf } from "../core/issues.ts";
import { ms, type Ms } from "../core/units.ts";
import type { Clock } from "../ports/clock.ts";
import { unreadable, type Call, type Observed } from "../ports/observed.ts";

/** A call that took too long. The port may still be at it; its answer is not waited for. */
class TookTooLong extends Error {
  override readonly name = "TookTooLong";
}

/** A reason of its own would be an error with a stack, made for every call. */
const DONE = "done";

/** Calls a port for at most `limitMs`, whether or not it heeds its signal. */
export async function within<T>(clock: Clock, limitMs: number, call: (call: Call) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = new AbortController();
  const limit: Ms = ms(limitMs);
  const timeout = clock.sleep(limit, over.signal).then((): T | Promise<T> => {
    // The call has won, and the sleep has ended early: nobody waits for this any more.
    if (over.signal.aborted) return new Promise<T>(() => {});
    const tooLong = new TookTooLong(`no answer in ${limit} ms`);
    late.abort(tooLong);
    throw tooLong;
  });
  try {
    return await Promise.race([call({ signal: late.signal }), timeout]);
  } finally {
    over.abort(DONE);
  }
}

/** Looks at the world; a look that fails or takes too long is `unreadable`. */
export async function lookAt<T>(
  clock: Clock,
  limitMs: number,
  look: (call: Call) => Promise<Observed<T>>,
): Promise<Observed<T>> {
  try {
    return await within(clock, limitMs, look);
  } catch (error) {
    return unreadable(messageOf(error));
  }
}
