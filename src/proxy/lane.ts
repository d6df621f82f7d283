// Which role and pool does a request belong to, under one route?
import { cut, roleAt } from "../core/cohort.ts";
import { NOBODY } from "../core/evidence.ts";
import { ROLES, type Backend, type Role, type RoutePool } from "../core/split.ts";
import type { ProxyConfig } from "./config.ts";
import { anyTestOf, needsOf, rulesOf, type Needs, type Test } from "./match.ts";
import type { Mirroring } from "./mirror/mirroring.ts";
import { Pool } from "./pool.ts";
import { Replica } from "./replica.ts";
import type { ServedRoute } from "./served.ts";
import { Weyl } from "./shares.ts";
import type { Asked, Sight } from "./sight.ts";
import { Cohorts } from "./sticky.ts";
import type { Tallies, Tally } from "./tally.ts";

/** Where a request goes, and under which role's cookie. */
export interface Chosen {
  readonly lane: Lane;
  /** `undefined` when the route names no pool for the role, nor one for stable. */
  readonly pool: Pool | undefined;
  /** Set-Cookie value; "" for none. */
  readonly cookie: string;
}

/** What the lanes of one data plane share, and where the sequence of shares begins (0…1). */
export interface LaneParts {
  readonly config: ProxyConfig;
  readonly tallies: Tallies;
  readonly start: number;
  /** Has copies made as this lane's next route wants them, if it wants any. */
  readonly mirror: (route: ServedRoute | undefined) => Mirroring | undefined;
}

/** The requests of one section, or of everybody else, with the route that they follow. */
export class Lane {
  stable: Pool | undefined;
  /** Set while requests are copied. */
  mirror: Mirroring | undefined;
  order = 0;
  /** Which requests are this section's; none for the lane of everybody else. */
  takes: Test | undefined;
  /** What the route wants to be read of a head. */
  needs: Needs = needsOf([]);
  /** Whether rules of its own come before the weights. */
  get hasRules(): boolean {
    return this.#roleOf !== undefined;
  }
  readonly #parts: LaneParts;
  readonly #weyl: Weyl;
  readonly #pools = new Map<string, Pool>();
  readonly #replicas = new Map<string, Replica>();
  #cohorts: Cohorts | undefined;
  #byRole: Readonly<Partial<Record<Role, Pool>>> = {};
  #cuts: readonly number[] = [];
  #roleOf: ((sight: Sight) => Role | undefined) | undefined;

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.#weyl = new Weyl(parts.start);
  }

  /** From now on new requests follow this route, or none. The sequence of shares goes on where it is. */
  follow(route: ServedRoute | undefined): void {
    // What cannot be compiled throws before anything has changed.
    const { matches = [], sticky, weights = {} } = route?.split ?? {};
    const roleOf = matches.length === 0 ? undefined : rulesOf(matches);
    const takes = route?.section && anyTestOf(route.section.when);
    this.mirror = this.#parts.mirror(route);
    for (const replica of this.#replicas.values()) replica.routed = false;
    const byRole: Partial<Record<Role, Pool>> = {};
    const named = new Set<string>();
    for (const role of ROLES) {
      const pool = route?.pools[role];
      if (!pool) continue;
      byRole[role] = this.#pool(pool);
      named.add(pool.pool);
    }
    this.#byRole = byRole;
    this.stable = byRole.stable;
    this.#cuts = cut(weights);
    this.#cohorts = sticky && new Cohorts(sticky);
    this.#roleOf = roleOf;
    this.takes = takes;
    this.order = route?.section?.order ?? 0;
    this.needs = this.#needs(route);
    for (const replica of this.#replicas.values()) if (!replica.routed) replica.closeIdle();
    const pools = [...this.#pools.values()];
    for (const pool of pools) {
      if (named.has(pool.name)) continue;
      pool.gone = true;
      this.#pools.delete(pool.name);
    }
    for (const pool of pools) pool.wake();
    this.forget();
  }

  /**
   * By the first rule that holds; else by the sticky key, or evenly without one, and the cookie then keeps the user where
   * it was chosen. A request that a rule takes gets no cookie: it says nothing about its user's other requests.
   */
  choose(asked: Asked, sight: Sight | undefined): Chosen {
    const role = sight && this.#roleOf?.(sight);
    if (role !== undefined) return { lane: this, pool: this.#byRole[role] ?? this.stable, cookie: "" };
    const cohorts = this.#cohorts;
    const key = cohorts?.keyOf(asked);
    if (cohorts && key !== undefined) return { lane: this, pool: this.#at(cohorts.positionOf(key)), cookie: "" };
    const position = this.#weyl.next();
    const cookie = cohorts?.key.kind === "cookie" ? cohorts.issue(position) : "";
    return { lane: this, pool: this.#at(position), cookie };
  }

  /** The counters in use. */
  tallies(): readonly Tally[] {
    return [...this.replicas().map(({ tally }) => tally), ...[...this.#pools.values()].map(({ nobody }) => nobody)];
  }

  /** Those that the route names, and those that have something to do still. */
  replicas(): readonly Replica[] {
    return [...this.#replicas.values()];
  }

  /** Lets go of replicas that the route does not name and that have nothing to do any more. */
  forget(): void {
    for (const [key, replica] of this.#replicas) {
      if (!replica.routed && replica.active === 0) this.#replicas.delete(key);
    }
  }

  /** A role with a share but without a pool is not lost traffic: its requests are stable's. */
  #at(position: number): Pool | undefined {
    return this.#byRole[roleAt(this.#cuts, position)] ?? this.stable;
  }

  #needs(route: ServedRoute | undefined): Needs {
    const { matches = [], mirror } = route?.split ?? {};
    const entries = [...matches.map(({ when }) => when), ...(route?.section?.when ?? []), ...(mirror?.when ?? [])];
    const { headers, cookies } = needsOf(entries.flat());
    const key = this.#cohorts?.key;
    return {
      headers: key?.kind === "header" ? new Set([...headers, key.name]) : headers,
      cookies: cookies || key?.kind === "cookie",
    };
  }

  #pool(wanted: RoutePool): Pool {
    const { config, tallies } = this.#parts;
    let pool = this.#pools.get(wanted.pool);
    if (!pool) {
      pool = new Pool(tallies.of(wanted.pool, NOBODY), config.balance, config.circuit);
      this.#pools.set(wanted.pool, pool);
    }
    pool.replicas = wanted.backends.map((backend) => this.#replica(wanted.pool, backend));
    return pool;
  }

  #replica(pool: string, backend: Backend): Replica {
    const key = [pool, backend.replica, backend.host, backend.port].join("\n");
    let replica = this.#replicas.get(key);
    if (!replica) {
      replica = new Replica(backend, this.#parts.tallies.of(pool, backend.replica));
      this.#replicas.set(key, replica);
    }
    replica.routed = true;
    return replica;
  }
}
