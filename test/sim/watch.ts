// Does the world keep what Serin promises, whatever the engine believes?
import { PoolsHistory, shareOfPool } from "./ready.ts";
import type { DecisionRecord, RolloutState, ServiceState } from "../../src/core/engine/state.ts";
import { WAY_BACK_BOUND_MS } from "../../src/core/engine/way-back.ts";
import { isExposed, ROLES, sameSplit, shareOf, type Route } from "../../src/core/split.ts";
import { WHOLE } from "../../src/core/units.ts";
import type { WantedPool } from "../../src/core/world.ts";
import type { JournalEntry } from "../../src/ports/journal.ts";
import type { SimService } from "../../src/rehearse/service.ts";
import type { Witness, World } from "../../src/rehearse/world.ts";

/** From a decision to what follows from it: two looks, and one call that takes its longest. */
const SLACK_MS = 8_000;

/** What the watcher knows of trouble that excuses something. */
export interface Excuses {
  /** When the last fault of any port was or will be over, by the time since the world began. */
  readonly calmFromMs: number;
  /** Whether a late answer may still land. */
  readonly late: (elapsedMs: number) => boolean;
  /** Whether the data plane was down, or lost its route, shortly before. */
  readonly planeTrouble: (elapsedMs: number) => boolean;
  /** Revisions whose replicas crash or never answer. */
  readonly frail: (revision: string) => boolean;
}

interface Memory {
  route: Route | undefined;
  readonly history: PoolsHistory;
  readonly candidates: Map<number, string>;
  /** The candidate's share in the last route asked for, and of which rollout. */
  asked: { rollout: number; share: number };
  /** Requests that the candidate's pool answered in this rollout. */
  answered: number;
  /** The same when its share was last raised. */
  answeredAtRaise: number;
  waived: boolean;
  /** Revisions whose last rollout was rolled back. */
  readonly rolledBack: Set<string>;
}

export class Watch implements Witness {
  readonly broken: string[] = [];
  readonly #world: World;
  readonly #excuses: Excuses;
  readonly #memory = new Map<SimService, Memory>();

  constructor(world: World, excuses: Excuses) {
    this.#world = world;
    this.#excuses = excuses;
    world.witness = this;
  }

  /** Looks at the world after each of its steps. */
  look(): void {
    for (const service of this.#world.services.values()) {
      const memory = this.#of(service);
      memory.history.add(this.#world.elapsedMs, service.workload);
      this.#route(service, memory);
      this.#wayBack(service, memory);
      this.#served(service, memory);
      this.#revisions(service);
      memory.answered += (service.dealt.byRole.canary ?? 0) + (service.dealt.copies.canary ?? 0);
      memory.route = service.plane.inForce() ?? memory.route;
    }
  }

  pools(service: SimService, asked: readonly WantedPool[]): void {
    const wanted = (service.truth?.pools ?? []).map(({ pool, revision, size }) => `${pool} ${revision} ${size}`);
    const text = asked.map(({ pool, revision, size }) => `${pool} ${revision.id} ${size}`);
    if (text.join() !== wanted.join())
      this.fail(service, `asked for pools ${text.join()}, journalled ${wanted.join()}`);
  }

  confused(service: SimService, why: string): void {
    this.fail(service, `the controller failed: ${why.split("\n")[0]}`);
  }

  route(service: SimService, asked: Route): void {
    const { truth } = service;
    const memory = this.#of(service);
    if (!truth) return this.fail(service, "asked for a route before anything was journalled");
    const share = shareOf(asked.split.weights, "canary");
    // What takes requests or copies from the candidate may be asked for before it is written down.
    const isLess = isExposed(truth.split, "canary") && !isExposed(asked.split, "canary");
    if (!sameSplit(asked.split, truth.split) && share >= shareOf(truth.split.weights, "canary") && !isLess) {
      this.fail(service, `asked for a split that is not journalled: ${JSON.stringify(asked.split.weights)}`);
    }
    const { rollout } = truth;
    const before = memory.asked.rollout === rollout?.number ? memory.asked.share : 0;
    if (rollout && rollout.phase !== "forward" && share > before) {
      this.fail(service, `the candidate's share was raised on the way ${rollout.phase}`);
    }
    memory.asked = { rollout: rollout?.number ?? 0, share };
  }

  /** A higher share was decided upon: what was known of the candidate by then? */
  #raised(service: SimService, { verdict, blind, program }: RolloutState, isFirst: boolean): void {
    const memory = this.#of(service);
    if (program.analysis && verdict?.kind === "worse" && !verdict.suspended) {
      this.fail(service, "the share was raised after worse");
    }
    if (program.analysis && blind !== undefined) this.fail(service, "the share was raised while blind");
    if (program.analysis && !isFirst && !memory.waived && memory.answered === memory.answeredAtRaise) {
      this.fail(service, "the share was raised though the candidate had answered nothing at the last one");
    }
    memory.answeredAtRaise = memory.answered;
  }

