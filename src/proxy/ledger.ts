// What have all workers counted together, also those that are gone?
import type { Series } from "../core/evidence.ts";
import { mergeHistograms } from "../core/histogram.ts";

/** One worker's counters of one replica. */
export type Count = Omit<Series, "epoch">;

export interface Ledger {
  /** What a worker's counters stand at. */
  report(worker: number, counts: readonly Count[]): void;
  /** Counts that were not there before, of whoever tells what is new. */
  add(counts: readonly Count[]): void;
  /** A worker is gone: what it last reported stays in the totals. */
  retire(worker: number): void;
  totals(): readonly Count[];
  /** Lets go of gone workers' replicas that have not been counted since `before`, so that years of rollouts fit. */
  forget(before: number): void;
}

interface Kept {
  readonly count: Count;
  readonly at: number;
}

const keyOf = (count: Count): string => JSON.stringify([count.pool, count.replica]);

function sum(a: Count, b: Count): Count {
  return {
    replica: a.replica,
    pool: a.pool,
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    clientErrors: a.clientErrors + b.clientErrors,
    latency: mergeHistograms([a.latency, b.latency]),
  };
}

/** Adds up workers' counters so that a total never goes down, whatever happens to a worker. */
export function createLedger(now: () => number): Ledger {
  const gone = new Map<string, Kept>();
  const living = new Map<number, Map<string, Count>>();
  const keep = (key: string, count: Count): void => {
    const known = gone.get(key)?.count;
    gone.set(key, { count: known ? sum(known, count) : count, at: now() });
  };
  return {
    report: (worker, counts) => {
      const next = new Map(counts.map((count) => [keyOf(count), count]));
      for (const [key, last] of living.get(worker) ?? []) {
        const current = next.get(key);
        // A worker that forgot a replica, or began it again, does not take back what it had counted.
        if (current === undefined || current.requests < last.requests) keep(key, last);
      }
      living.set(worker, next);
    },
    add: (counts) => {
      for (const count of counts) keep(keyOf(count), count);
    },
    retire: (worker) => {
      for (const [key, last] of living.get(worker) ?? []) keep(key, last);
      living.delete(worker);
    },
    totals: () => {
      const total = new Map([...gone].map(([key, kept]) => [key, kept.count]));
      for (const counts of living.values()) {
        for (const [key, count] of counts) {
          const known = total.get(key);
          total.set(key, known ? sum(known, count) : count);
        }
      }
      return [...total.values()];
    },
    forget: (before) => {
      const isNamed = (key: string): boolean => [...living.values()].some((counts) => counts.has(key));
      for (const [key, kept] of gone) if (kept.at < before && !isNamed(key)) gone.delete(key);
    },
  };
}
