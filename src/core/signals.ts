// What does a replica tell of itself besides its requests, and how much of it is new?
import type { Ms } from "./units.ts";

/** One value at one moment. Finite always: what is not is left out and named by whoever reads it. */
export type Reading =
  /** Only ever grows; one that shrank has begun again at 0. */
  | { readonly kind: "counter"; readonly value: number }
  /** Goes up and down. */
  | { readonly kind: "gauge"; readonly value: number }
  /** Counts per bucket since the beginning; bucket i ends at `bounds[i]`, and the last one has no end. */
  | { readonly kind: "histogram"; readonly bounds: readonly number[]; readonly counts: readonly number[] };

/** What is to be read: a name, and what kind of value it must be. */
export interface SignalWanted {
  /** `process.memory`, a selector of an exposition: `orders_total{result="paid"}`, or a name with its source (signal-names.ts). */
  readonly name: string;
  readonly kind: Reading["kind"];
}

/** Everything that was read of one replica. A name that could not be read is not there. */
export interface SignalSeries {
  /** The pool's own name where a source tells of the pool as a whole. */
  readonly replica: string;
  readonly pool: string;
  /** Names the life of its counters: another epoch means that they began again at 0. */
  readonly epoch: string;
  readonly values: Readonly<Record<string, Reading>>;
}

/** All that was read at one moment. */
export interface Signals {
  readonly at: Ms;
  readonly series: readonly SignalSeries[];
  /** Why a name could not be read of a replica, for people: `orders_total: 1-canary-0 has no such series`. */
  readonly troubles: readonly string[];
}

/** What became of a value between two readings: how much was added, or where a gauge stands. */
export type Grown = Reading;

/** What one replica did between two readings. */
export interface SignalIncrement {
  readonly replica: string;
  readonly pool: string;
  readonly values: Readonly<Record<string, Grown>>;
}

const keyOf = (series: SignalSeries): string => JSON.stringify([series.epoch, series.pool, series.replica]);

/** Whether two histograms have the same buckets, so that their counts may be added or compared. */
export function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, index) => bound === b[index]);
}

/** `undefined` when a histogram has changed its buckets: then nothing can be said of what is new. */
function grown(before: Reading | undefined, after: Reading): Grown | undefined {
  if (after.kind === "gauge") return after;
  if (after.kind === "counter") {
    const base = before?.kind === "counter" && before.value <= after.value ? before.value : 0;
    return { kind: "counter", value: after.value - base };
  }
  if (before?.kind !== "histogram") return after;
  if (!sameBounds(before.bounds, after.bounds)) return undefined;
  const shrank = after.counts.some((count, index) => count < (before.counts[index] ?? 0));
  if (shrank) return after;
  return { ...after, counts: after.counts.map((count, index) => count - (before.counts[index] ?? 0)) };
}

/**
 * What is new per replica since the reading before. Of a replica that was not there all is new, for its counters began
 * at 0; so did one that is new on a replica's page, as an error that had not happened before.
 */
export function signalIncrements(before: Signals, after: Signals): readonly SignalIncrement[] {
  const earlier = new Map(before.series.map((series) => [keyOf(series), series]));
  return after.series.map((series) => {
    const known = earlier.get(keyOf(series));
    const values: Record<string, Grown> = {};
    for (const [name, reading] of Object.entries(series.values)) {
      const more = grown(known?.values[name], reading);
      if (more) values[name] = more;
    }
    return { replica: series.replica, pool: series.pool, values };
  });
}

/**
 * A reading that can be counted from next time: a replica that could not be read this time stays as it was last, or what
 * it has done since its start would look new when it answers again. `alive` are the replicas and pools that still run.
 */
export function carriedOn(before: Signals | undefined, after: Signals, alive: ReadonlySet<string>): Signals {
  const read = new Set(after.series.map(({ replica }) => replica));
  const missing = (before?.series ?? []).filter(({ replica }) => alive.has(replica) && !read.has(replica));
  return missing.length === 0 ? after : { ...after, series: [...after.series, ...missing] };
}
