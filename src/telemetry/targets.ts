// Which replicas have a metrics page, as Prometheus' HTTP service discovery wants it?
import { pageOf } from "../core/spec/workload.ts";
import type { Seen } from "../runtime/controller.ts";

/** A group of one replica: its labels are its own. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Every replica that runs and whose service has a metrics page. */
export function targetsOf(services: Iterable<Seen>): readonly TargetGroup[] {
  return [...services].flatMap(({ state, world }) => {
    const page = pageOf(state.spec.spec.workload);
    if (!page || world?.pools.kind !== "value") return [];
    return world.pools.value.flatMap(({ pool, revision, replicas }) => {
      const role = state.pools.find((entry) => entry.pool === pool)?.role ?? "leaving";
      return replicas
        .filter(({ port }) => (page.port ?? port) > 0)
        .map(({ id, host, port }) => ({
          targets: [`${host.includes(":") ? `[${host}]` : host}:${page.port ?? port}`],
          labels: { ...placeOf(page.path), service: state.service, pool, role, revision, replica: id },
        }));
    });
  });
}

/** Prometheus takes a path without a query, and the query's fields one by one. */
function placeOf(path: string): Readonly<Record<string, string>> {
  const { pathname, searchParams } = new URL(path, "http://replica");
  const fields = [...searchParams].map(([name, value]) => [`__param_${name}`, value] as const);
  return { __metrics_path__: pathname, ...Object.fromEntries(fields) };
}
