// What did the replicas of a service write last?
import { SerinError } from "../core/issues.ts";
import type { Controller } from "../runtime/controller.ts";
import type { LogsQuery, LogsView, ServiceView } from "./contract.ts";

/** The last lines of each replica, pool by pool. Throws a SerinError where there are none to be had. */
export async function logsOf(
  controller: Pick<Controller, "logs">,
  { service, pools }: Pick<ServiceView, "service" | "pools">,
  { pool, lines = 100 }: LogsQuery,
): Promise<LogsView> {
  const names = pools.map((one) => one.pool);
  if (pool !== undefined && !names.includes(pool)) throw noPool(service, pool, names);
  const read = await Promise.all(
    names
      .filter((name) => pool === undefined || name === pool)
      .map(async (name) => ({ name, logs: await controller.logs(service, name, lines) })),
  );
  const items = read.flatMap(({ name, logs }) => {
    if (!logs) throw keptElsewhere(service);
    return logs.map(({ replica, lines: said }) => ({ pool: name, replica, lines: [...said] }));
  });
  return { items };
}

function noPool(service: string, pool: string, names: readonly string[]): SerinError {
  return new SerinError({
    code: "SERIN_NO_LOG",
    what: `${service} has no pool "${pool}"`,
    found: names.length > 0 ? `pools: ${names.join(", ")}` : "no pool at all",
    exitCode: 2,
  });
}

function keptElsewhere(service: string): SerinError {
  return new SerinError({
    code: "SERIN_NO_LOG",
    what: `what the replicas of ${service} write is not kept by Serin`,
    next: "look where they run",
    exitCode: 2,
  });
}
