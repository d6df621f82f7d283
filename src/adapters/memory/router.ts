// How does a router behave in a test, where no request is real?
import type { RouterAbilities } from "../../core/abilities.ts";
import type { Counters, Series } from "../../core/evidence.ts";
import { bucketOf } from "../../core/histogram.ts";
import { SerinError } from "../../core/issues.ts";
import { ROLES, shareOf, type Backend, type Role, type Route, type RoutePool } from "../../core/split.ts";
import { WHOLE, weight, type Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import { ABSENT, seen, unreadable, type Call, type Observed } from "../../ports/observed.ts";
import type { Carried, Metrics, Router } from "../../ports/router.ts";

/** What goes wrong with one call: `refused` does nothing, `lost` does it and fails, `stale` answers what was before. */
export type RouterFault = "refused" | "lost" | "stale" | "unreadable" | { readonly delayMs: Ms };

/** One request, as its replica meets it. */
interface Visit {
  readonly role: Role;
  readonly pool: string;
  readonly backend: Backend;
  readonly atMs: Ms;
}

/** What became of a request. */
interface Outcome {
  /** No answer counts as 0. */
  readonly status: number;
  readonly latencyUs: number;
}

/** How the memory router is set up. */
export interface MemoryRouterOptions {
  readonly clock: Clock;
  /** How replicas answer. Default 200 after 1 ms. */
  readonly answer?: ((visit: Visit) => Outcome) | undefined;
  /** How long a replica that left the route still has requests under way. Default 0. */
  readonly lingerMs?: Ms | undefined;
  /** Asked before each call what shall go wrong with it. */
  readonly fault?: ((op: "apply" | "observe" | "read" | "remove") => RouterFault | undefined) | undefined;
}

/** A router in memory. It outlives controllers: give the same one to the next. */
export interface MemoryRouter extends Router, Metrics {
  /** Sends requests, of one user when `key` is given, and answers with who served each; `undefined` without a route. */
  send(count: number, key?: string): readonly (Visit | undefined)[];
  /** Dies and comes up again with the last route and with counters that begin at 0. */
  crash(): void;
  /** What it does now: the truth, without any fault. */
  route(): Route | undefined;
}

const ABILITIES: RouterAbilities = {
  granularity: weight(1),
  sticky: ["cookie", "header"],
  baseline: true,
  evidence: true,
  matches: [],
  mirror: "none",
};

/** A router without connections. */
export function createMemoryRouter(options: MemoryRouterOptions): MemoryRouter {
  return new Remembered(options);
}

type Counted = { -readonly [K in keyof Series]: K extends "latency" ? Record<number, number> : Series[K] };

class Remembered implements MemoryRouter {
  readonly kind = "memory";
  readonly can = ABILITIES;
  readonly #options: MemoryRouterOptions;
  readonly #leaving = new Map<string, number>();
  #route: Route | undefined;
  #counted = new Map<string, Counted>();
  #epoch = 1;
  #position = 0.5;
  #turn = 0;
  #observed: Observed<Carried> = ABSENT;
  #read: Observed<Counters> = ABSENT;

  constructor(options: MemoryRouterOptions) {
    this.#options = options;
  }

  async apply(route: Route, call: Call): Promise<void> {
    const fault = await this.#trouble("apply", call);
    if (fault === "refused") throw failed("refused");
    const why = unusable(route);
    if (why !== undefined) throw failed(why);
    this.#leave();
    this.#route = route;
    if (fault === "lost") throw failed("the answer did not arrive");
  }

  async observe(call: Call): Promise<Observed<Carried>> {
    const fault = await this.#trouble("observe", call);
    if (fault === "refused" || fault === "lost") throw failed(fault);
    if (fault === "unreadable") return unreadable("the router does not answer");
    if (fault !== "stale") this.#observed = this.#carried();
    return this.#observed;
  }

  async remove(call: Call): Promise<void> {
    const fault = await this.#trouble("remove", call);
    if (fault === "refused") throw failed("refused");
    this.#leave();
    this.#route = undefined;
    this.#forget();
    if (fault === "lost") throw failed("the answer did not arrive");
  }

  async read(call: Call): Promise<Observed<Counters>> {
    const fault = await this.#trouble("read", call);
    if (fault === "refused" || fault === "lost") throw failed(fault);
    if (fault === "unreadable") return unreadable("the router does not answer");
    if (fault !== "stale") this.#read = this.#counters();
    return this.#read;
  }

  send(count: number, key?: string): readonly (Visit | undefined)[] {
    return Array.from({ length: count }, () => this.#serve(key));
  }

  crash(): void {
    this.#forget();
  }

  route(): Route | undefined {
    return this.#route;
  }

  #serve(key: string | undefined): Visit | undefined {
    const route = this.#route;
    if (!route) return undefined;
    const role = roleAt(route, this.#positionOf(route, key));
    const own = route.pools[role];
    // A pool without a replica is an outage: its requests are stable's.
    const held = own?.backends.length ? own : route.pools.stable;
    this.#turn += 1;
    const backend = held?.backends[this.#turn % held.backends.length];
    if (!held || !backend) return undefined;
    const visit = { role, pool: held.pool, backend, atMs: this.#options.clock.now() };
    this.#count(visit, this.#options.answer?.(visit) ?? { status: 200, latencyUs: 1_000 });
    return visit;
  }

  /** Without a key, the golden part of the axis further with every request: even, and in step with no period. */
  #positionOf(route: Route, key: string | undefined): number {
    if (key !== undefined && route.split.sticky) return hash(route.split.sticky.salt + key);
    this.#position = (this.#position + 0.618_033_988_749_895) % 1;
    return this.#position;
  }

  #count({ pool, backend: { replica } }: Visit, { status, latencyUs }: Outcome): void {
    const key = `${pool} ${replica}`;
    const nothing = { requests: 0, failed: 0, clientErrors: 0, latency: {} };
    const fresh: Counted = { replica, pool, epoch: `memory-${this.#epoch}`, ...nothing };
    const counted = this.#counted.get(key) ?? fresh;
    this.#counted.set(key, counted);
    counted.requests += 1;
    if (status === 0 || status >= 500) counted.failed += 1;
    else if (status >= 400) counted.clientErrors += 1;
    if (status === 0) return;
    const bucket = bucketOf(latencyUs);
    counted.latency[bucket] = (counted.latency[bucket] ?? 0) + 1;
  }

  #carried(): Observed<Carried> {
    if (!this.#route) return ABSENT;
    const now = this.#options.clock.now();
    for (const [replica, until] of this.#leaving) if (until <= now) this.#leaving.delete(replica);
    const busy = [...new Set([...replicasOf(this.#route), ...this.#leaving.keys()])];
    return seen({ split: this.#route.split, busy, address: "http://memory.invalid" });
  }

  #counters(): Observed<Counters> {
    if (!this.#route) return ABSENT;
    return seen(structuredClone({ at: this.#options.clock.now(), series: [...this.#counted.values()] }));
  }

  #leave(): void {
    const until = this.#options.clock.now() + (this.#options.lingerMs ?? 0);
    if (this.#route) for (const replica of replicasOf(this.#route)) this.#leaving.set(replica, until);
  }

  #forget(): void {
    this.#counted = new Map();
    this.#epoch += 1;
  }

  async #trouble(op: "apply" | "observe" | "read" | "remove", call: Call): Promise<RouterFault | undefined> {
    call.signal.throwIfAborted();
    const fault = this.#options.fault?.(op);
    if (typeof fault === "object") {
      await this.#options.clock.sleep(fault.delayMs, call.signal);
      call.signal.throwIfAborted();
    }
    return fault;
  }
}

function replicasOf(route: Route): readonly string[] {
  const backendsOf = (held: RoutePool | undefined): readonly Backend[] => held?.backends ?? [];
  return ROLES.flatMap((role) => backendsOf(route.pools[role]).map((backend) => backend.replica));
}

function unusable({ split, pools }: Route): string | undefined {
  const sum = ROLES.reduce((total, role) => total + shareOf(split.weights, role), 0);
  if (sum !== WHOLE) return `the weights sum to ${sum} instead of ${WHOLE}`;
  const nobody = ROLES.find((role) => role !== "stable" && shareOf(split.weights, role) > 0 && !pools[role]);
  return nobody && `${nobody} has a share and no pool`;
}

function roleAt(route: Route, position: number): Role {
  let end = 0;
  for (const role of ROLES) {
    end += shareOf(route.split.weights, role) / WHOLE;
    if (position < end) return role;
  }
  return "stable";
}

/** A text's place on the axis 0…1: FNV-1a, then MurmurHash3's finalizer. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

function failed(found: string): SerinError {
  return new SerinError({ code: "SERIN_ROUTE_REFUSED", what: "The router did not do what was asked.", found });
}
