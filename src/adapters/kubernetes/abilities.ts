// What can a cluster do?
import type { RouterAbilities, WorkloadAbilities } from "../../core/abilities.ts";
import type { TrafficSpec } from "../../core/spec/traffic.ts";
import { weight } from "../../core/units.ts";

export const DEPLOYMENT_ABILITIES: WorkloadAbilities = { promote: "rename", baseline: true, signals: [] };

const PERCENT = weight(10_000);

/** VirtualServices take whole percents, match by what Envoy sees, copy, and hash nothing across versions. */
const ISTIO: RouterAbilities = {
  granularity: PERCENT,
  sticky: [],
  baseline: true,
  evidence: false,
  matches: ["header", "cookie", "query", "path", "method"],
  mirror: "copies",
};

/** Routes of the Gateway API take any whole numbers as weights. */
const GATEWAY: RouterAbilities = {
  granularity: weight(1),
  sticky: [],
  baseline: true,
  evidence: false,
  matches: ["header", "query", "path", "method"],
  mirror: "copies",
};

/** What the router of a cluster that a file names can do; nothing where it names none. */
export function clusterRouter({ service, istio, gateway }: TrafficSpec): RouterAbilities | undefined {
  if (istio) return ISTIO;
  if (gateway) return GATEWAY;
  if (!service) return undefined;
  const nothing = { sticky: [], baseline: false, evidence: false, matches: [], mirror: "none" } as const;
  return { granularity: weight(1), ...nothing, surge: service.surge };
}
