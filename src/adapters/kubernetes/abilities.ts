// What can a cluster do?
import type { RouterAbilities, WorkloadAbilities } from "../../core/abilities.ts";
import type { TrafficSpec } from "../../core/spec/traffic.ts";
import { weight } from "../../core/units.ts";

export const DEPLOYMENT_ABILITIES: WorkloadAbilities = { promote: "rename", baseline: true, signals: [] };

export const STATEFUL_SET_ABILITIES: WorkloadAbilities = {
  promote: "rename",
  baseline: false,
  inPlace: true,
  signals: [],
};

export const DAEMON_SET_ABILITIES: WorkloadAbilities = { ...STATEFUL_SET_ABILITIES, refills: true };

/**
 * VirtualServices take any whole numbers as weights, match by what Envoy sees, and copy. They keep nobody with a version: what a
 * consistent hash chooses is a pod among those of one version, after chance has chosen the version.
 */
const ISTIO: RouterAbilities = {
  granularity: weight(1),
  sticky: [],
  baseline: true,
  evidence: false,
  matches: ["header", "cookie", "query", "path", "method"],
  mirror: "copies",
};

/** HTTPRoutes take any whole numbers as weights, and look for a cookie in its header. What they say of sessions is of pods, too. */
const HTTP_ROUTE: RouterAbilities = {
  granularity: weight(1),
  sticky: [],
  baseline: true,
  evidence: false,
  matches: ["header", "cookie", "query", "path", "method"],
  mirror: "copies",
};

/** A call of gRPC has headers and is always a POST: nothing of it is known to be safe to do twice. */
const GRPC_ROUTE: RouterAbilities = { ...HTTP_ROUTE, matches: ["header", "cookie"], mirror: "none" };

const ALL = { fraction: 1 };

/** What the router of a cluster that a file names can do; nothing where it names none. */
export function clusterRouter({ service, istio, gateway }: TrafficSpec): RouterAbilities | undefined {
  if (istio) return ISTIO;
  if (gateway) return gateway.route?.kind === "GRPCRoute" ? GRPC_ROUTE : HTTP_ROUTE;
  if (!service) return undefined;
  const nothing = { sticky: [], baseline: false, evidence: false, matches: [], mirror: "none" } as const;
  return { granularity: weight(1), ...nothing, surge: service.surge ?? ALL };
}
