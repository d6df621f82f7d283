// What is remembered of a service whose requests Envoys carry?
import type { Route } from "../../core/split.ts";
import { ms, type Ms } from "../../core/units.ts";
import type { Served } from "./resources/types.ts";
import { Ledger } from "./statistics.ts";
import type { Marked } from "./taken.ts";
import type { Tally } from "./tally.ts";

const MOST_POOLS = 20;

/** What an Envoy may still follow. */
interface Behind {
  /** The route that it had when it was first told of another one. */
  readonly route: Route;
  /** Of this one, and of all that it was told since. */
  readonly replicas: Set<string>;
}

/** One service, as it shall be served and as it still is. */
export class Kept {
  served: Served;
  /** What all Envoys of their time have taken; nothing before the first. */
  good: Served | undefined;
  /** What an Envoy must hold to follow it, or later versions of that. */
  marked: readonly Marked[] = [];
  /** Whether nothing of what was there before is left at the Envoys. */
  isSettled = false;
  readonly tally: Tally;
  readonly ledger: Ledger;
  /** Envoys that may still follow an older route than the one asked for. */
  readonly behind = new Map<string, Behind>();
  /** The last pools that it had, the newest last. */
  readonly #pools = new Set<string>();
  /** Replicas off the route that may still answer what they got, and until when. */
  readonly #leaving = new Map<string, Ms>();

  /** `told`: pools of which an earlier controller has told what was counted. */
  constructor(served: Served, tally: Tally, told: readonly string[] = []) {
    this.ledger = new Ledger(told);
    this.served = served;
    this.tally = tally;
    this.#know(served.route);
  }

  /** From now on it is served so; `envoys` may follow the old route until they have said otherwise. */
  turn(served: Served, envoys: readonly string[]): void {
    const { route } = this.served;
    for (const envoy of envoys) {
      const behind = this.behind.get(envoy) ?? { route, replicas: new Set() };
      for (const replica of replicasOf(route)) behind.replicas.add(replica);
      this.behind.set(envoy, behind);
    }
    this.served = served;
    this.isSettled = false;
    this.#know(served.route);
  }

  /** `whole`: of all that there is of the service; else of what changed. */
  mark(marked: readonly Marked[], whole: boolean): void {
    const isNew = ({ type, name }: Marked): boolean => marked.some((one) => one.type === type && one.name === name);
    this.marked = whole ? marked : [...this.marked.filter((one) => !isNew(one)), ...marked];
  }

  /** An Envoy follows the route asked for, or nothing any more. */
  caughtUp(envoy: string, nowMs: Ms): void {
    const behind = this.behind.get(envoy);
    this.behind.delete(envoy);
    if (behind) this.left(behind.replicas, nowMs);
  }

  /** These may have got a last request just now. */
  left(replicas: Iterable<string>, nowMs: Ms): void {
    for (const replica of replicas) this.#leaving.set(replica, ms(nowMs + this.served.spec.drainMs));
    for (const replica of replicasOf(this.served.route)) this.#leaving.delete(replica);
  }

  /** Replicas that may have a request to answer. */
  busy(nowMs: Ms): readonly string[] {
    for (const [replica, untilMs] of this.#leaving) if (untilMs <= nowMs) this.#leaving.delete(replica);
    const busy = new Set([...replicasOf(this.served.route), ...this.#leaving.keys()]);
    for (const { replicas } of this.behind.values()) for (const replica of replicas) busy.add(replica);
    return [...busy];
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

export function replicasOf({ pools }: Route): readonly string[] {
  return Object.values(pools).flatMap(({ backends }) => backends.map(({ replica }) => replica));
}
