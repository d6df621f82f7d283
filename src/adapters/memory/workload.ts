// How does a workload behave in a test, where time and trouble are programmed?
import type { WorkloadAbilities } from "../../core/abilities.ts";
import { chooseReplicas } from "../../core/replica-choice.ts";
import { SerinError } from "../../core/issues.ts";
import { ms, type Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import { type Call, type Observed, seen, unreadable } from "../../ports/observed.ts";
import type { Replica, RunningPool, WantedPool, Workload } from "../../ports/workload.ts";
import { type Behaviour, candidate, crashed, MemoryReplica, moved, servesNow, type Times, view } from "./replica.ts";

export type { Behaviour } from "./replica.ts";

/** What goes wrong with one call: `refused` does nothing, `lost` does it and fails, `stale` answers what was before. */
export type WorkloadFault = "refused" | "lost" | "stale" | "unreadable" | { readonly delayMs: Ms };

/** How the memory workload is set up. */
export interface MemoryWorkloadOptions {
  readonly clock: Clock;
  /** How a revision behaves; asked at each start of a replica. */
  readonly behaviour?: ((revision: string) => Behaviour) | undefined;
  /** Default 30 s. */
  readonly readyTimeoutMs?: Ms | undefined;
  /** Default 30 s. */
  readonly drainMs?: Ms | undefined;
  /** From being ended to being gone. Default 100 ms. */
  readonly endMs?: Ms | undefined;
  /** Asked before each call what shall go wrong with it. */
  readonly fault?: ((op: "apply" | "observe") => WorkloadFault | undefined) | undefined;
}

/** A workload in memory. It outlives controllers: give the same one to the next. */
export interface MemoryWorkload extends Workload {
  /** Whether a request to this replica would be answered now: the truth, without any fault. */
  serves(replica: string): boolean;
  /** Crashes a replica now, whatever it is doing. */
  crash(replica: string, why?: string): void;
  /** What runs now: the truth, without any fault. */
  running(): readonly RunningPool[];
}

/** A workload without processes. Its state follows from the clock alone. */
export function createMemoryWorkload(options: MemoryWorkloadOptions): MemoryWorkload {
  return new Remembered(options);
}

class Remembered implements MemoryWorkload {
  readonly kind = "memory";
  readonly can: WorkloadAbilities = { promote: "rename", baseline: true };
  readonly #options: MemoryWorkloadOptions;
  readonly #times: Times;
  #replicas: readonly MemoryReplica[] = [];
  #made = 0;
  #answered: readonly RunningPool[] = [];

  constructor(options: MemoryWorkloadOptions) {
    this.#options = options;
    this.#times = {
      readyTimeoutMs: options.readyTimeoutMs ?? ms(30_000),
      drainMs: options.drainMs ?? ms(30_000),
      endMs: options.endMs ?? ms(100),
      behaviour: options.behaviour ?? (() => ({})),
    };
  }

  async apply(pools: readonly WantedPool[], busy: readonly string[], call: Call): Promise<void> {
    const fault = await this.#trouble("apply", call);
    if (fault === "refused") throw failed("refused");
    this.#move();
    for (const wanted of pools) this.#size(wanted);
    for (const replica of this.#replicas) {
      if (!pools.some((wanted) => belongs(replica, wanted))) replica.drainingSinceMs ??= this.#options.clock.now();
      const ends = replica.drainingSinceMs !== undefined && !busy.includes(replica.id);
      if (ends) replica.endingSinceMs ??= this.#options.clock.now();
    }
    this.#move();
    if (fault === "lost") throw failed("the answer did not arrive");
  }

  async observe(call: Call): Promise<Observed<readonly RunningPool[]>> {
    const fault = await this.#trouble("observe", call);
    if (fault === "refused" || fault === "lost") throw failed(fault);
    if (fault === "unreadable") return unreadable("the workload does not answer");
    if (fault !== "stale") this.#answered = this.running();
    return seen(this.#answered);
  }

  running(): readonly RunningPool[] {
    this.#move();
    const pools = new Map<string, RunningPool & { readonly replicas: Replica[] }>();
    for (const replica of this.#replicas) {
      const key = `${replica.pool} ${replica.revision}`;
      const running = pools.get(key) ?? { pool: replica.pool, revision: replica.revision, replicas: [] };
      running.replicas.push(view(replica, this.#options.clock.now()));
      pools.set(key, running);
    }
    return [...pools.values()];
  }

  serves(id: string): boolean {
    this.#move();
    return this.#replicas.some((replica) => replica.id === id && servesNow(replica));
  }

  crash(id: string, why = "exited with code 1"): void {
    this.#move();
    const replica = this.#replicas.find((one) => one.id === id);
    if (replica?.phase === "running") crashed(replica, { atMs: this.#options.clock.now(), why });
    this.#move();
  }

  /** Everything that has happened since the last look. */
  #move(): void {
    const now = this.#options.clock.now();
    this.#replicas = this.#replicas.filter((replica) => moved(replica, now));
  }

  #size(wanted: WantedPool): void {
    const now = this.#options.clock.now();
    const mine = this.#replicas.filter((replica) => belongs(replica, wanted));
    const choice = chooseReplicas(
      mine.map((replica) => Object.assign(candidate(replica, now), { replica })),
      wanted.size,
    );
    for (const { replica } of choice.takeBack) replica.drainingSinceMs = undefined;
    for (const { replica } of choice.drain) replica.drainingSinceMs = now;
    const started = Array.from({ length: choice.start }, () => {
      this.#made += 1;
      return new MemoryReplica({ wanted, number: this.#made, startedMs: now, times: this.#times });
    });
    this.#replicas = this.#replicas.concat(started);
  }

  async #trouble(op: "apply" | "observe", call: Call): Promise<WorkloadFault | undefined> {
    call.signal.throwIfAborted();
    const fault = this.#options.fault?.(op);
    if (typeof fault === "object") {
      await this.#options.clock.sleep(fault.delayMs, call.signal);
      call.signal.throwIfAborted();
    }
    return fault;
  }
}

function belongs(replica: MemoryReplica, wanted: WantedPool): boolean {
  return replica.pool === wanted.pool && replica.revision === wanted.revision.id;
}

function failed(found: string): SerinError {
  return new SerinError({ code: "SERIN_WORKLOAD_FAILED", what: "The workload did not do what was asked.", found });
}
