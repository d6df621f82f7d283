// Is the world tidy once everything has had its time?
import { sameSplit } from "../../src/core/split.ts";
import type { Quality } from "./specs.ts";
import type { SimService } from "../../src/rehearse/service.ts";

/** What is wrong with a service after all trouble and every rollout are over. */
export function settledWrong(service: SimService, qualities: Readonly<Record<string, Quality>>): readonly string[] {
  const { truth } = service;
  if (!truth) return ["nothing was ever journalled"];
  const running = service.workload.running();
  const wrong: string[] = [];
  for (const { pool, replicas } of running) {
    const wanted = truth.pools.find((entry) => entry.pool === pool);
    const draining = replicas.filter(({ state }) => state === "draining").length;
    if (draining > 0) wrong.push(`${draining} replicas of ${pool} drain for ever`);
    if (!wanted) wrong.push(`pool ${pool} runs and nobody wants it`);
    else if (replicas.length !== wanted.size) wrong.push(`pool ${pool} runs ${replicas.length} of ${wanted.size}`);
  }
  for (const { pool, size } of truth.pools) {
    if (size > 0 && !running.some((entry) => entry.pool === pool)) wrong.push(`pool ${pool} does not run`);
  }
  if (truth.pools.length > 1 && truth.rollout?.phase === "ended") wrong.push(`${truth.pools.length} pools are wanted`);
  if (truth.stable) wrong.push(...served(service, qualities[truth.stable.revision] ?? "good"));
  return wrong;
}

function served({ truth, plane, workload, dealt }: SimService, quality: Quality): readonly string[] {
  const route = plane.inForce();
  if (!truth || !route) return ["no route is in force"];
  const wrong: string[] = [];
  if (!sameSplit(route.split, truth.split)) wrong.push(`the split in force is ${JSON.stringify(route.split)}`);
  // Replicas that crash all the time are known to the router with a delay.
  if (quality === "crashing" || quality === "never") return wrong;
  const pool = workload.running().find((entry) => entry.pool === truth.stable?.pool);
  const ready = (pool?.replicas ?? []).filter(({ state }) => state === "ready").map(({ id }) => id);
  const named = (route.pools.stable?.backends ?? []).map(({ replica }) => replica);
  if (named.toSorted().join() !== ready.toSorted().join())
    wrong.push(`the route names ${named.join()}, ready are ${ready.join()}`);
  if (ready.length === 0) wrong.push("stable has no ready replica");
  const lost = Object.values(dealt.unserved).reduce((sum, count) => sum + count, 0);
  if (lost > 0) wrong.push(`${lost} requests are answered by nobody`);
  return wrong;
}
