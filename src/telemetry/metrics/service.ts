// Which series tell of a service, whether or not something is rolled out?
import type { PoolState } from "../../core/engine/state.ts";
import { ROLES, shareOf, type Role, type Weights } from "../../core/split.ts";
import { WHOLE } from "../../core/units.ts";
import { readyAmong } from "../../core/world.ts";
import type { Seen } from "../../runtime/controller.ts";
import { healthOf } from "../../runtime/health.ts";
import type { Add, Family } from "./family.ts";

/** Roles that have a pool or a share. */
function rolesOf({ state, world }: Seen): readonly Role[] {
  const reported = world?.traffic.kind === "value" ? world.traffic.value.split.weights : {};
  return ROLES.filter(
    (role) =>
      state.pools.some((pool) => pool.role === role) ||
      shareOf(state.split.weights, role) > 0 ||
      shareOf(reported, role) > 0,
  );
}

function addShares(seen: Seen, add: Add, weights: Weights): void {
  for (const role of rolesOf(seen)) add(shareOf(weights, role) / WHOLE, { role });
}

function addMeasured(seen: Seen, add: Add): void {
  if (!seen.measured) return;
  const counts = Object.entries(seen.measured.requests);
  const total = counts.reduce((sum, [, requests]) => sum + requests, 0);
  if (total === 0) return;
  for (const role of rolesOf(seen)) add((seen.measured.requests[role] ?? 0) / total, { role });
}

/** By role: two pools may wait to be retired at once. */
function addPools({ pools }: Seen["state"], add: Add, countOf: (pool: PoolState) => number): void {
  const counts = new Map<string, number>();
  for (const pool of pools) counts.set(pool.role, (counts.get(pool.role) ?? 0) + countOf(pool));
  for (const [role, count] of counts) add(count, { role });
}

function addReady({ state, world }: Seen, add: Add): void {
  if (world?.pools.kind !== "value") return;
  const running = world.pools.value;
  addPools(state, add, ({ pool }) => {
    return readyAmong(running.find((entry) => entry.pool === pool)?.replicas ?? []).length;
  });
}

/** The oldest message's due time is what tells a backlog from a busy moment. */
function addOldest({ state }: Seen, add: Add): void {
  const due = (state.outbox ?? []).map(({ dueMs }) => dueMs);
  if (due.length > 0) add(Math.min(...due) / 1_000);
}

export const SERVICE_FAMILIES: readonly Family[] = [
  {
    name: "serin_service_health",
    help: "1 for the health that the service has: well, degraded, down or unknown.",
    type: "gauge",
    labels: ["health"],
    of: ({ state, world }, add) => add(1, { health: healthOf(state, world) }),
  },
  {
    name: "serin_service_requests_per_second",
    help: "Requests per second of all roles, quick to rise and slow to fall.",
    type: "gauge",
    labels: [],
    of: ({ state }, add) => add(state.perSecond ?? 0),
  },
  {
    name: "serin_service_router_connected",
    help: "1 while what carries the service's traffic can be read, else 0.",
    type: "gauge",
    labels: [],
    of: ({ world }, add) => add(world?.traffic.kind === "value" ? 1 : 0),
  },
  {
    name: "serin_service_share_wanted_ratio",
    help: "Share of the requests that a role shall get.",
    type: "gauge",
    labels: ["role"],
    of: (seen, add) => addShares(seen, add, seen.state.split.weights),
  },
  {
    name: "serin_service_share_reported_ratio",
    help: "Share of the requests that the router reports for a role; not there while it cannot be read.",
    type: "gauge",
    labels: ["role"],
    of: (seen, add) => {
      if (seen.world?.traffic.kind === "value") addShares(seen, add, seen.world.traffic.value.split.weights);
    },
  },
  {
    name: "serin_service_share_measured_ratio",
    help: "Share of the requests counted in the last 10 seconds that a role got; not there without requests.",
    type: "gauge",
    labels: ["role"],
    of: addMeasured,
  },
  {
    name: "serin_service_replicas_wanted",
    help: "Replicas that a role shall have.",
    type: "gauge",
    labels: ["role"],
    of: ({ state }, add) => addPools(state, add, ({ size }) => size),
  },
  {
    name: "serin_service_replicas_ready",
    help: "Replicas of a role that are ready.",
    type: "gauge",
    labels: ["role"],
    of: addReady,
  },
  {
    name: "serin_service_trouble",
    help: "1 for every part of the service that does not work right now.",
    type: "gauge",
    labels: ["part"],
    of: ({ troubles }, add) => {
      for (const part of Object.keys(troubles)) add(1, { part });
    },
  },
  {
    name: "serin_service_outbox_messages",
    help: "Messages that wait to be delivered: hooks and notifications; not there for a service that never had any.",
    type: "gauge",
    labels: [],
    of: ({ state }, add) => {
      if (state.outbox) add(state.outbox.length);
    },
  },
  {
    name: "serin_service_outbox_oldest_due_timestamp_seconds",
    help: "When the oldest waiting message was or will be due.",
    type: "gauge",
    labels: [],
    of: addOldest,
  },
];
