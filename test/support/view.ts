// What is seen of a service of which nothing is to be said?
import type { ServiceView } from "../../src/api/contract.ts";
import { ms } from "../../src/core/units.ts";

/** A service that is well and does nothing, but for what is given. */
export function viewOfNothing(service: string, more: Partial<ServiceView> = {}): ServiceView {
  return {
    service,
    version: 0,
    nowMs: ms(0),
    health: "well",
    pools: [],
    wanted: {},
    split: { weights: {} },
    history: [],
    quarantine: [],
    recent: [],
    troubles: {},
    ...more,
  };
}
