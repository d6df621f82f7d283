// Which series does a controller have of its services?
import { EVIDENCE_FAMILIES } from "./evidence.ts";
import type { Family } from "./family.ts";
import { ROLLOUT_FAMILIES } from "./rollout.ts";
import { SERVICE_FAMILIES } from "./service.ts";

export const FAMILIES: readonly Family[] = [...SERVICE_FAMILIES, ...ROLLOUT_FAMILIES, ...EVIDENCE_FAMILIES];
