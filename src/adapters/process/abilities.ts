// What can a group of processes do?
import type { WorkloadAbilities } from "../../core/abilities.ts";
import { PROCESS_SIGNALS } from "../../core/exposition/names.ts";

export const PROCESS_ABILITIES: WorkloadAbilities = {
  promote: "rename",
  baseline: true,
  signals: Object.keys(PROCESS_SIGNALS),
};
