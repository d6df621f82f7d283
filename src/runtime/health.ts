// Does the service answer, whatever becomes of the release?
import { replicasOf } from "../core/engine/resize.ts";
import type { ServiceState } from "../core/engine/state.ts";
import { sizeFor } from "../core/plan/capacity.ts";
import { shareOf } from "../core/split.ts";
import { readyAmong } from "../core/world.ts";
import type { Seen } from "./controller.ts";

/** `unknown` when nobody looks. */
export type Health = "well" | "degraded" | "down" | "unknown";

/** Whether those who get requests can carry them. What a file wants of others says nothing of the service. */
export function healthOf(state: ServiceState, world: Seen["world"]): Health {
  if (!world || world.pools.kind === "unreadable") return "unknown";
  const running = world.pools.kind === "value" ? world.pools.value : [];
  const weights = world.traffic.kind === "value" ? world.traffic.value.split.weights : state.split.weights;
  const carriers = state.pools.flatMap(({ pool, role }) => {
    if (role === "former" || shareOf(weights, role) === 0) return [];
    const needs = sizeFor(shareOf(weights, role), replicasOf(state));
    const found = running.find((entry) => entry.pool === pool);
    const ready = readyAmong(found?.replicas ?? []).length;
    return [{ needs, ready: found?.unlimited && ready > 0 ? needs : ready }];
  });
  const nobody = carriers.every(({ ready }) => ready === 0);
  if (nobody || world.traffic.kind === "absent") return "down";
  return carriers.every(({ ready, needs }) => ready >= needs) ? "well" : "degraded";
}
