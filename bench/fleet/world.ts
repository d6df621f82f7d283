// In which world do thousands of services live, each with a long past and rollouts that never end?
import { createVirtualClock } from "../../src/adapters/memory/clock.ts";
import { createMemoryWorkload } from "../../src/adapters/memory/workload.ts";
import type { ServiceState } from "../../src/core/engine/state.ts";
import { FORMAT } from "../../src/core/engine/state.ts";
import { bucketOf } from "../../src/core/histogram.ts";
import type { Rollout } from "../../src/core/spec/rollout.ts";
import { shareOf, type Role } from "../../src/core/split.ts";
import { ms, WHOLE } from "../../src/core/units.ts";
import { StaleWrite, type Journal, type Saved } from "../../src/ports/journal.ts";
import { createPlane, type Plane } from "../../src/rehearse/plane.ts";
import { Controller } from "../../src/runtime/controller.ts";
import type { Factory, Pace, Told } from "../../src/runtime/parts.ts";
import { applyOf, fileOf, rolloutOf } from "../../test/sim/specs.ts";

/** One look at each service so often, and as often written down. A rollout waits longer than that for everything. */
export const LOOK_MS = ms(60_000);
const PACE: Partial<Pace> = { activeMs: LOOK_MS, soonMs: 10_000, idleMs: LOOK_MS, saveActiveMs: LOOK_MS };
/** Each service begins a rollout so often; one takes about seven minutes. */
export const EVERY_MS = 720_000;
const STRATEGY = `{ canary: { steps: [{ weight: 25%, hold: 3m }, { weight: 50%, judge: { atLeast: 3m, atMost: 5m, undecided: goOn } }] } }`;
/** Rollouts that a service has behind it, every second one rolled back: what it remembers of them is bounded, and full. */
const PAST = 44;
const PER_SECOND = 20;
/** From then on every so manieth revision fails a third of its requests. */
const BAD = 7;
const LATENCIES_US = [8_000, 20_000, 60_000];

export const nameOf = (index: number): string => `svc-${index}`;

/** All that is simulated: time, replicas, requests, and what is written down. */
export class World {
  readonly clock = createVirtualClock();
  readonly names: readonly string[];
  looks = 0;
  begun = 0;
  readonly #bad = new Set<string>();
  #dueMs = 0;
  readonly #workloads = new Map<string, ReturnType<typeof createMemoryWorkload>>();
  readonly #planes = new Map<string, Plane>();
  /** How far each journal is, and the state to begin with. What is kept for ever belongs on a disk. */
  readonly #written = new Map<string, number>();
  #past = "";

  constructor(services: number) {
    this.names = Array.from({ length: services }, (_, index) => nameOf(index));
  }

  /** Lets one service live through its past, which becomes that of all. */
  async prepare(): Promise<void> {
    const seed = new Controller({ clock: this.clock, journal: this.#journal(), factory: this.#factory(), pace: PACE });
    for (let number = 1; number <= PAST; number += 1) {
      const begun = this.#begin(seed, SEED, { number, isBad: number % 2 === 0 });
      await Promise.all([begun, this.clock.advance(ms(EVERY_MS))]);
    }
    this.#past = JSON.stringify(seed.get(SEED).state);
    await seed.stop();
    this.#planes.clear();
    this.#workloads.clear();
    this.#written.clear();
    for (const name of this.names) this.#written.set(name, 1);
  }

  async open(tell: (event: Told) => void): Promise<Controller> {
    const controller = new Controller({
      clock: this.clock,
      journal: this.#journal(),
      factory: this.#factory(),
      pace: PACE,
      tell,
    });
    await controller.start();
    return controller;
  }

  /** Begins the rollouts that are due, evenly over all services, and lets time pass. */
  async pass(controller: Controller, durationMs: number): Promise<void> {
    const eachMs = EVERY_MS / this.names.length;
    for (let atMs = 0; atMs < durationMs; atMs += 1_000) {
      const due: Promise<void>[] = [];
      for (this.#dueMs += 1_000; this.#dueMs >= eachMs; this.#dueMs -= eachMs) {
        const name = nameOf(this.begun % this.names.length);
        this.begun += 1;
        due.push(this.#begin(controller, name, { number: PAST + this.begun, isBad: this.begun % BAD === 0 }));
      }
      await this.clock.advance(ms(1_000));
      await Promise.all(due);
    }
  }

  async #begin(controller: Controller, name: string, { number, isBad }: Revision): Promise<void> {
    if (isBad) this.#bad.add(name);
    else this.#bad.delete(name);
    const command = applyOf(specOf(name), { id: `${name}-${number}`, revision: `r${number}` });
    const { refused } = await controller.send(name, command);
    if (refused) throw new Error(`${name}: ${refused.what}`);
  }

  #factory(): Factory {
    const close = (): Promise<void> => Promise.resolve();
    return {
      workload: async (state) => {
        const { service } = state();
        const known = this.#workloads.get(service) ?? createMemoryWorkload({ clock: this.clock });
        this.#workloads.set(service, known);
        return { workload: known, close, remove: close };
      },
      router: async ({ service }) => {
        const plane = this.#planes.get(service) ?? this.#plane(service);
        this.#planes.set(service, plane);
        return { router: plane, metrics: plane, close };
      },
    };
  }

  /** Requests come in by the split in force, and are counted when somebody looks. */
  #plane(service: string): Plane {
    let lastMs = this.clock.now();
    const plane = createPlane({
      clock: this.clock,
      fault: (op) => {
        if (op === "read") {
          this.looks += 1;
          const requests = (PER_SECOND * (this.clock.now() - lastMs)) / 1_000;
          count(plane, { requests, isBad: this.#bad.has(service) });
          lastMs = this.clock.now();
        }
        return undefined;
      },
    });
    return plane;
  }

  #journal(): Journal {
    const saved = (name: string, seq: number): Saved => {
      const state = JSON.parse(this.#past.replaceAll(SEED, name)) as ServiceState;
      return { seq, format: FORMAT, state };
    };
    return {
      kind: "forgetful",
      list: async () => [...this.#written.keys()],
      load: async (service) => {
        const seq = this.#written.get(service);
        return seq === undefined ? undefined : saved(service, seq);
      },
      append: async (service, expected) => {
        const seq = this.#written.get(service) ?? 0;
        if (seq !== expected) throw new StaleWrite("stale");
        this.#written.set(service, seq + 1);
        return seq + 1;
      },
      records: async () => [],
      remove: async (service) => void this.#written.delete(service),
      close: async () => {},
    };
  }
}

interface Revision {
  readonly number: number;
  readonly isBad: boolean;
}

const SEED = "svc-seed";
const SPEC = rolloutOf(fileOf(SEED, 3, { strategy: STRATEGY }));
const specOf = (name: string): Rollout => ({ ...SPEC, metadata: { ...SPEC.metadata, name } });

interface Load {
  readonly requests: number;
  readonly isBad: boolean;
}

function count(plane: Plane, { requests, isBad }: Load): void {
  const { split, pools } = plane.inForce() ?? {};
  if (!split || !pools) return;
  for (const [role, { pool, backends }] of Object.entries(pools)) {
    const each = Math.round((requests * shareOf(split.weights, role as Role)) / WHOLE / backends.length);
    const latency = Object.fromEntries(LATENCIES_US.map((us) => [bucketOf(us), Math.floor(each / 3)]));
    const failed = isBad && role === "canary" ? Math.round(each / 3) : 0;
    for (const { replica } of backends)
      plane.count({ pool, replica, requests: each, failed, clientErrors: 0, latency });
  }
}
