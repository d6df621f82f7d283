// How do clients and replicas of a simulated service behave?
import { ROLES, shareOf, type Role, type Route } from "../core/split.ts";
import { WHOLE } from "../core/units.ts";
import type { MemoryWorkload } from "../adapters/memory/workload.ts";
import { latencies, type Shape } from "./latency.ts";
import type { Plane, Tally } from "./plane.ts";
import type { Random } from "./random.ts";

/** How the replicas of one revision answer. Shares are 0…1. */
export interface Answers extends Shape {
  /** Share of requests that fail. */
  readonly errors: number;
  /** Share of requests answered with 4xx. */
  readonly clientErrors?: number | undefined;
  /** Mean size of a burst of errors; 1 for independent ones. */
  readonly burst?: number | undefined;
  /** How much replicas differ in errors: standard deviation of the log odds. */
  readonly tau?: number | undefined;
  /** Share of answers that differ from stable's beyond noise. */
  readonly differs?: number | undefined;
  /** Answers this many times slower until it is this old. */
  readonly cold?: { readonly factor: number; readonly untilMs: number } | undefined;
}

/** What became of the requests of one moment. */
export interface Dealt {
  readonly requests: number;
  /** Requests that no replica answered, by role. */
  readonly unserved: Readonly<Partial<Record<Role, number>>>;
  readonly byRole: Readonly<Partial<Record<Role, number>>>;
  /** Copies of requests, by role. */
  readonly copies: Readonly<Partial<Record<Role, number>>>;
}

/** Answers to copies that were compared. */
export interface Compared {
  candidate: number;
  noise: number;
  differing: number;
}

/** Sums over time, since `begin`. */
export interface Totals {
  requests: number;
  /** Answered by nobody. */
  lost: number;
  /** Answered by another revision than the one that was stable at the beginning, and how many of these failed. */
  candidate: number;
  candidateFailed: number;
  /** Failed, lost included, beyond what the revision that was stable would have failed: can be below 0. */
  excess: number;
}

/** Share of requests that a rule means. */
const MATCHED = 0.03;

const NOTHING: Totals = { requests: 0, lost: 0, candidate: 0, candidateFailed: 0, excess: 0 };

/** The clients of one service. */
export class Traffic {
  totals: Totals = { ...NOTHING };
  /** What was compared since the mirror was last changed. */
  compared: Compared = { candidate: 0, noise: 0, differing: 0 };
  /** What each replica has answered since its first request. */
  readonly answered = new Map<string, { requests: number; failed: number }>();
  readonly #random: Random;
  readonly #answers: (revision: string) => Answers;
  readonly #uneven = new Map<string, number>();
  #reference = "";

  constructor(random: Random, answers: (revision: string) => Answers) {
    this.#random = random;
    this.#answers = answers;
  }

  /** Sums begin again; harm is counted against this revision. */
  begin(reference: string): void {
    this.#reference = reference;
    this.totals = { ...NOTHING };
  }

  /** Sends what is due in one moment, on average `mean` requests, along the route in force. */
  deal(mean: number, nowMs: number, { plane, workload }: Parts): Dealt {
    const requests = this.#random.poisson(mean);
    const route = plane.inForce();
    const byRole: Partial<Record<Role, number>> = {};
    const unserved: Partial<Record<Role, number>> = {};
    this.totals.requests += requests;
    if (!route) {
      this.#lose(requests);
      return { requests, byRole, unserved: requests > 0 ? { stable: requests } : {}, copies: {} };
    }
    const reached = { route, plane, workload, ages: agesOf(workload, nowMs) };
    let left = requests - this.#matched(requests, reached, byRole);
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
      if (!this.#serve(own, part, reached)) unserved[own] = (unserved[own] ?? 0) + part;
    }
    return { requests, byRole, unserved, copies: this.#copies(requests, reached) };
  }

  /** Requests that a rule sends to a role whatever the weights; how many. */
  #matched(requests: number, to: Reached, byRole: Partial<Record<Role, number>>): number {
    const rule = to.route.split.matches?.find(({ when }) => when.every(({ on }) => on !== "listener"));
    if (!rule || !to.route.pools[rule.to]?.backends.length) return 0;
    const part = this.#random.binomial(requests, MATCHED);
    if (part > 0) byRole[rule.to] = (byRole[rule.to] ?? 0) + part;
    if (part > 0) this.#serve(rule.to, part, to);
    return part;
  }

