// How does a workload behave in a test, where time and trouble are programmed?
import type { Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Workload } from "../../ports/workload.ts";

/** How the replicas of one revision behave. */
export interface Behaviour {
  /** From its start to ready. Default 1 s. `never` is not ready, ever. */
  readonly readyAfterMs?: Ms | "never" | undefined;
  /** From each start to a crash. Default: no crash. */
  readonly crashAfterMs?: Ms | undefined;
  /** What the crash says. */
  readonly why?: string | undefined;
}

/** What goes wrong with one call: `refused` does nothing, `lost` does it and fails, `stale` answers what was before. */
export type WorkloadFault = "refused" | "lost" | "stale" | "unreadable" | { readonly delayMs: Ms };

/** How the memory workload is set up. */
export interface MemoryWorkloadOptions {
  readonly clock: Clock;
  /** How a revision behaves; asked once for each start of a replica. */
  readonly behaviour?: ((revision: string) => Behaviour) | undefined;
  readonly readyTimeoutMs?: Ms | undefined;
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
  /** Crashes a replica now. */
  crash(replica: string, why?: string): void;
}

/** A workload without processes. Its state follows from the clock alone. */
export function createMemoryWorkload(_options: MemoryWorkloadOptions): MemoryWorkload {
  throw new Error("not built yet");
}
