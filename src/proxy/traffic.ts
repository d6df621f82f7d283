// Which role and pool does a request belong to, under the route in force?
//
// Both fronts, HTTP/1.1 and HTTP/2, ask here, and make a `Turn` (turn.ts) per request under way:
//
//   turn.begin(traffic.keyOf(cookieHeader, header))   chooses the role; `turn.cookie` is the Set-Cookie value, or ""
//   turn.next()                                       a replica to try; or undefined: wait (`turn.waiting`), or nobody (503)
//   turn.answered(status, timed) / failed() / left()  that try is over: counted, and the replica's load goes down
//   turn.upgraded()                                   counted, but under way until `left`
import type { Series } from "../core/evidence.ts";
import { ROLES, type Backend, type Role, type Route, type RoutePool } from "../core/split.ts";
import type { Clock } from "./clock.ts";
import type { ProxyConfig } from "./config.ts";
import type { Mirroring } from "./mirror/mirroring.ts";
import { Pool } from "./pool.ts";
import { Replica } from "./replica.ts";
import { cut, roleAt, Weyl } from "./shares.ts";
import { Cohorts } from "./sticky.ts";
import { NOBODY, Tallies } from "./tally.ts";

/** Where a request goes, and under which role's cookie. */
export interface Chosen {
  /** `undefined` when the route names no pool for the role, nor one for stable. */
  readonly pool: Pool | undefined;
  /** Set-Cookie value; "" for none. */
  readonly cookie: string;
}

/** The route in force, and what has been counted under it and those before. */
export class Traffic {
  readonly config: ProxyConfig;
  readonly clock: Clock;
  stable: Pool | undefined;
  cohorts: Cohorts | undefined;
  /** Set while requests are copied. */
  mirror: Mirroring | undefined;
  readonly #tallies = new Tallies();
  readonly #weyl: Weyl;
  readonly #pools = new Map<string, Pool>();
  readonly #replicas = new Map<string, Replica>();
  #byRole: Readonly<Partial<Record<Role, Pool>>> = {};
  #cuts: readonly number[] = [];

  /** `start` (0…1) is where the sequence of shares begins: a worker's own dice. */
  constructor(config: ProxyConfig, clock: Clock, start: number) {
    this.config = config;
    this.clock = clock;
    this.#weyl = new Weyl(start);
  }

  /** From now on new requests follow this route. The sequence of shares goes on where it is. */
  setRoute(route: Route): void {
    for (const replica of this.#replicas.values()) replica.routed = false;
    const byRole: Partial<Record<Role, Pool>> = {};
    const named = new Set<string>();
    for (const role of ROLES) {
      const pool = route.pools[role];
      if (!pool) continue;
      byRole[role] = this.#pool(pool);
      named.add(pool.pool);
    }
    this.#byRole = byRole;
    this.stable = byRole.stable;
    this.#cuts = cut(route.split.weights);
    this.cohorts = route.split.sticky && new Cohorts(route.split.sticky);
    for (const replica of this.#replicas.values()) if (!replica.routed) replica.closeIdle();
    const pools = [...this.#pools.values()];
    for (const pool of pools) {
      if (named.has(pool.name)) continue;
      pool.gone = true;
      this.#pools.delete(pool.name);
    }
    for (const pool of pools) pool.wake();
    this.#forget();
  }

  /** A request's sticky key, from its Cookie header or from the header that the split names. */
  keyOf(cookies: string | undefined, header: string | undefined): string | undefined {
    if (!this.cohorts) return undefined;
    if (this.cohorts.key.kind === "header") return header === "" ? undefined : header;
    return cookies === undefined ? undefined : this.cohorts.keyIn(cookies);
  }

  /** Chooses by the key, or evenly without one; the cookie then keeps the user where it was chosen. */
  choose(key: string | undefined): Chosen {
    const { cohorts } = this;
    if (cohorts && key !== undefined) return { pool: this.#at(cohorts.positionOf(key)), cookie: "" };
    const position = this.#weyl.next();
    const cookie = cohorts?.key.kind === "cookie" ? cohorts.issue(position) : "";
    return { pool: this.#at(position), cookie };
  }

  counters(): readonly Omit<Series, "epoch">[] {
    this.#forget();
    const used = new Set([...this.#replicas.values()].map((replica) => replica.tally));
    return this.#tallies.read(this.clock.now, (tally) => used.has(tally));
  }

  /** Replicas that the route names, or that have a request under way. */
  busy(): readonly string[] {
    const replicas = [...this.#replicas.values()].filter((replica) => replica.routed || replica.active > 0);
    return [...new Set(replicas.map((replica) => replica.replica))];
  }

  closeIdle(): void {
    for (const replica of this.#replicas.values()) replica.closeIdle();
  }

  /** A role with a share but without a pool is not lost traffic: its requests are stable's. */
  #at(position: number): Pool | undefined {
    return this.#byRole[roleAt(this.#cuts, position)] ?? this.stable;
  }

  #pool(wanted: RoutePool): Pool {
    let pool = this.#pools.get(wanted.pool);
    if (!pool) {
      const { balance, circuit } = this.config;
      pool = new Pool(this.#tallies.of(wanted.pool, NOBODY), balance, circuit);
      this.#pools.set(wanted.pool, pool);
    }
    pool.replicas = wanted.backends.map((backend) => this.#replica(wanted.pool, backend));
    return pool;
  }

  #replica(pool: string, backend: Backend): Replica {
    const key = [pool, backend.replica, backend.host, backend.port].join("\n");
    let replica = this.#replicas.get(key);
    if (!replica) {
      replica = new Replica(backend, this.#tallies.of(pool, backend.replica));
      this.#replicas.set(key, replica);
    }
    replica.routed = true;
    return replica;
  }

  #forget(): void {
    for (const [key, replica] of this.#replicas) {
      if (!replica.routed && replica.active === 0) this.#replicas.delete(key);
    }
  }
}
