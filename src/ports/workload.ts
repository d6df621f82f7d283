// Who runs the replicas?
import type { WorkloadAbilities } from "../core/abilities.ts";
import type { RunningPool, WantedPool } from "../core/world.ts";
import type { Call, Observed } from "./observed.ts";

export type { Replica, Revision, RunningPool, WantedPool } from "../core/world.ts";

/** What a replica wrote last, oldest line first. */
export interface ReplicaLog {
  readonly replica: string;
  /** Without control characters, and shortened where they are very long. */
  readonly lines: readonly string[];
}

/** Whatever runs a service. `apply` changes it, `observe` looks. */
export interface Workload {
  /** Name in specs and texts: "process", "deployment". Never branched on: ask `can`. */
  readonly kind: string;
  readonly can: WorkloadAbilities;
  /**
   * Move towards exactly these pools. Safe to repeat; returns without waiting for readiness. Replicas too many, and
   * pools not named, begin to drain; one that is in `busy` is not ended before its drain time is over. A role is how to
   * treat a pool where that matters: what is stable is given to whoever looks after the service without Serin.
   */
  apply(pools: readonly WantedPool[], busy: readonly string[], call: Call): Promise<void>;
  /** What runs now, also of pools that are not wanted any more. */
  observe(call: Call): Promise<Observed<readonly RunningPool[]>>;
  /** The last lines of each replica of a pool, at most so many. None of a replica whose lines somebody else keeps, and absent where that is so of all. */
  logs?(pool: string, lines: number, call: Call): Promise<readonly ReplicaLog[]>;
}
