// What can a group of processes do?
import type { WorkloadAbilities } from "../../core/abilities.ts";

export const PROCESS_ABILITIES: WorkloadAbilities = { promote: "rename", baseline: true };
