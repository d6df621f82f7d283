// Who runs a service as a group of processes on this machine?
import type { Call } from "../../ports/observed.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Workload } from "../../ports/workload.ts";
import type { Ms } from "../../core/units.ts";

/** What the process workload of one service needs. */
export interface ProcessWorkloadOptions {
  readonly service: string;
  /** Folder of this service's records, logs and copies of files: `<state>/services/<name>/process`. */
  readonly dir: string;
  readonly clock: Clock;
  /** How often processes are looked at. Default 200 ms. */
  readonly pollMs?: Ms | undefined;
  /** Pause before a restart: the first one, doubled up to the longest; forgotten after so long without a break. */
  readonly backoff?: { readonly firstMs: Ms; readonly mostMs: Ms; readonly resetMs: Ms } | undefined;
  /** Size at which a log file is rotated, and how many old ones are kept. Default 10 MiB and 2 beside the current one. */
  readonly logs?: { readonly bytes: number; readonly old: number } | undefined;
}

/** The processes of one service. */
export interface ProcessWorkload extends Workload {
  /** Stops watching. The processes go on, and another controller finds them. */
  close(): Promise<void>;
  /** Ends every process and forgets them. Resolves when the last one is gone. */
  removeAll(call: Call): Promise<void>;
}

/** Does nothing until the first `apply` or `observe`; that one finds the processes of an earlier controller. */
export function createProcessWorkload(_options: ProcessWorkloadOptions): ProcessWorkload {
  throw new Error("not built yet");
}
