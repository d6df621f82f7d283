// Which replica of a pool takes the next request?
import type { Balance, Circuit } from "./config.ts";
import type { Replica } from "./replica.ts";
import type { Tally } from "./tally.ts";

/** Somebody who waits for a replica to have room. */
export interface Waiting {
  room(): void;
}

/** How one of the fit replicas is chosen, looking at them one after another. */
interface Way {
  /** Index to begin with. */
  readonly start: (pool: Pool) => number;
  /** Whether this replica, the `nth` that is fit, is to be preferred to the best so far; without it, the first one is it. */
  readonly prefers?: (replica: Replica, best: Replica, nth: number) => boolean;
}

const WAYS: { readonly [K in Balance]: Way } = {
  "round-robin": { start: (pool) => pool.turnOf() },
  // The start moves on as well, so that replicas without any load take turns.
  "least-request": { start: (pool) => pool.turnOf(), prefers: (replica, best) => replica.active < best.active },
  // The first fit one after a random start would not do: it takes the share of an ejected one before it, too.
  random: { start: () => 0, prefers: (_replica, _best, nth) => Math.random() * nth < 1 },
};

/** The replicas of one role. */
export class Pool {
  readonly name: string;
  /** Counts the requests that no replica could be found for. */
  readonly nobody: Tally;
  replicas: readonly Replica[] = [];
  /** No role of the route in force has it any more. */
  gone = false;
  readonly queue: Waiting[] = [];
  readonly #circuit: Circuit;
  readonly #way: Way;
  #turn = 0;

  constructor(nobody: Tally, balance: Balance, circuit: Circuit) {
    this.name = nobody.pool;
    this.nobody = nobody;
    this.#circuit = circuit;
    this.#way = WAYS[balance];
  }

  turnOf(): number {
    this.#turn = this.#turn + 1 >= this.replicas.length ? 0 : this.#turn + 1;
    return this.#turn;
  }

  /**
   * A replica that is in the route, not ejected, not tried yet and has room. Sets `full` when there are some, all of
   * them without room.
   */
  pick(tried: readonly Replica[], now: number): Replica | undefined {
    const { replicas } = this;
    const n = replicas.length;
    const { start, prefers } = this.#way;
    let nth = 0;
    let best: Replica | undefined;
    this.full = false;
    let at = n > 1 ? start(this) : 0;
    for (let k = 0; k < n; k += 1) {
      const replica = replicas[at];
      at = at + 1 >= n ? 0 : at + 1;
      if (!replica || !replica.routed || replica.outUntil > now || tried.includes(replica)) continue;
      if (replica.active >= this.#circuit.connections) {
        this.full = true;
        continue;
      }
      if (!prefers) return replica;
      nth += 1;
      if (!best || prefers(replica, best, nth)) best = replica;
    }
    return best;
  }

  /** After `pick`: there are fit replicas, but none with room. */
  full = false;

  /** Whether one more request may wait. */
  get mayWait(): boolean {
    return this.queue.length < this.#circuit.pending;
  }

  /** Ejects a replica that failed too often, unless too many are out already. */
  suspect(replica: Replica, now: number): void {
    if (!replica.ill(this.#circuit)) return;
    const n = this.replicas.length;
    const out = this.replicas.filter((other) => other.outUntil > now).length;
    const allowed = Math.max(n > 1 ? 1 : 0, Math.floor(n * this.#circuit.maxEjected));
    if (out < allowed && replica.outUntil <= now) replica.eject(this.#circuit, now);
  }

  /** A replica has one request less: the next one that waits may go. */
  freed(): void {
    this.queue.shift()?.room();
  }

  /** The pool has changed: everyone who waits looks again. */
  wake(): void {
    for (const waiting of this.queue.splice(0)) waiting.room();
  }
}
