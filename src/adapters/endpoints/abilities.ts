// What can be done with addresses that somebody else runs?
import type { WorkloadAbilities } from "../../core/abilities.ts";

/** Nothing is started, so there is no fresh copy of stable; and nobody tells of processes that Serin does not know. */
export const ENDPOINTS_ABILITIES: WorkloadAbilities = { promote: "rename", baseline: false, signals: [] };
