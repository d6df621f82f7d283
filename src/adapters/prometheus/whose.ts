// By which labels are a service's replicas told apart from all others?
import { placed, tellsReplicas } from "../../core/placeholders.ts";
import { readyAmong, type Replica } from "../../core/world.ts";
import type { Ms } from "../../core/units.ts";
import type { AskedPool } from "../../ports/signals.ts";
import type { Whose } from "./question.ts";

/** A replica, or a pool as a whole, and how its series are found. */
export interface Unit {
  /** The replica's id, or the pool's name. */
  readonly replica: string;
  readonly pool: string;
  /** Any of these: an address can be written in more than one way. */
  readonly whose: readonly Whose[];
  /** Since when it has been ready; nothing of a pool. */
  readonly readySinceMs?: Ms | undefined;
}

/** What the file and the workload say. */
export interface Matching {
  readonly service: string;
  /** Without it `instance`, as host and port. */
  readonly match?: Readonly<Record<string, string>> | undefined;
  /** The port of the metrics page, where it is not the one that serves requests. */
  readonly metricsPort?: number | undefined;
}

/** Everybody who is asked about: ready replicas, or pools that have one. */
export function unitsOf(pools: readonly AskedPool[], matching: Matching): readonly Unit[] {
  const { service, match } = matching;
  if (match === undefined || Object.values(match).some(tellsReplicas)) {
    return pools.flatMap((pool) =>
      readyAmong(pool.replicas).flatMap((replica) => {
        const whose = match ? labelled(match, { service, pool, replica }) : instances(replica, matching.metricsPort);
        return whose ? [{ replica: replica.id, pool: pool.pool, whose, readySinceMs: replica.readySinceMs }] : [];
      }),
    );
  }
  return pools.flatMap((pool) => {
    const whose = readyAmong(pool.replicas).length > 0 ? labelled(match, { service, pool }) : undefined;
    return whose ? [{ replica: pool.pool, pool: pool.pool, whose }] : [];
  });
}

/** How a target's address is written: that of its requests and that of its page. */
function instances({ host, port }: Replica, metricsPort: number | undefined): readonly Whose[] {
  const hosts = host === "127.0.0.1" || host === "::1" ? [host, "localhost"] : [host];
  const ports = metricsPort === undefined || metricsPort === port ? [port] : [metricsPort, port];
  return hosts.flatMap((one) => {
    const name = one.includes(":") ? `[${one}]` : one;
    return ports.map((at) => ({ instance: `${name}:${at}` }));
  });
}

interface About {
  readonly service: string;
  readonly pool: AskedPool;
  readonly replica?: Replica | undefined;
}

/** Nothing where a part is not there: a pool without a role. */
function labelled(
  match: Readonly<Record<string, string>>,
  { service, pool, replica }: About,
): readonly Whose[] | undefined {
  const places = { service, pool: pool.pool, revision: pool.revision, role: pool.role, replica: replica?.id };
  const filled = Object.entries(match).map(([label, template]) => [label, placed(template, places)] as const);
  if (filled.some(([, value]) => value === undefined)) return undefined;
  return [Object.fromEntries(filled) as Whose];
}
