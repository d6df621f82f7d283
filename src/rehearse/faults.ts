// What may go wrong with the calls that a controller makes?
import type { WorkloadFault } from "../adapters/memory/workload.ts";
import type { AppendFate } from "./life.ts";
import type { PlaneFault } from "./plane.ts";

/** Asked before each call of a port what shall go wrong with it. */
export interface Faults {
  workload(service: string, op: "apply" | "observe"): WorkloadFault | undefined;
  plane(service: string, op: "apply" | "observe" | "read"): PlaneFault | undefined;
  /** `n` counts the appends of the whole world from 1. */
  append(service: string, n: number): AppendFate;
  /** Whether the journal cannot even be read. */
  readonly isJournalDown?: (() => boolean) | undefined;
}

export const NO_FAULTS: Faults = {
  workload: () => undefined,
  plane: () => undefined,
  append: () => undefined,
};
