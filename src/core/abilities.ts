// What can an adapter do? A plan that needs more is refused before it starts.
import type { MatchKind } from "./match.ts";
import type { PoolSize } from "./spec/sizes.ts";
import type { Weight } from "./units.ts";

/** What a router can do. */
export interface RouterAbilities {
  /** Smallest step of a weight: 1 for any share, 10 000 for whole percents. */
  readonly granularity: Weight;
  /** By what it can keep a user with one role. */
  readonly sticky: readonly ("cookie" | "header")[];
  /** Whether it can send a share to a baseline beside the canary. */
  readonly baseline: boolean;
  /** Whether it counts requests per replica itself. */
  readonly evidence: boolean;
  /** By what it can send requests to a role whatever the weights. */
  readonly matches: readonly MatchKind[];
  /**
   * Pods above the full size that may run, where shares are made by the number of pods alone: all of them get the same.
   * Besides, it can send everything to one version at once.
   */
  readonly surge?: PoolSize | undefined;
  /** Whether it can copy requests, and whether it compares the answers. */
  readonly mirror: "none" | "copies" | "compares";
}

/** What a workload can do. */
export interface WorkloadAbilities {
  /**
   * How the candidate becomes stable: `rename` keeps its running pool and gives it the role; `replace` starts the
   * revision again in the place of stable.
   */
  readonly promote: "rename" | "replace";
  /** Whether a fresh copy of stable can run beside it. */
  readonly baseline: boolean;
  /**
   * Versions share the same places: a candidate's replica takes one of stable's, so that together they are never more than the
   * full size, and one is missing while it changes.
   */
  readonly inPlace?: boolean | undefined;
  /**
   * A replica that is lost comes back at once, and may come back as the candidate: that one may have more places than it was
   * given, and there is no time at which nothing runs.
   */
  readonly refills?: boolean | undefined;
  /** What it tells of its replicas by itself: `process.memory`. */
  readonly signals?: readonly string[] | undefined;
}

/** What the parts that a rollout names can do together. */
export interface Abilities {
  readonly router: RouterAbilities;
  readonly workload: WorkloadAbilities;
}
