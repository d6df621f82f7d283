// How much of an Envoy's configuration does a new route change?
import { createHash } from "node:crypto";
import { servedWeights } from "../../core/route.ts";
import { ROLES, sameWeights, type Route } from "../../core/split.ts";
import { hasNames } from "./resources/cluster.ts";
import { answeringRoles } from "./resources/route.ts";
import type { Served } from "./resources/types.ts";

/** What there is to send, from the least to the most. */
type Change = "nothing" | "replicas" | "shares" | "routes";

/** A service as it shall be served next, and what of it is new. */
export interface Next {
  readonly served: Served;
  readonly change: Change;
}

type Asked = Omit<Served, "base" | "generation">;

/**
 * Shares and replicas have resources of their own, which are small. With anything else the routes change: then the
 * shares of the moment are written into them, under a generation that no runtime key knows, so that the whole step is one.
 */
export function nextOf(before: Served | undefined, asked: Asked): Next {
  const weights = servedWeights(asked.route);
  if (!before || structureOf(before) !== structureOf(asked)) {
    const generation = createHash("sha256")
      .update(JSON.stringify([before?.generation, structureOf(asked), weights]))
      .digest("hex")
      .slice(0, 12);
    return { served: { ...asked, base: weights, generation }, change: "routes" };
  }
  const served = { ...asked, base: before.base, generation: before.generation };
  if (!sameWeights(weights, servedWeights(before.route))) return { served, change: "shares" };
  return { served, change: JSON.stringify(before.route) === JSON.stringify(asked.route) ? "nothing" : "replicas" };
}

/** Everything but shares and who the replicas of a pool are. */
function structureOf({ front, section, spec, route }: Asked): string {
  const { weights: _weights, ...split } = route.split;
  const there = answeringRoles(route);
  return JSON.stringify([
    front,
    section,
    spec,
    split,
    ROLES.map((role) => poolText(route, role, there.includes(role))),
  ]);
}

function poolText({ pools }: Route, role: (typeof ROLES)[number], answers: boolean): string {
  const held = pools[role];
  if (!held || !answers) return "";
  // Replicas that are known by name stand in the cluster itself.
  return hasNames(held) ? JSON.stringify(held) : held.pool;
}
