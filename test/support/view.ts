// What is seen of a service or group of which nothing is to be said?
import type { GroupView, ServiceView } from "../../src/api/contract.ts";
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

/** A release that has just begun and has no members, but for what is given. */
export function groupOfNothing(group: string, more: Partial<GroupView> = {}): GroupView {
  return {
    group,
    version: 0,
    nowMs: ms(0),
    number: 1,
    phase: "forward",
    startedMs: ms(0),
    members: [],
    next: [],
    history: [],
    recent: [],
    troubles: {},
    ...more,
  };
}
