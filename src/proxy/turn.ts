// Which replica does one request try next, and what came of it?
import type { Lane } from "./lane.ts";
import type { Copy } from "./mirror/copy.ts";
import type { Pool, Waiting } from "./pool.ts";
import type { Replica } from "./replica.ts";
import type { Asked } from "./sight.ts";
import type { Traffic } from "./traffic.ts";

/**
 * One request's way through the pools: replicas of its role first, then stable, once. May be used again for the next
 * request once this one has ended.
 */
export class Turn implements Waiting {
  /** Set-Cookie value that the answer must carry; "" for none. */
  cookie = "";
  /** After `next` gave nothing: a replica will have room, `again` is called then. */
  waiting = false;
  /** What is kept of this request, if it is to be copied. */
  copy: Copy | undefined;
  readonly #traffic: Traffic;
  readonly #preview: boolean;
  readonly #again: () => void;
  readonly #tried: Replica[] = [];
  #lane: Lane | undefined;
  #pool: Pool | undefined;
  #replica: Replica | undefined;
  #fellBack = false;
  #tries = 0;
  #startedAt = 0;

  /**
   * `preview`: whether requests come in at the second address. `again` is called when a turn that waits shall call
   * `next` once more.
   */
  constructor(traffic: Traffic, preview: boolean, again: () => void) {
    this.#traffic = traffic;
    this.#preview = preview;
    this.#again = again;
  }

  /** A request's head has arrived: chooses its section and role, by rules, by the sticky key or evenly without one. */
  begin(asked: Asked): void {
    const { lane, pool, cookie } = this.#traffic.choose(asked, this.#preview);
    this.#startedAt = this.#traffic.clock.tick();
    this.cookie = cookie;
    this.#lane = lane;
    this.#pool = pool;
    this.#fellBack = pool === lane.stable;
    this.#tries = 0;
    if (this.#tried.length > 0) this.#tried.length = 0;
  }

  /**
   * Whether this request may be copied: stable answers it, so that the candidate has not got it already, and it is a
   * user's; requests at the second address are not.
   */
  get copies(): boolean {
    return this.#lane?.mirror !== undefined && !this.#preview && this.#pool === this.#lane.stable;
  }

  /** After `begin`, while its head is there. `head` is the whole head for the replica, with the empty line at its end. */
  mirror(asked: Asked, head: string): void {
    this.copy = this.#lane?.mirror?.begin(asked, head, this.#traffic.clock.now);
  }

  /** The next replica to try, never the same twice. */
  next(): Replica | undefined {
    const { clock, config } = this.#traffic;
    while (this.#pool) {
      const pool = this.#pool;
      const stable = this.#lane?.stable;
      if (pool.gone && pool !== stable) {
        // The route moved on while this one waited or failed: nobody's fault.
        this.#pool = stable;
        this.#fellBack = true;
        continue;
      }
      const replica = this.#tries <= config.retries ? pool.pick(this.#tried, clock.now) : undefined;
      if (replica) return this.#take(replica);
      if (this.#tried.length === 0 && pool.full && pool.mayWait) {
        this.waiting = true;
        pool.queue.push(this);
        return undefined;
      }
      // Requests that already failed at a replica are counted there.
      if (this.#tried.length === 0) pool.nobody.miss();
      this.#pool = this.#fellBack ? undefined : stable;
      this.#fellBack = true;
      // Stable gets one try, however many the role has used up.
      this.#tries = this.#pool ? config.retries : this.#tries;
    }
    return undefined;
  }

  /** The answer is complete. `timed` is false for an upgraded connection, whose end says nothing about latency. */
  answered(status: number, timed: boolean): void {
    const replica = this.#replica;
    if (!replica) return;
    const { clock } = this.#traffic;
    const now = clock.tick();
    replica.tally.count(status);
    if (timed) replica.tally.time((now - this.#startedAt) * 1_000);
    if (this.copy) {
      this.copy.complete();
      this.copy = undefined;
    }
    if (status < 500) replica.well(now);
    else this.#pool?.suspect(replica, now);
    this.#free(replica);
  }

  /** The connection was upgraded: counted now, under way until `left`. */
  upgraded(): void {
    if (!this.#replica) return;
    this.#replica.tally.count(101);
    this.#replica.well(this.#traffic.clock.now);
  }

  /** No answer: refused, reset, timed out, not HTTP; or nobody had room for too long. */
  failed(): void {
    const replica = this.#replica;
    if (replica) {
      replica.tally.miss();
      this.#pool?.suspect(replica, this.#traffic.clock.now);
      this.#free(replica);
    } else if (this.waiting) {
      this.#pool?.nobody.miss();
      this.left();
    }
  }

  /** The client went away, or the request turned out to be at fault: nothing is counted. Safe to repeat. */
  left(): void {
    if (this.#replica) this.#free(this.#replica);
    this.drop();
    if (!this.waiting) return;
    this.waiting = false;
    const queue = this.#pool?.queue ?? [];
    const at = queue.indexOf(this);
    if (at >= 0) queue.splice(at, 1);
  }

  /** The request is not copied after all. Safe to repeat. */
  drop(): void {
    if (!this.copy) return;
    this.copy.drop();
    this.copy = undefined;
  }

  /** Whether any replica was tried. */
  get tried(): boolean {
    return this.#tried.length > 0;
  }

  /** Called by the pool. */
  room(): void {
    this.waiting = false;
    this.#again();
  }

  #take(replica: Replica): Replica {
    this.#tries += 1;
    this.#tried.push(replica);
    this.#replica = replica;
    replica.active += 1;
    return replica;
  }

  #free(replica: Replica): void {
    this.#replica = undefined;
    replica.active -= 1;
    if (this.#pool && this.#pool.queue.length > 0) this.#pool.freed();
  }
}
