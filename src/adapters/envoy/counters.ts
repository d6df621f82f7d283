// What was counted of one service?
import type { Series } from "../../core/evidence.ts";
import type { Ms } from "../../core/units.ts";
import { clustersOf } from "./fleet.ts";
import type { Kept } from "./kept.ts";
import type { Statistics } from "./statistics.ts";
import type { ConnectedEnvoy } from "./xds/node.ts";

interface Asked {
  readonly statistics: Statistics;
  readonly envoys: readonly ConnectedEnvoy[];
  readonly nowMs: Ms;
}

/** Copies stand in no access log: they are read from statistics always. Rejects with the name of an Envoy that does not tell. */
export async function countersOf(kept: Kept, { statistics, envoys, nowMs }: Asked): Promise<readonly Series[]> {
  const { evidence } = kept.served.spec;
  const isLogged = evidence === "access-log";
  const clusters = clustersOf(kept.served).filter(({ copies }) => copies || !isLogged);
  const names = clusters.map(({ name }) => name);
  const read = names.length === 0 ? [] : await statistics.read(envoys, { clusters: names, evidence }, nowMs);
  for (const { counts, ...who } of read) {
    for (const { name, pool, copies } of clusters) {
      const counted = counts.get(name);
      if (counted) kept.ledger.take(pool.pool, { ...who, epoch: `${who.epoch}${copies ? " copies" : ""}` }, counted);
    }
  }
  return [...(isLogged ? kept.tally.read() : []), ...kept.ledger.read()];
}
