// How is read what a service's metrics need besides its requests?
import { wantedSignals } from "../core/plan/analysis.ts";
import type { Input } from "../core/engine/input.ts";
import type { ServiceState } from "../core/engine/state.ts";
import type { AnalysisSpec } from "../core/spec/analysis.ts";
import type { SignalWanted } from "../core/signals.ts";
import type { Observed, RunningPool } from "../core/world.ts";
import type { AlertSource } from "../ports/alerts.ts";
import type { Clock } from "../ports/clock.ts";
import type { AskedPool, SignalSource } from "../ports/signals.ts";
import { lookAt } from "./ask.ts";

/** Names, by the source that covers them. A file that needs a name which none covers was refused before it started. */
function bySource(sources: readonly SignalSource[], wanted: readonly SignalWanted[]) {
  return sources.flatMap((source, index) => {
    const earlier = sources.slice(0, index);
    const names = wanted.filter(({ name }) => source.covers(name) && !earlier.some((other) => other.covers(name)));
    return names.length > 0 ? [{ source, names }] : [];
  });
}

/** What a file needs follows from the file alone: it is asked for at every look. */
const WANTED = new WeakMap<AnalysisSpec, readonly SignalWanted[]>();

function wantedOf(analysis: AnalysisSpec): readonly SignalWanted[] {
  const wanted = WANTED.get(analysis) ?? wantedSignals(analysis);
  WANTED.set(analysis, wanted);
  return wanted;
}

export interface Reading {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly sources: readonly SignalSource[];
  readonly pools: Observed<readonly RunningPool[]>;
}

/** What each source tells that a metric of the file in force rests on; nothing is asked that no metric needs. */
export async function readSignals(state: ServiceState, reading: Reading): Promise<Input["signals"]> {
  const { clock, limitMs, pools, sources } = reading;
  const analysis = state.spec.spec.analysis;
  if (!analysis || sources.length === 0 || pools.kind !== "value") return undefined;
  const asked = bySource(sources, wantedOf(analysis));
  if (asked.length === 0) return undefined;
  const roles = new Map(state.pools.map(({ pool, role }) => [pool, role === "former" ? undefined : role]));
  const known = pools.value.map((pool): AskedPool => Object.assign({}, pool, { role: roles.get(pool.pool) }));
  const read = asked.map(async ({ source, names }) => {
    const found = await lookAt(clock, limitMs, (call) => source.read(names, known, call));
    return [source.kind, found] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

/** The alerts that fire, by the address of their source; nothing where a file names none. */
export async function readAlerts(
  sources: readonly AlertSource[],
  { clock, limitMs }: Pick<Reading, "clock" | "limitMs">,
) {
  if (sources.length === 0) return undefined;
  const read = sources.map(async (source) => {
    return [source.name, await lookAt(clock, limitMs, (call) => source.read(call))] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}
