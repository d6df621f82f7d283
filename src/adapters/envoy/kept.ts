// What is remembered of a service whose requests Envoys carry?
import type { Route } from "../../core/split.ts";
import type { Ms } from "../../core/units.ts";
import type { Served } from "./resources/types.ts";
import { Ledger } from "./statistics.ts";
import type { Tally } from "./tally.ts";

const MOST_POOLS = 20;

/** One service, as it shall be served and as it still is. */
export class Kept {
  served: Served;
  readonly tally: Tally;
  readonly ledger = new Ledger();
  /** Envoys that may still follow an older route than the one asked for. */
  readonly behind = new Map<string, Route>();
  /** The last pools that it had, the newest last. */
  readonly #pools = new Set<string>();
  /** Replicas off the route that may still answer what they got, and until when. */
  readonly #leaving = new Map<string, Ms>();

  constructor(served: Served, tally: Tally) {
    this.served = served;
    this.tally = tally;
    this.#know(served.route);
  }

  /** From now on it is served so; `envoys` may follow the old route until they have said otherwise. */
  turn(served: Served, envoys: readonly string[]): void {
    for (const envoy of envoys) if (!this.behind.has(envoy)) this.behind.set(envoy, this.served.route);
    this.served = served;
    this.#know(served.route);
  }

  /** All Envoys have turned from the route before. */
  left(before: Route, untilMs: Ms): void {
    const stays = new Set(replicasOf(this.served.route));
    for (const replica of replicasOf(before)) if (!stays.has(replica)) this.#leaving.set(replica, untilMs);
    for (const replica of stays) this.#leaving.delete(replica);
  }

  /** Replicas that may have a request to answer. */
  busy(nowMs: Ms): readonly string[] {
    for (const [replica, untilMs] of this.#leaving) if (untilMs <= nowMs) this.#leaving.delete(replica);
    const routes = [this.served.route, ...this.behind.values()];
    return [...new Set([...routes.flatMap(replicasOf), ...this.#leaving.keys()])];
  }

  /** What was counted of pools that are long gone would be kept for ever. */
  #know({ pools }: Route): void {
    for (const pool of Object.values(pools)) {
      this.tally.know(pool);
      this.#pools.delete(pool.pool);
      this.#pools.add(pool.pool);
    }
    for (const pool of this.#pools) if (this.#pools.size > MOST_POOLS) this.#pools.delete(pool);
    this.tally.keep(this.#pools);
    this.ledger.keep(this.#pools);
  }
}

function replicasOf({ pools }: Route): readonly string[] {
  return Object.values(pools).flatMap(({ backends }) => backends.map(({ replica }) => replica));
}
