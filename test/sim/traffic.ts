// How do clients and replicas of a simulated service behave?
import { ROLES, shareOf, type Role, type Route } from "../../src/core/split.ts";
import { WHOLE } from "../../src/core/units.ts";
import type { MemoryWorkload } from "../../src/adapters/memory/workload.ts";
import { latencies, type Draw } from "./latency.ts";
import type { Plane } from "./plane.ts";
import type { Random } from "./random.ts";

/** How the replicas of one revision answer. */
export interface Answers {
  /** Share of requests that fail. */
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How much replicas differ in errors: standard deviation of the logarithm. */
  readonly tau?: number | undefined;
  /** Answers this many times slower until it is this old. */
  readonly cold?: { readonly factor: number; readonly untilMs: number } | undefined;
}

/** What became of the requests of one moment. */
export interface Dealt {
  readonly requests: number;
  /** Requests that no replica answered, by role. */
  readonly unserved: Readonly<Partial<Record<Role, number>>>;
  readonly byRole: Readonly<Partial<Record<Role, number>>>;
}

/** The clients of one service. */
export class Traffic {
  readonly #random: Random;
  readonly #answers: (revision: string) => Answers;
  readonly #draws = new Map<string, Draw>();
  readonly #uneven = new Map<string, number>();

  constructor(random: Random, answers: (revision: string) => Answers) {
    this.#random = random;
    this.#answers = answers;
  }

  /** Sends what is due in one moment, on average `mean` requests, along the route in force. */
  deal(mean: number, nowMs: number, { plane, workload }: Parts): Dealt {
    const requests = this.#random.poisson(mean);
    const route = plane.inForce();
    const byRole: Partial<Record<Role, number>> = {};
    const unserved: Partial<Record<Role, number>> = {};
    if (!route) return { requests, byRole, unserved: requests > 0 ? { stable: requests } : {} };
    const ages = agesOf(workload, nowMs);
    let left = requests;
    let axis: number = WHOLE;
    for (const role of ROLES) {
      const share = shareOf(route.split.weights, role);
      const part = this.#random.binomial(left, axis > 0 ? share / axis : 0);
      axis -= share;
      left -= part;
      if (part === 0) continue;
      // A pool without a replica is an outage: its requests are stable's.
      const own = route.pools[role]?.backends.length ? role : "stable";
      byRole[own] = (byRole[own] ?? 0) + part;
      if (!this.#serve(own, part, { route, plane, workload, ages })) unserved[own] = (unserved[own] ?? 0) + part;
    }
    return { requests, byRole, unserved };
  }

  /** A replica that does not answer passes its requests on to one that does, as the proxy's retries do. */
  #serve(role: Role, part: number, to: Reached): boolean {
    const pool = to.route.pools[role];
    const there = (pool?.backends ?? []).filter(({ replica }) => to.workload.serves(replica));
    let left = part;
    there.forEach(({ replica }, index) => {
      const requests = this.#random.binomial(left, 1 / (there.length - index));
      left -= requests;
      if (requests > 0 && pool) this.#answer({ pool: pool.pool, replica, requests }, to);
    });
    const first = pool?.backends[0];
    const nobody = there.length === 0;
    if (nobody && pool && first) {
      const counted = { pool: pool.pool, replica: first.replica, requests: part, failed: part };
      to.plane.count({ ...counted, clientErrors: 0, latency: {} });
    }
    return !nobody;
  }

  #answer(at: { pool: string; replica: string; requests: number }, { plane, ages }: Reached): void {
    const known = ages.get(at.replica);
    const answers = this.#answers(known?.revision ?? "");
    const isCold = answers.cold !== undefined && (known?.ageMs ?? 0) < answers.cold.untilMs;
    const failed = this.#random.binomial(
      at.requests,
      Math.min(1, answers.errors * this.#unevenness(at.replica, answers)),
    );
    const latency = this.#draw(known?.revision ?? "", isCold)(this.#random, at.requests);
    plane.count({ ...at, failed, clientErrors: 0, latency });
  }

  #unevenness(replica: string, { tau = 0 }: Answers): number {
    const known = this.#uneven.get(replica) ?? this.#random.lognormal(tau) * Math.exp((-tau * tau) / 2);
    this.#uneven.set(replica, known);
    return known;
  }

  #draw(revision: string, isCold: boolean): Draw {
    const key = `${revision} ${isCold}`;
    const known = this.#draws.get(key);
    if (known) return known;
    const { p50Ms, p99Ms, cold } = this.#answers(revision);
    const factor = isCold ? (cold?.factor ?? 1) : 1;
    const made = latencies(p50Ms * factor, p99Ms * factor);
    this.#draws.set(key, made);
    return made;
  }
}

/** What carries a simulated service. */
export interface Parts {
  readonly plane: Plane;
  readonly workload: MemoryWorkload;
}

interface Reached extends Parts {
  readonly route: Route;
  readonly ages: ReadonlyMap<string, { readonly revision: string; readonly ageMs: number }>;
}

function agesOf(workload: MemoryWorkload, nowMs: number): Reached["ages"] {
  const pools = workload.running();
  return new Map(
    pools.flatMap(({ revision, replicas }) =>
      replicas.map(({ id, readySinceMs }) => [id, { revision, ageMs: nowMs - (readySinceMs ?? nowMs) }] as const),
    ),
  );
}
