// What should the world look like, given the state?
import { ROLES, type Role, type Route, type RoutePool } from "../split.ts";
import { readyAmong, type RunningPool, type WantedPool } from "../world.ts";
import { poolOf, type ServiceState } from "./state.ts";

/** The pools that shall run. */
export function wantedPools(state: ServiceState): readonly WantedPool[] {
  return state.pools.map(({ pool, role, revision, size }) => {
    const content = state.revisions[revision];
    if (!content) throw new Error(`revision ${revision} of ${state.service} is not in its state`);
    return { pool, role, revision: content, size };
  });
}

/** The route that shall be in force, given the replicas that run. */
export function wantedRoute(state: ServiceState, running: readonly RunningPool[]): Route {
  const pools: Partial<Record<Role, RoutePool>> = {};
  for (const role of ROLES) {
    const pool = poolOf(state, role);
    if (!pool) continue;
    const replicas = running.find(({ pool: name }) => name === pool.pool)?.replicas ?? [];
    pools[role] = {
      pool: pool.pool,
      backends: readyAmong(replicas).map(({ id, host, port }) => ({ replica: id, host, port })),
    };
  }
  return { split: state.split, pools };
}
