// Which parts does the runtime stand on?
import type { DecisionRecord, ServiceState } from "../core/engine/state.ts";
import type { AlertSource } from "../ports/alerts.ts";
import type { Clock } from "../ports/clock.ts";
import type { Journal } from "../ports/journal.ts";
import type { Messenger } from "../ports/messenger.ts";
import type { Metrics, Router } from "../ports/router.ts";
import type { SignalSource } from "../ports/signals.ts";
import type { TestSource } from "../ports/tests.ts";
import type { Workload } from "../ports/workload.ts";
import type { Timing } from "./due.ts";

/** Who runs a service, and who must be let go of when nobody looks after it any more. */
export interface OwnedWorkload {
  readonly workload: Workload;
  /** Where is read what its replicas tell besides their requests, as the file in force says. */
  readonly signals?: ((asked: Asked) => readonly SignalSource[]) | undefined;
  /** Stops looking; everything goes on running. */
  close(): Promise<void>;
  /** Ends every replica and forgets them. */
  remove(): Promise<void>;
}

/** Who carries a service's traffic and counts it. */
export interface OwnedRouter {
  readonly router: Router;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

/** Who reads a service's A/B tests. */
export interface OwnedTests {
  readonly source: TestSource;
  /** Stops looking; what was counted stays. */
  close(): void;
}

/** What the adapters of a service are made for. */
export type Asked = Pick<ServiceState, "service" | "spec" | "origin">;

/** Makes the adapters that a service's file names. */
export interface Factory {
  /** Throws a SerinError for what could never be done here: a port that another program holds. Changes nothing. */
  check?(asked: Asked): Promise<void>;
  /** `state` answers how it is when it is called. */
  workload(state: () => ServiceState): Promise<OwnedWorkload>;
  /** Where alerts are read that the file names; not asked of a file that names none. */
  alerts?(state: ServiceState): Promise<readonly AlertSource[]>;
  /** Where is read what the users of a service's A/B tests did, as the file in force says. */
  tests?(state: () => ServiceState): Promise<OwnedTests>;
  router(state: ServiceState): Promise<OwnedRouter>;
}

/** All that a controller needs. */
export interface House {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly factory: Factory;
  readonly pace?: Partial<Pace> | undefined;
  /** Who calls hooks and tells people; without one, what waits in the outbox stays there. */
  readonly messenger?: Messenger | undefined;
  /** Told of every change and trouble; must not throw. */
  readonly tell?: ((event: Told) => void) | undefined;
  /** Told of every pass of a service's loop; must not throw. */
  readonly passed?: ((pass: Pass) => void) | undefined;
}

/** One pass of a service's loop. */
export interface Pass extends Timing {
  /** As it is after the pass. */
  readonly state: ServiceState;
}

/** How often the runtime looks, in milliseconds. */
export interface Pace {
  /** While a rollout is under way. */
  readonly activeMs: number;
  /** While a rollout waits for the router or for replicas. */
  readonly soonMs: number;
  /** While none is. */
  readonly idleMs: number;
  /** Longest time one call of a port may take. */
  readonly callMs: number;
  /**
   * How long evidence alone may wait until it is written down, while a rollout is under way. After a crash it is counted
   * again from the last reading that was written; decisions, pools and splits never wait.
   */
  readonly saveActiveMs: number;
  /** The same when what a rollout waits for has changed: whoever reads the journal sees it. */
  readonly showMs: number;
  /** The same while no rollout is under way. */
  readonly saveIdleMs: number;
}

export const PACE: Pace = {
  activeMs: 500,
  soonMs: 150,
  idleMs: 1_000,
  callMs: 5_000,
  saveActiveMs: 5_000,
  showMs: 5_000,
  saveIdleMs: 30_000,
};

/** What happened, for whoever listens. `service` is also the name of a group. */
export type Told =
  | { readonly kind: "decided"; readonly service: string; readonly records: readonly DecisionRecord[] }
  | {
      readonly kind: "trouble";
      readonly service: string;
      readonly part: string;
      readonly why: string;
      /** Of a trouble that has a name. */
      readonly code?: string | undefined;
    }
  | { readonly kind: "cleared"; readonly service: string; readonly part: string }
  /** Nobody looks after it any more, and nothing of it is left. */
  | { readonly kind: "removed"; readonly service: string };
