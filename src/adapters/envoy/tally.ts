// How many requests did each replica answer, as the Envoys' access logs tell?
import { NOBODY, type Series } from "../../core/evidence.ts";
import { bucketOf } from "../../core/histogram.ts";
import type { RoutePool } from "../../core/split.ts";
import { FLAGS, type AccessEntry } from "./xds/access-entry.ts";

/** A request, as an access log tells it. */
export interface Logged {
  readonly pool: string;
  /** Who answered, or was asked last; nothing when nobody could be. */
  readonly address: string | undefined;
  /** 0 when there was no answer. */
  readonly status: number;
  /** The client went away before its answer was there. */
  readonly givenUp: boolean;
  /** From the request's head to the end of the answer; nothing when it did not come to its end. */
  readonly tookUs: number | undefined;
}

/** An answer that these cut off is none, whatever its head said. */
const CUT_OFF =
  FLAGS.upstreamRemoteReset |
  FLAGS.upstreamConnectionTermination |
  FLAGS.upstreamProtocolError |
  FLAGS.streamIdleTimeout |
  FLAGS.durationTimeout |
  FLAGS.localReset;
const GIVEN_UP = FLAGS.downstreamConnectionTermination | FLAGS.downstreamRemoteReset;

/** What an entry says of a request. */
export function loggedOf({ host, port, status, flags, durationMs }: AccessEntry): Omit<Logged, "pool"> {
  const isCut = status < 500 && (flags & CUT_OFF) !== 0;
  return {
    address: host === "" ? undefined : `${host}:${port}`,
    status: isCut ? 0 : status,
    givenUp: (flags & GIVEN_UP) !== 0,
    tookUs: durationMs > 0 && !isCut ? durationMs * 1_000 : undefined,
  };
}

class Count {
  requests = 0;
  failed = 0;
  clientErrors = 0;
  readonly latency: Record<number, number> = {};
}

/** Counters of one service. They only ever grow while the epoch stays. */
export class Tally {
  readonly #epoch: string;
  readonly #pools = new Map<string, Map<string, Count>>();
  /** Names of replicas by address, also of those that are gone: their last requests come after them. */
  readonly #names = new Map<string, string>();

  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  /** Replicas of a pool, so that their addresses have names. */
  know({ pool, backends }: RoutePool): void {
    for (const { host, port, replica } of backends) this.#names.set(`${pool} ${host}:${port}`, replica);
  }

  add({ pool, address, status, givenUp, tookUs }: Logged): void {
    if (givenUp) return;
    const replica = address === undefined ? NOBODY : (this.#names.get(`${pool} ${address}`) ?? address);
    const count = this.#of(pool, replica);
    count.requests += 1;
    if (status === 0 || status >= 500) count.failed += 1;
    else if (status >= 400) count.clientErrors += 1;
    if (status === 0 || address === undefined || tookUs === undefined) return;
    const bucket = bucketOf(tookUs);
    count.latency[bucket] = (count.latency[bucket] ?? 0) + 1;
  }

  read(): readonly Series[] {
    const epoch = this.#epoch;
    return [...this.#pools].flatMap(([pool, replicas]) =>
      [...replicas].map(([replica, { requests, failed, clientErrors, latency }]) => {
        return { pool, replica, epoch, requests, failed, clientErrors, latency: { ...latency } };
      }),
    );
  }

  /** Pools that are long gone would be kept for ever. */
  keep(pools: ReadonlySet<string>): void {
    for (const pool of this.#pools.keys()) if (!pools.has(pool)) this.#pools.delete(pool);
    for (const key of this.#names.keys()) if (!pools.has(key.slice(0, key.indexOf(" ")))) this.#names.delete(key);
  }

  #of(pool: string, replica: string): Count {
    let replicas = this.#pools.get(pool);
    if (!replicas) this.#pools.set(pool, (replicas = new Map()));
    let count = replicas.get(replica);
    if (!count) replicas.set(replica, (count = new Count()));
    return count;
  }
}
