// Does the world do what the state wants?
import type { ServiceState } from "../core/engine/state.ts";
import { wantedRoute } from "../core/engine/wanted.ts";
import { ROLES, sameSplit } from "../core/split.ts";
import type { Carried, Observed, RunningPool } from "../core/world.ts";

/**
 * Whether the data plane does something else than the state wants: another split; a replica that should answer and is
 * not on its route, or one on it that does not run any more, as after an older call that arrived late.
 */
export function drifted(state: ServiceState, running: readonly RunningPool[], traffic: Observed<Carried>): boolean {
  if (traffic.kind !== "value") return true;
  const { split, busy } = traffic.value;
  if (!sameSplit(split, state.split)) return true;
  const route = wantedRoute(state, running);
  const named = ROLES.flatMap((role) => (route.pools[role]?.backends ?? []).map(({ replica }) => replica));
  const there = new Set(running.flatMap(({ replicas }) => replicas.map(({ id }) => id)));
  return named.some((id) => !busy.includes(id)) || busy.some((id) => !there.has(id));
}

/** Whether replicas run that nobody wants: what ends them may take more than one pass. */
export function hasLeftovers(state: ServiceState, pools: Observed<readonly RunningPool[]> | undefined): boolean {
  if (pools?.kind !== "value") return false;
  const wanted = new Set(state.pools.map(({ pool }) => pool));
  return pools.value.some(({ pool }) => !wanted.has(pool));
}
