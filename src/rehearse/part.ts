// How does one service play its part in a scenario?
import type { Rollout } from "../core/spec/rollout.ts";
import { ROLES, shareOf, type Route } from "../core/split.ts";
import { ms, WHOLE } from "../core/units.ts";
import { Cast } from "./cast.ts";
import type { Event, Load } from "./scenario.ts";
import type { ServicePlan, SimService } from "./service.ts";

/** What is stable when a scenario begins, and what is rolled out unless the scenario says otherwise. */
export const STABLE = "v1";
export const CANDIDATE = "v2";

/** So long the stable version has been serving when a scenario begins: its evidence is known. */
export const BEFORE_MS = 600_000;

const DAY_MS = 86_400_000;
const LINGER_MS = 500;
const PER_SECOND = 20;

/** What befalls one service. */
export type Befalling = Extract<Event, { readonly kind: "load" | "traits" | "outage" | "crash" | "gone" }>;

interface PartOptions {
  readonly rollout: Rollout;
  readonly candidate: string;
  /** Since the scenario began. */
  readonly nowMs: () => number;
}

export class Part {
  readonly plan: ServicePlan;
  candidate: string;
  readonly #cast: Cast;
  readonly #nowMs: () => number;
  #service: SimService | undefined;
  #load: Load = { low: PER_SECOND, high: PER_SECOND };
  #metricsBackMs = 0;
  #routerBackMs = Infinity;

  constructor({ rollout, candidate, nowMs }: PartOptions) {
    this.candidate = candidate;
    this.#nowMs = nowMs;
    this.#cast = new Cast({ nowMs, share: (revision) => this.shareOf(revision) });
    this.plan = {
      name: rollout.metadata.name,
      answers: (revision) => this.#cast.answers(revision),
      behaviour: (revision) => this.#cast.behaviour(revision),
      tells: (revision) => this.#cast.tells(revision, STABLE),
      perSecond: (elapsedMs) => perSecond(this.#load, elapsedMs - BEFORE_MS),
      drainMs: rollout.spec.workload.process?.drainMs ?? ms(0),
      lingerMs: LINGER_MS,
    };
  }

  /** Who plays it, in a world. */
  playedBy(service: SimService): void {
    this.#service = service;
  }

  get service(): SimService {
    if (!this.#service) throw new Error(`nobody plays ${this.plan.name}`);
    return this.#service;
  }

  /** When its router comes back; Infinity while that is there. */
  get nextMs(): number {
    return this.#routerBackMs;
  }

  /** Whether its counters cannot be read. */
  get isBlind(): boolean {
    return this.#nowMs() < this.#metricsBackMs;
  }

  /** Its router comes back when the time for that is over; whether it just has. */
  recovers(): boolean {
    if (this.#nowMs() < this.#routerBackMs) return false;
    this.service.plane.revive(true);
    this.#routerBackMs = Infinity;
    return true;
  }

  /** Answers when it is over, if that is another moment. */
  befalls(event: Befalling): number | undefined {
    const { atMs } = event;
    if (event.kind === "load") this.#load = event.load;
    else if (event.kind === "traits") this.#cast.say({ of: this.#meant(event.of), traits: event.traits, atMs });
    else if (event.kind === "crash") this.#crash(event.role, event.count);
    else {
      const toMs = atMs + event.forMs;
      if (event.kind === "outage")
        this.#cast.outage({ of: this.#meant(event.of), fromMs: atMs, toMs, errors: event.errors });
      else if (event.what === "metrics") this.#metricsBackMs = toMs;
      else {
        this.service.plane.kill();
        this.#routerBackMs = toMs;
      }
      return toMs;
    }
    return undefined;
  }

  /** The share of the requests that the pools of a revision have, under whichever role, 0…1. */
  shareOf(revision: string): number {
    const route: Route | undefined = this.service.plane.inForce();
    const pools = this.service.truth?.pools.filter((pool) => pool.revision === revision).map(({ pool }) => pool) ?? [];
    const mine = ROLES.filter((role) => pools.includes(route?.pools[role]?.pool ?? ""));
    return mine.reduce((sum, role) => sum + shareOf(route?.split.weights ?? {}, role), 0) / WHOLE;
  }

  #crash(role: string, count: number): void {
    const pool = this.service.truth?.pools.find((entry) => entry.role === role)?.pool;
    const running = this.service.workload.running().find((entry) => entry.pool === pool);
    for (const { id } of (running?.replicas ?? []).slice(0, count)) this.service.workload.crash(id);
  }

  #meant(who: string): string {
    if (who === "canary") return this.candidate;
    return who === "stable" ? (this.#service?.truth?.stable?.revision ?? STABLE) : who;
  }
}

/** Half way up at the beginning of the scenario. */
function perSecond({ low, high }: Load, atMs: number): number {
  if (low === high) return low;
  return (low + high) / 2 + ((high - low) / 2) * Math.sin((2 * Math.PI * atMs) / DAY_MS);
}
