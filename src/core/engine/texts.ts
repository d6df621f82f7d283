// How is a service's traffic put in words?
import { shares } from "./check.ts";
import type { ServiceState } from "./state.ts";

/** What the traffic does, as the state wants it. */
export function traffic(state: ServiceState): string {
  if (!state.stable && state.pools.length === 0) return `${state.service} has nothing that serves`;
  const named = state.pools.map(({ role, revision }) => `${role} is ${revision}`).join(", ");
  return `traffic: ${shares(state.split.weights)} (${named})`;
}
