// How long ago, and when exactly?
import { useSyncExternalStore } from "react";
import { ago, timeText } from "../data/words.ts";

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for the page, that only ticks while somebody looks at it. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The moment, each second. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);

export function Ago({ atMs }: { readonly atMs: number }) {
  const text = ago(atMs, Math.max(useNow(), atMs));
  return (
    <time dateTime={new Date(atMs).toISOString()} title={timeText(atMs)}>
      {text}
    </time>
  );
}

export function At({ atMs }: { readonly atMs: number }) {
  return <time dateTime={new Date(atMs).toISOString()}>{timeText(atMs)}</time>;
}
