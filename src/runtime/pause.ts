// When does a loop look again, if nobody asks it to?
import { BACKOFF, pauseAfter } from "../core/backoff.ts";
import { nextNotificationMs } from "../core/outbox/notify.ts";
import { underWay, type ServiceState } from "../core/engine/state.ts";
import { ms, type Ms } from "../core/units.ts";
import type { Observed, RunningPool } from "../core/world.ts";
import { hasLeftovers } from "./drift.ts";
import type { Pace } from "./parts.ts";

/** How the last look went. */
export interface Looked {
  readonly state: ServiceState;
  readonly pools: Observed<readonly RunningPool[]> | undefined;
  /** So many looks in a row, the last one among them, left something that does not work. */
  readonly failures: number;
  readonly nowMs: Ms;
}

/** The time until the next look. */
export function pauseUntilNext(pace: Pace, { state, pools, failures, nowMs }: Looked): Ms {
  const rollout = underWay(state);
  if (rollout) {
    // What the router or a process is about to do takes milliseconds; evidence takes its time.
    const soon = rollout.waiting?.for === "router" || rollout.waiting?.for === "replicas";
    return ms(soon ? pace.soonMs : pace.activeMs);
  }
  // The end of a rollout is written down before its last traces are gone, and whoever could not be asked tells nobody of being back.
  const again = failures > 0 ? pauseAfter(failures, BACKOFF) : hasLeftovers(state, pools) ? pace.activeMs : Infinity;
  return ms(Math.min(pace.idleMs, again, untilDue(state, nowMs)));
}

/** The time until a message is to be sent that is not due yet. */
function untilDue({ outbox = [], notified = {} }: ServiceState, nowMs: Ms): number {
  const due = [...outbox.map(({ dueMs }) => dueMs), nextNotificationMs(notified) ?? Infinity];
  return Math.min(...due.filter((atMs) => atMs > nowMs)) - nowMs;
}
