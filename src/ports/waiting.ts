// How long is what goes on by itself waited for?
import type { Call } from "./observed.ts";

/** Waits for what goes on also when the call is called off. */
export async function withCall<T>(work: Promise<T>, { signal }: Call): Promise<T> {
  const over = new AbortController();
  const off = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true, signal: over.signal });
  });
  try {
    return await Promise.race([work, off]);
  } finally {
    over.abort();
  }
}
