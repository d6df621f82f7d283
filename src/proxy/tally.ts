// How are a replica's requests counted without slowing them down?
import type { Series } from "../core/evidence.ts";
import { bucketOf, BUCKETS } from "../core/histogram.ts";

/** Counters of one replica. They only ever grow. */
export class Tally {
  readonly pool: string;
  readonly replica: string;
  requests = 0;
  failed = 0;
  clientErrors = 0;
  /** Requests at the last look, and when that number was first seen: what has not moved for long is forgotten. */
  seen = 0;
  seenAt = 0;
  readonly #buckets = new Float64Array(BUCKETS);

  constructor(pool: string, replica: string) {
    this.pool = pool;
    this.replica = replica;
  }

  count(status: number): void {
    this.requests += 1;
    if (status >= 500) this.failed += 1;
    else if (status >= 400) this.clientErrors += 1;
  }

  time(latencyUs: number): void {
    const bucket = bucketOf(latencyUs);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  /** A request that nobody answered. */
  miss(): void {
    this.requests += 1;
    this.failed += 1;
  }

  read(): Omit<Series, "epoch"> {
    const latency: Record<number, number> = {};
    for (let i = 0; i < BUCKETS; i += 1) {
      const count = this.#buckets[i] ?? 0;
      if (count > 0) latency[i] = count;
    }
    const { pool, replica, requests, failed, clientErrors } = this;
    return { pool, replica, requests, failed, clientErrors, latency };
  }
}

/** A replica that left the route long ago is dropped from the books, or they would grow with every rollout. */
const FORGET_MS = 3_600_000;

/** All counters of one worker. */
export class Tallies {
  readonly #tallies = new Map<string, Tally>();

  of(pool: string, replica: string): Tally {
    const key = `${pool}\n${replica}`;
    let tally = this.#tallies.get(key);
    if (!tally) this.#tallies.set(key, (tally = new Tally(pool, replica)));
    return tally;
  }

  /** Everything counted so far. `kept` says which counters are still in use, whether or not they move. */
  read(now: number, kept: (tally: Tally) => boolean): readonly Omit<Series, "epoch">[] {
    for (const [key, tally] of this.#tallies) {
      if (tally.requests !== tally.seen || tally.seenAt === 0 || kept(tally)) {
        tally.seen = tally.requests;
        tally.seenAt = now;
      } else if (now - tally.seenAt > FORGET_MS) this.#tallies.delete(key);
    }
    return [...this.#tallies.values()].map((tally) => tally.read());
  }
}
