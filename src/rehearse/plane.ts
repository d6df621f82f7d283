// How does a data plane behave that dies, answers late and loses answers, when no request is real?
import { PROXY_ABILITIES } from "../adapters/proxy/abilities.ts";
import type { RouterAbilities } from "../core/abilities.ts";
import type { Counters, Series } from "../core/evidence.ts";
import { BUCKETS } from "../core/histogram.ts";
import { SerinError } from "../core/issues.ts";
import { ROLES, shareOf, type Route } from "../core/split.ts";
import { ms, type Ms } from "../core/units.ts";
import type { Clock } from "../ports/clock.ts";
import { ABSENT, type Call, type Observed, seen, unreadable } from "../ports/observed.ts";
import type { Carried, Metrics, Router } from "../ports/router.ts";

/**
 * What goes wrong with one call: `refused` does nothing, `lost` does it and fails, `stale` answers what was before. A
 * delayed apply that is `late` takes effect also when nobody waits for it any more.
 */
export type PlaneFault =
  | "refused"
  | "lost"
  | "stale"
  | "unreadable"
  | { readonly delayMs: Ms; readonly late?: boolean | undefined };

/** How the data plane is set up. */
export interface PlaneOptions {
  readonly clock: Clock;
  readonly abilities?: RouterAbilities | undefined;
  /** How long a replica taken off the route still answers a request; asked once for each. Default: not at all. */
  readonly lingerMs?: (() => Ms) | undefined;
  /** Asked before each call what shall go wrong with it. */
  readonly fault?: ((op: "apply" | "observe" | "read") => PlaneFault | undefined) | undefined;
}

/** What a replica answered. */
type Counted = Omit<Series, "epoch">;

/** The counters of one replica, to be added to. */
export interface Tally {
  readonly pool: string;
  readonly replica: string;
  readonly epoch: string;
  requests: number;
  failed: number;
  clientErrors: number;
  /** Counts by bucket. */
  readonly latency: Float64Array;
}

/** A data plane without connections: whoever plays the clients asks where requests go, and counts them. */
export interface Plane extends Router, Metrics {
  /** What is in force: the truth, without any fault. Nothing while it is down. */
  inForce(): Route | undefined;
  /** Replicas on the route, or still answering: the truth. */
  busy(): readonly string[];
  count(more: Counted): void;
  /** The counters of a replica, which whoever plays the clients adds to. */
  tally(pool: string, replica: string): Tally;
  /** The data plane dies: its counters are lost, and it answers nothing until `revive`. */
  kill(): void;
  /** It serves its last route at once, or none when that was lost too. */
  revive(keepsRoute: boolean): void;
}

/** Counters of a replica that has been off the route for this long are forgotten. */
const FORGET_MS = 60_000;

/** A data plane outlives controllers: give the same one to the next. */
export function createPlane(options: PlaneOptions): Plane {
  return new Remembered(options);
}

class Remembered implements Plane {
  readonly kind = "memory";
  readonly can: RouterAbilities;
  readonly #options: PlaneOptions;
  #route: Route | undefined;
  #up = true;
  #epoch = 1;
  #series = new Map<string, Tally>();
  /** Replicas taken off the route, until when they still answer. */
  readonly #lingering = new Map<string, number>();
  readonly #offSince = new Map<string, number>();
  #carried: Observed<Carried> = ABSENT;
  #counters: Counters | undefined;

  constructor(options: PlaneOptions) {
    this.#options = options;
    this.can = options.abilities ?? PROXY_ABILITIES;
  }

