// Which services are behind a façade?
import type { Facade } from "./facade.ts";
import type { Rollout } from "./rollout.ts";

/** One service of a façade: what nobody else answers, or one route. */
export interface FacadeMember {
  readonly service: string;
  /** Nothing for the service of all other requests. */
  readonly route?: string | undefined;
  readonly rollout: Rollout;
}

/** The service of all other requests first, then one per route, in order. All of them share the first one's proxy. */
export function membersOf(facade: Facade): readonly FacadeMember[] {
  const { metadata, apiVersion, spec } = facade;
  const { traffic, legacy, routes, progressDeadlineMs, calendar, notify } = spec;
  const shared = { calendar, notify, onNewRevision: "refuse" } as const;
  const [first] = routes;
  if (!first) throw new Error(`${metadata.name} has no route`);
  const frame = { apiVersion, kind: "Rollout" } as const;
  const rest: Rollout = {
    ...frame,
    metadata,
    // Other addresses for legacy come to its users as a route's new version does.
    spec: {
      ...first.spec,
      progressDeadlineMs,
      workload: { endpoints: legacy },
      traffic,
      ...shared,
      hooks: [],
      analysis: undefined,
    },
  };
  const moved = routes.map(({ name, when, spec: route }, order): FacadeMember => {
    const service = `${metadata.name}-${name}`;
    const section = { of: metadata.name, name, order, when };
    const own = { ...route, ...shared, traffic: { ...traffic, section } };
    return { service, route: name, rollout: { ...frame, metadata: { ...metadata, name: service }, spec: own } };
  });
  return [{ service: metadata.name, rollout: rest }, ...moved];
}
