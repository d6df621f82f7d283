// Who runs the replicas?
import type { WorkloadAbilities } from "../core/abilities.ts";
import type { Backend } from "../core/split.ts";
import type { Ms } from "../core/units.ts";
import type { Call, Observed } from "./observed.ts";

/** An immutable version of a service: whatever the workload needs to run it, as plain data, named by its content. */
export interface Revision<T = unknown> {
  /** First 10 hexadecimal digits of the SHA-256 of the template. */
  readonly id: string;
  readonly template: T;
}

/** A pool that shall exist. Its name never changes; its role may. */
export interface WantedPool {
  readonly pool: string;
  readonly revision: Revision;
  readonly size: number;
}

/** One running instance. */
export interface Replica extends Omit<Backend, "replica"> {
  readonly id: string;
  readonly state: "starting" | "ready" | "failing" | "draining";
  /** Since when it has been ready without a break. */
  readonly readySinceMs?: Ms | undefined;
  /** Restarts so far. */
  readonly restarts: number;
  /** Why it is not ready, in a few words: `exited with code 1: Error: no such table`. */
  readonly why?: string | undefined;
}

/** What runs under a pool's name. */
export interface RunningPool {
  readonly pool: string;
  readonly revision: string;
  readonly replicas: readonly Replica[];
}

/** Whatever runs a service. `apply` changes it, `observe` looks. */
export interface Workload {
  /** Name in specs and texts: "process", "deployment". Never branched on: ask `can`. */
  readonly kind: string;
  readonly can: WorkloadAbilities;
  /**
   * Move towards exactly these pools. Safe to repeat; returns without waiting for readiness. Replicas too many, and
   * pools not named, begin to drain; one that is in `busy` is not ended before its drain time is over.
   */
  apply(pools: readonly WantedPool[], busy: readonly string[], call: Call): Promise<void>;
  /** What runs now, also of pools that are not wanted any more. */
  observe(call: Call): Promise<Observed<readonly RunningPool[]>>;
}
