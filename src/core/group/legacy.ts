// Does anybody still ask legacy for something?
import { ms, type Ms } from "../units.ts";
import type { ServiceState } from "../engine/state.ts";
import type { LegacyCount } from "./state.ts";

/** Samples are this far apart, and go back this far. */
const APART_MS = 5_000;
const WINDOW_MS = 60_000;

/** Counts the requests that pools of these revisions have answered for a member since the last look. */
export function countLegacy(
  before: LegacyCount | undefined,
  state: ServiceState,
  { revisions, nowMs }: { readonly revisions: ReadonlySet<string>; readonly nowMs: Ms },
): LegacyCount {
  const pools = new Set(state.pools.filter(({ revision }) => revisions.has(revision)).map(({ pool }) => pool));
  const series = state.counters?.series.filter(({ pool }) => pools.has(pool)) ?? [];
  const total = series.reduce((sum, { requests }) => sum + requests, 0);
  if (!before) return { total, samples: [{ atMs: nowMs, requests: 0 }], askedMs: nowMs };
  // A total that falls is that of a pool that has gone, or of a data plane that has begun to count anew.
  const more = Math.max(0, total - before.total);
  const { samples } = before;
  const last = samples.at(-1);
  const requests = (last?.requests ?? 0) + more;
  if (more === 0 && total === before.total && last && nowMs - last.atMs < APART_MS) return before;
  const older =
    samples.length > 1 && last && nowMs - (samples.at(-2)?.atMs ?? 0) < APART_MS ? samples.slice(0, -1) : samples;
  const all = [...older, { atMs: nowMs, requests }];
  const first = all.findLastIndex(({ atMs }) => nowMs - atMs >= WINDOW_MS);
  return { total, samples: all.slice(Math.max(0, first)), askedMs: more > 0 ? nowMs : before.askedMs };
}

/** Requests of the last minute, or of as much of it as was seen. */
export function lastMinute({ samples }: LegacyCount): { readonly requests: number; readonly windowMs: Ms } {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last) return { requests: 0, windowMs: ms(0) };
  return { requests: last.requests - first.requests, windowMs: ms(last.atMs - first.atMs) };
}
