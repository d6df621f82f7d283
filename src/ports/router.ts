// Who carries the traffic?
import type { RouterAbilities } from "../core/abilities.ts";
import type { Counters } from "../core/evidence.ts";
import type { Route, Split } from "../core/split.ts";
import type { Call, Observed } from "./observed.ts";

/** What a data plane does now, read back from it. */
export interface Carried {
  readonly split: Split;
  /** Replicas that it may still send requests to, or that still answer one. A draining replica ends after this. */
  readonly busy: readonly string[];
  /** Where clients reach the service: `http://127.0.0.1:8080`. */
  readonly address: string;
}

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
  /** Counters as they stand now. `unreadable` is not zero. */
  read(call: Call): Promise<Observed<Counters>>;
}
