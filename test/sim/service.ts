// What does one service of the simulated world consist of?
import { createMemoryWorkload, type Behaviour, type MemoryWorkload } from "../../src/adapters/memory/workload.ts";
import type { ServiceState } from "../../src/core/engine/state.ts";
import { ms, type Ms } from "../../src/core/units.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Router } from "../../src/ports/router.ts";
import type { Workload } from "../../src/ports/workload.ts";
import type { Faults } from "./faults.ts";
import { createPlane, type Plane } from "./plane.ts";
import type { Random } from "./random.ts";
import { Traffic, type Answers, type Dealt } from "./traffic.ts";
import type { Witness } from "./world.ts";

/** How a service behaves, whatever is done to it. */
export interface ServicePlan {
  readonly name: string;
  readonly answers: (revision: string) => Answers;
  readonly behaviour: (revision: string) => Behaviour;
  /** Requests per second, by the time since the world began. */
  readonly perSecond: (elapsedMs: number) => number;
  readonly drainMs: Ms;
  /** The longest request; one under way holds its replica for up to this. */
  readonly lingerMs: number;
}

export class SimService {
  readonly plan: ServicePlan;
  readonly workload: MemoryWorkload;
  readonly plane: Plane;
  /** What stands in the journal. */
  truth: ServiceState | undefined;
  dealt: Dealt = { requests: 0, unserved: {}, byRole: {} };
  readonly clock: Clock;
  /** When a replica was last made to crash from outside. */
  crashedMs = -Infinity;
  readonly #traffic: Traffic;

  constructor(
    plan: ServicePlan,
    { clock, faults, chance }: { readonly clock: Clock; readonly faults: Faults; readonly chance: Random },
  ) {
    this.plan = plan;
    this.clock = clock;
    this.#traffic = new Traffic(chance.fork(1), plan.answers);
    const lingering = chance.fork(2);
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

  /** Clients send what is due. */
  step(elapsedMs: number, stepMs: Ms): void {
    const mean = (this.plan.perSecond(elapsedMs) * stepMs) / 1_000;
    this.dealt = this.#traffic.deal(mean, this.clock.now(), this);
  }

  /** The ports, with a witness of what is asked of them. */
  watched(witness: Witness | undefined): { readonly workload: Workload; readonly router: Router } {
    const { workload, plane } = this;
    return {
      workload: {
        kind: workload.kind,
        can: workload.can,
        observe: (call) => workload.observe(call),
        apply: (pools, busy, call) => {
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
          witness?.route(this, route);
          return plane.apply(route, call);
        },
      },
    };
  }
}