  written(service: SimService, before: ServiceState | undefined, { state, records }: JournalEntry): void {
    const next = state as ServiceState;
    const memory = this.#of(service);
    const rollout = next.rollout;
    if (next.rollouts !== (before?.rollouts ?? 0)) {
      memory.waived = false;
      const started = (records as readonly DecisionRecord[]).find(({ kind }) => kind === "started");
      if (memory.rolledBack.has(rollout?.candidate ?? "") && started?.reason === "apply")
        this.fail(service, `${rollout?.candidate} started out of quarantine`);
    }
    if ((records as readonly DecisionRecord[]).some(({ reason }) => reason === "promote")) memory.waived = true;
    if (!rollout) return;
    const [had, has] = [before?.split.weights ?? {}, next.split.weights].map((weights) => shareOf(weights, "canary"));
    if ((has ?? 0) > (had ?? 0)) this.#raised(service, rollout, had === 0);
    const known = memory.candidates.get(rollout.number) ?? rollout.candidate;
    memory.candidates.set(rollout.number, known);
    if (known !== rollout.candidate) this.fail(service, `the candidate of ${rollout.number} changed from ${known}`);
    if (rollout.outcome === "rolled-back") memory.rolledBack.add(known);
    else if (rollout.outcome) memory.rolledBack.delete(known);
    if (rollout.outcome === "promoted" && next.stable?.revision !== known && rollout.phase === "ended") {
      this.fail(service, `${known} was promoted, ${next.stable?.revision} is stable`);
    }
  }

  fail(service: SimService, what: string): void {
    const text = `${(this.#world.elapsedMs / 1_000).toFixed(1)}s ${service.plan.name}: ${what}`;
    if (this.broken.length < 20) this.broken.push(text);
    this.#world.trace(service.plan.name, `BROKEN   ${what}`);
  }

