// How is a port called so that it can delay nobody?
import { messageOf } from "../core/issues.ts";
import { ms, type Ms } from "../core/units.ts";
import type { Clock } from "../ports/clock.ts";
import { unreadable, type Call, type Observed } from "../ports/observed.ts";

/** A call that took too long. The port may still be at it; its answer is not waited for. */
class TookTooLong extends Error {
  override readonly name = "TookTooLong";
}

/** Calls a port for at most `limitMs`, whether or not it heeds its signal. */
export async function within<T>(clock: Clock, limitMs: number, call: (call: Call) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = new AbortController();
  const limit: Ms = ms(limitMs);
  const timeout = clock.sleep(limit, over.signal).then((): T => {
    late.abort();
    throw new TookTooLong(`no answer in ${limit} ms`);
  });
  // When the call wins, the sleep ends early and its rejection is nobody's.
  timeout.catch(() => {});
  try {
    return await Promise.race([call({ signal: late.signal }), timeout]);
  } finally {
    over.abort();
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
