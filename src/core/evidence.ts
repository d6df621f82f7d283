// What was counted, and how much of it is new?
import type { Histogram } from "./histogram.ts";
import type { Ms } from "./units.ts";

/** In place of a replica's name: requests for which the pool had nobody to answer. */
export const NOBODY = "-";

/** Counters of one replica, as its data plane has counted them since `epoch` began. They only ever grow. */
export interface Series {
  readonly replica: string;
  readonly pool: string;
  /** Names the life of the counter: another epoch means that it began again at 0. */
  readonly epoch: string;
  /** Requests that ended, with whatever result, except those that their client gave up. */
  readonly requests: number;
  /** Of these: answered with 5xx, or not answered at all (refused, reset, timed out). */
  readonly failed: number;
  /** Of these: answered with 4xx. */
  readonly clientErrors: number;
  /** Time from the request's head to the end of its answer, of the requests that were answered. */
  readonly latency: Histogram;
}

/** All counters of one data plane at one moment. */
export interface Counters {
  readonly at: Ms;
  readonly series: readonly Series[];
}

/** What one replica did between two readings. */
export interface Increment {
  readonly replica: string;
  readonly pool: string;
  readonly requests: number;
  readonly failed: number;
  readonly clientErrors: number;
  readonly latency: Histogram;
}

const keyOf = (series: Series): string => `${series.epoch} ${series.pool} ${series.replica}`;

function grown(before: Histogram, after: Histogram): Histogram {
  const grew: Record<number, number> = {};
  for (const key in after) {
    const more = (after[key] ?? 0) - (before[key] ?? 0);
    if (more > 0) grew[key] = more;
  }
  return grew;
}

const shrank = (before: Series, after: Series): boolean =>
  after.requests < before.requests || after.failed < before.failed || after.clientErrors < before.clientErrors;

/** Series with what they had counted before; nothing for one that was not there or has begun again. */
function paired(before: Counters | undefined, after: Counters) {
  const earlier = new Map((before?.series ?? []).map((series) => [keyOf(series), series]));
  return after.series.map((series) => {
    const known = earlier.get(keyOf(series));
    return { series, base: known && !shrank(known, series) ? known : undefined };
  });
}

/** Requests between two readings, by pool. */
export function requestsBetween(before: Counters, after: Counters): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { series, base } of paired(before, after)) {
    const more = series.requests - (base?.requests ?? 0);
    if (more > 0) counts.set(series.pool, (counts.get(series.pool) ?? 0) + more);
  }
  return counts;
}

/**
 * What happened between two readings, per replica. A series that was not there before began at 0, so all of it is
 * new; one of which any count shrank has begun again, so all of it is new too. Replicas without new requests are left
 * out.
 */
export function increments(before: Counters | undefined, after: Counters): readonly Increment[] {
  return paired(before, after).flatMap(({ series, base }) => {
    const requests = series.requests - (base?.requests ?? 0);
    if (requests === 0) return [];
    return [
      {
        replica: series.replica,
        pool: series.pool,
        requests,
        failed: series.failed - (base?.failed ?? 0),
        clientErrors: series.clientErrors - (base?.clientErrors ?? 0),
        latency: grown(base?.latency ?? {}, series.latency),
      },
    ];
  });
}