  #of(service: SimService): Memory {
    const known = this.#memory.get(service) ?? {
      route: undefined,
      history: new PoolsHistory(),
      candidates: new Map(),
      asked: { rollout: 0, share: 0 },
      answered: 0,
      answeredAtRaise: 0,
      waived: false,
      rolledBack: new Set(),
    };
    this.#memory.set(service, known);
    return known;
  }

  /** What is in force sums up, and no pool was given more than it can carry. */
  #route(service: SimService, memory: Memory): void {
    const route = service.plane.inForce();
    if (!route || route === memory.route) return;
    this.#world.trace(service.plan.name, `in force ${describeRoute(route)}`);
    const sum = ROLES.reduce((total, role) => total + shareOf(route.split.weights, role), 0);
    if (sum !== WHOLE) this.fail(service, `the weights in force sum to ${sum}`);
    const rollout = service.truth?.rollout;
    if (!rollout || rollout.phase === "ended" || this.#excuses.late(this.#world.elapsedMs)) return;
    for (const role of ROLES) {
      const pool = route.pools[role]?.pool;
      // Before the first deployment stable has a share and no pool: nobody could answer.
      if (pool === undefined) continue;
      const share = shareOf(route.split.weights, role);
      if (share <= shareOfPool(memory.route, pool)) continue;
      const ready = memory.history.most(pool);
      const { fullSize, leastSize = fullSize } = rollout.program;
      const capacity = Math.floor((ready / leastSize) * WHOLE) + 1;
      // Replicas that crash all the time are ready between two looks of this watcher, and gone at both.
      const isFrail = this.#excuses.frail(memory.history.revisionOf(pool) ?? "");
      if (share > capacity && !isFrail && !this.#lastResort(service, rollout)) {
        this.fail(service, `${role} got ${share} with ${ready} of ${rollout.program.fullSize} replicas ready`);
      }
    }
  }

  /** On the way back stable may be given what nobody else can carry. */
  #lastResort(service: SimService, { back, number, program }: RolloutState): boolean {
    const candidate = this.#of(service).history.least(`${number}-canary`);
    // The way back may be taken before it is written down, when nothing can be.
    if (!back) return candidate === 0 && program.strategy === "recreate";
    return candidate === 0 || this.#world.nowMs - back.sinceMs >= WAY_BACK_BOUND_MS;
  }

  /** After the way back was taken, the candidate gets nothing within the bound, however much else fails. */
  #wayBack(service: SimService, memory: Memory): void {
    const rollout = service.truth?.rollout;
    if (!rollout?.back || !service.truth?.stable) return;
    const since = rollout.back.sinceMs - this.#world.startMs;
    const due = Math.max(since, this.#excuses.calmFromMs) + WAY_BACK_BOUND_MS + SLACK_MS;
    const pool = `${rollout.number}-canary`;
    const share = shareOfPool(service.plane.inForce(), pool);
    if (share > 0 && this.#world.elapsedMs > due)
      this.fail(service, `the candidate still has ${share} on the way back`);
    const { matches, mirror } = service.plane.inForce()?.split ?? {};
    if (((matches?.length ?? 0) > 0 || mirror) && this.#world.elapsedMs > due)
      this.fail(service, "rules or copies are still in force on the way back");
    const isCalm = since > this.#excuses.calmFromMs + SLACK_MS;
    if (isCalm && share > shareOfPool(memory.route, pool)) this.fail(service, "the candidate got more on the way back");
  }

  /** A request is lost only when replicas crash, or when the file asks for an outage. */
  #served(service: SimService, memory: Memory): void {
    const lost = Object.entries(service.dealt.unserved).filter(([, count]) => count > 0);
    if (lost.length === 0 || !memory.route || !service.truth?.stable) return;
    const { rollout } = service.truth ?? {};
    const outage = rollout?.program.strategy === "recreate";
    const elapsed = this.#world.elapsedMs;
    const crashed = elapsed - service.crashedMs < 45_000;
    if (outage || crashed || this.#excuses.planeTrouble(elapsed) || this.#excuses.late(elapsed)) return;
    // A data plane that came back without its route has nothing until it takes one.
    if (!service.plane.inForce() || (rollout && this.#lastResort(service, rollout))) return;
    for (const [role, count] of lost) {
      const named = service.plane.inForce()?.pools ?? memory.route.pools;
      const pool = named[role as keyof Route["pools"]]?.pool;
      const revision = memory.history.revisionOf(pool ?? "");
      if (revision !== undefined && this.#excuses.frail(revision)) continue;
      this.fail(service, `${count} requests to ${role} (${pool}) were answered by nobody`);
    }
  }

  /** A pool runs one revision, whatever becomes of it. */
  #revisions(service: SimService): void {
    const seen = new Map<string, string>();
    for (const { pool, revision } of service.workload.running()) {
      const other = seen.get(pool) ?? revision;
      if (other !== revision) this.fail(service, `pool ${pool} runs ${other} and ${revision}`);
      seen.set(pool, revision);
    }
  }
}

function describeRoute(route: Route): string {
  return ROLES.filter((role) => shareOf(route.split.weights, role) > 0 || route.pools[role])
    .map((role) => {
      const pool = route.pools[role];
      const share = shareOf(route.split.weights, role) / 10_000;
      return `${role} ${share}% → ${pool ? `${pool.pool} ×${pool.backends.length}` : "nobody"}`;
    })
    .join(", ");
}
