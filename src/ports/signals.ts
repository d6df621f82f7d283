// Where is read what replicas tell of themselves?
import type { SignalWanted, Signals } from "../core/signals.ts";
import type { Role } from "../core/split.ts";
import type { RunningPool } from "../core/world.ts";
import type { Call, Observed } from "./observed.ts";

/** A pool, and what it is for now: some sources keep figures by role. */
export interface AskedPool extends RunningPool {
  readonly role?: Role | undefined;
}

/** A source of values that are not requests: the operating system, the replicas' own metrics pages, a Prometheus. */
export interface SignalSource {
  /** The key of what it told; no other source of the service has it. */
  readonly kind: string;
  /** Whether a name is one of its own: asked of each source in turn, the first one reads it. */
  covers(name: string): boolean;
  /**
   * Reads the named values of all running replicas at one moment. A source that reads more rarely than it is asked
   * answers its last reading, with that one's time. What is missing is named in `troubles`, never made up.
   */
  read(wanted: readonly SignalWanted[], pools: readonly AskedPool[], call: Call): Promise<Observed<Signals>>;
}
