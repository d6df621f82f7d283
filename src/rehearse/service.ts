// What does one service of the simulated world consist of?
import { createMemoryWorkload, type Behaviour, type MemoryWorkload } from "../adapters/memory/workload.ts";
import type { Comparison } from "../core/comparison.ts";
import type { ServiceState } from "../core/engine/state.ts";
import type { SignalWanted, Signals } from "../core/signals.ts";
import { ms, type Ms } from "../core/units.ts";
import { ABSENT, seen, type Observed, type RunningPool } from "../core/world.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics, Router } from "../ports/router.ts";
import type { SignalSource } from "../ports/signals.ts";
import type { Workload } from "../ports/workload.ts";
import type { Faults } from "./faults.ts";
import { createPlane, type Plane } from "./plane.ts";
import type { Random } from "./random.ts";
import { Meters, type Tells } from "./signals.ts";
import { Traffic, type Answers, type Dealt, type Totals } from "./traffic.ts";
import type { Witness } from "./world.ts";

/** How somebody outside answers a call. */
interface HookAnswer {
  readonly ok: boolean;
  readonly afterMs: number;
}

/** How a service behaves, whatever is done to it. */
export interface ServicePlan {
  readonly name: string;
  readonly answers: (revision: string) => Answers;
  readonly behaviour: (revision: string) => Behaviour;
  /** What its replicas tell of themselves. Default: what good ones do. */
  readonly tells?: ((revision: string) => Tells) | undefined;
  /** Requests per second, by the time since the world began. */
  readonly perSecond: (elapsedMs: number) => number;
  /** What a hook answers when it is called; yes, after a moment, without it. */
  readonly hook?: ((name: string, elapsedMs: number) => HookAnswer) | undefined;
  readonly drainMs: Ms;
  /** The longest request; one under way holds its replica for up to this. */
  readonly lingerMs: number;
}

/** What a service is made of besides its plan. */
interface Made {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly chance: Random;
  /** Clients are caught up with whenever the controller reads or changes something, not only after each step. */
  readonly prompt: boolean;
}

const NOBODY: Dealt = { requests: 0, unserved: {}, byRole: {}, copies: {} };

export class SimService {
  readonly plan: ServicePlan;
  readonly workload: MemoryWorkload;
  readonly plane: Plane;
  /** What stands in the journal. */
  truth: ServiceState | undefined;
  /** What became of the requests of the last step. */
  dealt: Dealt = NOBODY;
  readonly clock: Clock;
  /** How often the counters were looked at. */
  looks = 0;
  /** When a replica was last made to crash from outside. */
  crashedMs = -Infinity;
  readonly #traffic: Traffic;
  readonly #meters: Meters;
  #mirror = "";
  readonly #isPrompt: boolean;
  readonly #startMs: Ms;
  #dealtMs: Ms;

  constructor(plan: ServicePlan, { clock, faults, chance, prompt }: Made) {
    this.plan = plan;
    this.clock = clock;
    this.#isPrompt = prompt;
    this.#startMs = clock.now();
    this.#dealtMs = clock.now();
    this.#traffic = new Traffic(chance.fork(1), plan.answers);
    const lingering = chance.fork(2);
    const tells = plan.tells ?? (() => ({}));
    this.#meters = new Meters({ tells, answered: this.#traffic.answered, chance: chance.fork(3) });
    this.workload = createMemoryWorkload({
      clock,
      behaviour: plan.behaviour,
      drainMs: plan.drainMs,
      fault: (op) => faults.workload(plan.name, op),
    });
    this.plane = createPlane({
      clock,
      lingerMs: () => ms(lingering.below(plan.lingerMs + 1)),
      fault: (op) => faults.plane(plan.name, op),
    });
  }

  get totals(): Totals {
    return this.#traffic.totals;
  }

  /** Sums begin again; harm is counted against this revision. */
  begin(reference: string): void {
    this.#traffic.begin(reference);
  }

  /** A moment has passed: clients have sent what was due. */
  step(): void {
    if (!this.#isPrompt) this.dealt = NOBODY;
    this.#catchUp();
  }

  /** Whether nothing is about to happen by itself: every replica is ready, and none crashes. */
  isCalm(): boolean {
    if (!this.plane.inForce()) return false;
    return this.workload.running().every(({ revision, replicas }) => {
      const isFrail = this.plan.behaviour(revision).crashAfterMs !== undefined;
      return !isFrail && replicas.every(({ state }) => state === "ready");
    });
  }

  /** What replicas tell of themselves, now. */
  signals(wanted: readonly SignalWanted[], pools: readonly RunningPool[]): Signals {
    return this.#meters.read(wanted, pools, this.clock.now());
  }

  readonly source: SignalSource = {
    kind: "memory",
    covers: () => true,
    read: async (wanted, pools) => {
      if (this.#isPrompt) this.#catchUp();
      return seen(this.signals(wanted, pools));
    },
  };

  /** What the answers to copies differ in, under the mirror in force. */
  #comparison(): Observed<Comparison> {
    const { mirror } = this.plane.inForce()?.split ?? {};
    const key = JSON.stringify(mirror ?? null);
    if (key !== this.#mirror) this.#traffic.compared = { candidate: 0, noise: 0, differing: 0 };
    this.#mirror = key;
    if (!mirror?.compare) return ABSENT;
    const { candidate, noise, differing } = this.#traffic.compared;
    const fields = differing > 0 ? [{ path: "body.total", candidate: differing, noise: 0, examples: [] }] : [];
    return seen({ epoch: key, candidate, noise, shed: 0, failed: 0, fields });
  }

  /** The ports, with a witness of what is asked of them. */
  watched(witness: Witness | undefined): {
    readonly workload: Workload;
    readonly router: Router;
    readonly metrics: Metrics;
  } {
    const { workload, plane } = this;
    const before = (): void => {
      if (this.#isPrompt) this.#catchUp();
    };
    return {
      workload: {
        kind: workload.kind,
        can: workload.can,
        observe: (call) => workload.observe(call),
        apply: (pools, busy, call) => {
          before();
          witness?.pools(this, pools);
          return workload.apply(pools, busy, call);
        },
      },
      router: {
        kind: plane.kind,
        can: plane.can,
        observe: (call) => plane.observe(call),
        remove: (call) => plane.remove(call),
        apply: (route, call) => {
          before();
          witness?.route(this, route);
          return plane.apply(route, call);
        },
      },
      metrics: {
        kind: plane.kind,
        read: (call) => {
          this.looks += 1;
          before();
          return plane.read(call);
        },
        comparison: async () => this.#comparison(),
      },
    };
  }

  #catchUp(): void {
    const nowMs = this.clock.now();
    const passedMs = nowMs - this.#dealtMs;
    if (passedMs === 0) return;
    const middleMs = nowMs - this.#startMs - passedMs / 2;
    const mean = (this.plan.perSecond(middleMs) * passedMs) / 1_000;
    this.#dealtMs = nowMs;
    this.dealt = this.#traffic.deal(mean, nowMs, this);
  }
}
