// Is this replica fit for a request?
import type { Backend } from "../core/split.ts";
import type { Circuit } from "./config.ts";
import type { Tally } from "./tally.ts";

/** A connection that waits for its next request. */
export interface Parked {
  close(): void;
}

/** Doubling stops at this multiple of the first time out. */
const LONGEST = 10;

/** One address, with what this worker knows about it. */
export class Replica implements Backend {
  readonly replica: string;
  readonly host: string;
  readonly port: number;
  readonly tally: Tally;
  /** Requests under way. */
  active = 0;
  /** Whether the route names it. */
  routed = true;
  /** Idle connections, the one used last at the end. */
  readonly idle: Parked[] = [];
  /** Ejected until this moment. */
  outUntil = 0;
  #inARow = 0;
  #ejections = 0;

  constructor(backend: Backend, tally: Tally) {
    this.replica = backend.replica;
    this.host = backend.host;
    this.port = backend.port;
    this.tally = tally;
  }

  /** It answered, and not with a 5xx. One that stays well as long as it was out starts again with a clean record. */
  well(now: number): void {
    this.#inARow = 0;
    if (this.#ejections > 0 && now > this.outUntil + this.outUntil - this.#outSince) this.#ejections = 0;
  }

  /** True when that was one failure too many: the pool decides whether it may be ejected. */
  ill(circuit: Circuit): boolean {
    this.#inARow += 1;
    return this.#inARow >= circuit.consecutiveFailures;
  }

  #outSince = 0;

  eject(circuit: Circuit, now: number): void {
    const times = Math.min(LONGEST, 2 ** this.#ejections);
    this.#ejections += 1;
    this.#inARow = 0;
    this.#outSince = now;
    this.outUntil = now + circuit.ejectionMs * times;
  }

  closeIdle(): void {
    for (const parked of this.idle.splice(0)) parked.close();
  }
}
