// Who carries the traffic?
import type { RouterAbilities } from "../core/abilities.ts";
import type { Comparison } from "../core/comparison.ts";
import type { Counters } from "../core/evidence.ts";
import type { Route } from "../core/split.ts";
import type { Carried } from "../core/world.ts";
import type { Call, Observed } from "./observed.ts";

export type { Carried } from "../core/world.ts";

/** Whatever carries traffic: the built-in proxy, Envoy, Istio. `apply` changes it, `observe` looks. */
export interface Router {
  /** Name in specs and texts: "proxy", "envoy". Never branched on: ask `can`. */
  readonly kind: string;
  readonly can: RouterAbilities;
  /**
   * Make traffic follow `route`. Safe to repeat; starts the data plane where Serin runs it itself. Resolves once the
   * data plane has taken it, rejects with a SerinError when it refuses; then the last route is still the one in force.
   */
  apply(route: Route, call: Call): Promise<void>;
  /** What the data plane does now. `absent` when it does not run or has no route yet. */
  observe(call: Call): Promise<Observed<Carried>>;
  /** Take the data plane away. Only when the service itself is taken down. */
  remove(call: Call): Promise<void>;
}

/** Where evidence comes from. The built-in proxy is one itself. */
export interface Metrics {
  readonly kind: string;
  /** Counters as they stand now. `unreadable` is not zero. Copies are counted at the replicas that got them. */
  read(call: Call): Promise<Observed<Counters>>;
  /** In what the answers to copies differ; `absent` while none are compared. Only of a router that compares. */
  comparison?(call: Call): Promise<Observed<Comparison>>;
}
