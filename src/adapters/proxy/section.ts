// How does a service see only its own part of a proxy that it shares with others?
import type { Counters } from "../../core/evidence.ts";
import type { Role, Route, RoutePool, Section } from "../../core/split.ts";
import type { ProxyState } from "../../proxy/control-client.ts";
import { IN_SECTION, type ServedRoute } from "../../proxy/served.ts";

/** One service's part of a proxy. */
export interface Part {
  /** The route as the proxy is told it. */
  outward(route: Route): ServedRoute;
  /** The route in force, if there is one. */
  routeIn(state: ProxyState): Route | undefined;
  /** The replicas of this part, under the names that the service gave them. */
  busyIn(state: ProxyState): readonly string[];
  /** Its counters, under the names of its own pools and replicas. */
  countersIn(counters: Counters): Counters;
}

/** The requests that no section takes. */
const EVERYBODY_PART: Part = {
  outward: (route) => route,
  routeIn: ({ route }) => route,
  busyIn: ({ busy }) => busy.filter((name) => !IN_SECTION.test(name)),
  countersIn: (counters) => ({ ...counters, series: counters.series.filter(({ pool }) => !IN_SECTION.test(pool)) }),
};

export function partOf(section: Section | undefined): Part {
  if (!section) return EVERYBODY_PART;
  const prefix = `${section.name}/`;
  const own = (name: string): boolean => name.startsWith(prefix);
  // What counts requests that nobody answered has the same name everywhere.
  const inward = (name: string): string => (own(name) ? name.slice(prefix.length) : name);
  return {
    outward: ({ split, pools }) => ({ split, pools: renamed(pools, (name) => prefix + name), section }),
    routeIn: ({ sections }) => sections?.find((route) => route.section?.name === section.name),
    busyIn: ({ busy }) => busy.filter(own).map(inward),
    countersIn: ({ series, ...rest }) => ({
      ...rest,
      series: series
        .filter(({ pool }) => own(pool))
        .map((one) => Object.assign({}, one, { pool: inward(one.pool), replica: inward(one.replica) })),
    }),
  };
}

function renamed(pools: Route["pools"], name: (name: string) => string): Route["pools"] {
  const entries = Object.entries(pools) as [Role, RoutePool][];
  return Object.fromEntries(
    entries.map(([role, { pool, backends }]) => [
      role,
      {
        pool: name(pool),
        backends: backends.map((backend) => Object.assign({}, backend, { replica: name(backend.replica) })),
      },
    ]),
  );
}