  /** Nobody waits for a copy's answer, and nobody is harmed by it. */
  #copies(requests: number, to: Reached): Dealt["copies"] {
    const { mirror } = to.route.split;
    const copies: Partial<Record<Role, number>> = {};
    for (const role of mirror?.to ?? []) {
      const pool = to.route.pools[role];
      const there = (pool?.backends ?? []).filter(({ replica }) => to.workload.serves(replica));
      if (!pool || there.length === 0 || !mirror) continue;
      const part = this.#random.binomial(requests, mirror.share / WHOLE);
      copies[role] = part;
      let left = part;
      there.forEach(({ replica }, index) => {
        const mine = this.#random.binomial(left, 1 / (there.length - index));
        left -= mine;
        if (mine > 0) this.#answer(to.plane.tally(pool.pool, replica), mine, { ...to, isCopy: true });
      });
      this.#compare(role, part, this.#answersOf(there[0]?.replica ?? "", to));
    }
    return copies;
  }

  #answersOf(replica: string, { ages }: Reached): Answers {
    return this.#answers(ages.get(replica)?.revision ?? "");
  }

  #compare(role: Role, copies: number, { differs = 0 }: Answers): void {
    if (role === "canary") {
      this.compared.candidate += copies;
      this.compared.differing += this.#random.binomial(copies, differs);
    } else this.compared.noise += copies;
  }

  /** A replica that does not answer passes its requests on to one that does, as the proxy's retries do. */
  #serve(role: Role, part: number, to: Reached): boolean {
    const pool = to.route.pools[role];
    const there = (pool?.backends ?? []).filter(({ replica }) => to.workload.serves(replica));
    let left = part;
    there.forEach(({ replica }, index) => {
      const requests = this.#random.binomial(left, 1 / (there.length - index));
      left -= requests;
      if (requests > 0 && pool) this.#answer(to.plane.tally(pool.pool, replica), requests, to);
    });
    if (there.length > 0) return true;
    const first = pool?.backends[0];
    if (pool && first) {
      const tally = to.plane.tally(pool.pool, first.replica);
      tally.requests += part;
      tally.failed += part;
    }
    this.#lose(part);
    return false;
  }

  #answer(tally: Tally, requests: number, { ages, isCopy = false }: Reached & { readonly isCopy?: boolean }): void {
    const known = ages.get(tally.replica);
    const revision = known?.revision ?? "";
    const answers = this.#answers(revision);
    const isCold = answers.cold !== undefined && (known?.ageMs ?? 0) < answers.cold.untilMs;
    const failed = this.#failed(requests, this.#errorsOf(tally.replica, answers), answers.burst ?? 1);
    tally.requests += requests;
    tally.failed += failed;
    if (answers.clientErrors) tally.clientErrors += this.#random.binomial(requests - failed, answers.clientErrors);
    latencies(answers, isCold ? answers.cold?.factor : 1)(this.#random, requests, tally.latency);
    if (!isCopy) this.#sum(tally.replica, { revision, requests, failed });
  }

  #failed(requests: number, share: number, burst: number): number {
    if (burst <= 1) return this.#random.binomial(requests, share);
    let failed = 0;
    for (let left = this.#random.poisson((requests * share) / burst); left > 0; left -= 1) {
      failed += this.#random.geometric(burst);
    }
    return Math.min(requests, failed);
  }

  #sum(replica: string, more: { revision: string; requests: number; failed: number }): void {
    const known = this.answered.get(replica) ?? { requests: 0, failed: 0 };
    known.requests += more.requests;
    known.failed += more.failed;
    this.answered.set(replica, known);
    if (more.revision === this.#reference || this.#reference === "") return;
    this.totals.candidate += more.requests;
    this.totals.candidateFailed += more.failed;
    this.totals.excess += more.failed - more.requests * this.#answers(this.#reference).errors;
  }

  #lose(requests: number): void {
    this.totals.lost += requests;
    if (this.#reference !== "") this.totals.excess += requests * (1 - this.#answers(this.#reference).errors);
  }

  /** The share of errors of one replica: its log odds differ from its revision's by a normal amount of its own. */
  #errorsOf(replica: string, { errors, tau = 0 }: Answers): number {
    if (tau === 0 || errors <= 0 || errors >= 1) return errors;
    const z = this.#uneven.get(replica) ?? this.#random.normal();
    this.#uneven.set(replica, z);
    const odds = (errors / (1 - errors)) * Math.exp(tau * z - (tau * tau) / 2);
    return odds / (1 + odds);
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
  const ages = new Map<string, { revision: string; ageMs: number }>();
  for (const { revision, replicas } of workload.running())
    for (const { id, readySinceMs } of replicas) ages.set(id, { revision, ageMs: nowMs - (readySinceMs ?? nowMs) });
  return ages;
}