  async apply(route: Route, call: Call): Promise<void> {
    const fault = await this.#trouble("apply", call);
    if (fault === "refused" || !this.#up) throw failed("refused");
    const nobody = ROLES.find(
      (role) => role !== "stable" && shareOf(route.split.weights, role) > 0 && !route.pools[role],
    );
    if (nobody) throw failed(`${nobody} has a share and no pool`);
    this.#take(route);
    call.signal.throwIfAborted();
    if (fault === "lost") throw failed("the answer did not arrive");
  }

  async observe(call: Call): Promise<Observed<Carried>> {
    const fault = await this.#trouble("observe", call);
    if (fault === "refused" || fault === "lost") throw failed(fault);
    if (fault === "unreadable") return unreadable("the data plane does not answer");
    if (fault !== "stale") this.#carried = this.#now();
    return this.#carried;
  }

  async read(call: Call): Promise<Observed<Counters>> {
    const fault = await this.#trouble("read", call);
    if (fault === "refused" || fault === "lost") throw failed(fault);
    if (fault === "unreadable" || !this.#up) return unreadable("the counters cannot be read");
    if (fault !== "stale" || !this.#counters) this.#counters = this.#read();
    return seen(this.#counters);
  }

  async remove(call: Call): Promise<void> {
    await this.#trouble("apply", call);
    this.#route = undefined;
  }

  inForce(): Route | undefined {
    return this.#up ? this.#route : undefined;
  }

  busy(): readonly string[] {
    const now = this.#options.clock.now();
    for (const [replica, untilMs] of this.#lingering) if (untilMs <= now) this.#lingering.delete(replica);
    return this.#up ? [...new Set([...replicasOf(this.#route), ...this.#lingering.keys()])] : [];
  }

  count({ pool, replica, requests, failed: more, clientErrors, latency }: Counted): void {
    const tally = this.tally(pool, replica);
    tally.requests += requests;
    tally.failed += more;
    tally.clientErrors += clientErrors;
    for (const bucket in latency)
      tally.latency[Number(bucket)] = (tally.latency[Number(bucket)] ?? 0) + (latency[bucket] ?? 0);
  }

  tally(pool: string, replica: string): Tally {
    const key = `${pool} ${replica}`;
    const known = this.#series.get(key);
    if (known) return known;
    const nothing = { requests: 0, failed: 0, clientErrors: 0, latency: new Float64Array(BUCKETS) };
    const made: Tally = { pool, replica, epoch: String(this.#epoch), ...nothing };
    this.#series.set(key, made);
    return made;
  }

  kill(): void {
    this.#up = false;
    this.#series.clear();
    this.#lingering.clear();
  }

  revive(keepsRoute: boolean): void {
    if (this.#up) return;
    this.#up = true;
    this.#epoch += 1;
    if (!keepsRoute) this.#route = undefined;
  }

  #now(): Observed<Carried> {
    if (!this.#up || !this.#route) return ABSENT;
    return seen({ split: this.#route.split, busy: this.busy(), address: "http://memory" });
  }

  #read(): Counters {
    const at = this.#options.clock.now();
    const on = new Set(replicasOf(this.#route));
    for (const [key, { replica }] of this.#series) {
      if (on.has(replica)) this.#offSince.delete(replica);
      else if (at - (this.#offSince.get(replica) ?? at) >= FORGET_MS) {
        this.#series.delete(key);
        this.#offSince.delete(replica);
      } else if (!this.#offSince.has(replica)) this.#offSince.set(replica, at);
    }
    return { at, series: [...this.#series.values()].map(seriesOf) };
  }

  #take(route: Route): void {
    const now = this.#options.clock.now();
    const next = new Set(replicasOf(route));
    for (const replica of replicasOf(this.#route)) {
      const lingerMs = this.#options.lingerMs?.() ?? 0;
      if (!next.has(replica) && lingerMs > 0) this.#lingering.set(replica, now + lingerMs);
    }
    this.#route = route;
  }

  async #trouble(op: "apply" | "observe" | "read", call: Call): Promise<PlaneFault | undefined> {
    call.signal.throwIfAborted();
    const fault = this.#options.fault?.(op);
    if (typeof fault !== "object") return fault;
    await this.#options.clock.sleep(ms(fault.delayMs), fault.late ? undefined : call.signal);
    if (!fault.late) call.signal.throwIfAborted();
    return undefined;
  }
}

/** The counters as they are at this moment. */
function seriesOf(tally: Tally): Series {
  const latency: Record<number, number> = {};
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    const count = tally.latency[bucket] ?? 0;
    if (count > 0) latency[bucket] = count;
  }
  return { ...tally, latency };
}

function replicasOf(route: Route | undefined): readonly string[] {
  return ROLES.flatMap((role) => (route?.pools[role]?.backends ?? []).map(({ replica }) => replica));
}

function failed(found: string): SerinError {
  return new SerinError({ code: "SERIN_ROUTER_FAILED", what: "The router did not take the route.", found });
}
