// What did the replicas of both arms tell of the names that a metric is made of?
import { BUCKETS_PER_OCTAVE, type Histogram } from "../histogram.ts";
import type { Grown } from "../signals.ts";
import { armsForLatency, type Arms } from "./arms.ts";
import type { GaugeLook, ReplicaValue } from "./gauge.ts";
import type { Look, LookRow, MeanOf, SignalLook, SignalRow } from "./plan.ts";

/** The source that tells one of these names, if it has read again. */
export function toldBy(seen: Look, names: readonly string[]): SignalLook | undefined {
  return seen.signals?.find(({ rows }) => rows.some(({ values }) => names.some((name) => values[name] !== undefined)));
}

/** A counter's increment or a gauge's level; nothing for a histogram. */
export function numberOf(value: Grown | undefined): number | undefined {
  return value === undefined || value.kind === "histogram" ? undefined : value.value;
}

/** A row of signals in the form of a row of requests: so many events, so many of which failed. */
export function asRow(row: SignalRow, [requests, failed]: readonly [number, number]): LookRow {
  return { replica: row.replica, arm: row.arm, ageMs: row.ageMs, requests, failed, clientErrors: 0, latency: {} };
}

/** The rows of the arms as a metric compares them that depends on a process's age. */
export function youngArms(rows: readonly LookRow[], warmupMs: number): Arms {
  return armsForLatency({ durationMs: 0 as Look["durationMs"], rows }, warmupMs);
}

/** Milliseconds in the middle of a bucket, on the scale of logarithms. */
const middleMs = (bucket: number): number => 2 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE) / 1_000;

function meanMs(latency: Histogram): number | undefined {
  let count = 0;
  let sum = 0;
  for (const key in latency) {
    const n = latency[key] ?? 0;
    count += n;
    sum += n * middleMs(Number(key));
  }
  return count > 0 ? sum / count : undefined;
}

/** One value per replica of a look, by arm. */
type Valued = readonly { readonly row: LookRow; readonly value: number }[];

function fromSignals(of: Extract<MeanOf, { name: string } | { sum: string }>, told: SignalLook): Valued {
  const seconds = told.durationMs / 1_000;
  return told.rows.flatMap((row) => {
    const value = ((): number | undefined => {
      if (of.from === "gauge") return numberOf(row.values[of.name]);
      if (of.from === "rate") {
        const more = numberOf(row.values[of.name]);
        return more === undefined || seconds <= 0 ? undefined : more / seconds;
      }
      const [sum, count] = [numberOf(row.values[of.sum]), numberOf(row.values[of.count])];
      return sum === undefined || count === undefined || count <= 0 ? undefined : sum / count;
    })();
    return value === undefined ? [] : [{ row: asRow(row, [0, 0]), value }];
  });
}

/** Requests per second as if the replica's arm had all of the traffic and the replica were all of its arm. */
function requestRates(of: Extract<MeanOf, { from: "requests" }>, seen: Look): Valued {
  const seconds = seen.durationMs / 1_000;
  if (seen.shares === undefined || seconds <= 0) return [];
  return seen.rows.flatMap((row) => {
    const share = seen.shares?.[row.arm] ?? 0;
    if (share <= 0) return [];
    const replicas = seen.rows.filter(({ arm }) => arm === row.arm).length;
    const counted = of.which === "all" ? row.requests : row.requests - row.failed;
    return [{ row, value: (counted * replicas) / seconds / share }];
  });
}

/** The values of a mean, and how long they were gathered for; nothing when its source has not read again. */
function valuesOf(of: MeanOf, seen: Look): { readonly durationMs: number; readonly values: Valued } | undefined {
  if (of.from === "requests") return { durationMs: seen.durationMs, values: requestRates(of, seen) };
  if (of.from === "latency") {
    const values = seen.rows.flatMap((row) => {
      const value = meanMs(row.latency);
      return value === undefined ? [] : [{ row, value }];
    });
    return { durationMs: seen.durationMs, values };
  }
  const told = toldBy(seen, of.from === "mean" ? [of.sum, of.count] : [of.name]);
  return told && { durationMs: told.durationMs, values: fromSignals(of, told) };
}

/** The values as two arms: the canary, and what is as young as it or, without that, all of stable. */
export function gaugeLook(of: MeanOf, seen: Look, warmupMs: number): GaugeLook | undefined {
  const found = valuesOf(of, seen);
  if (found === undefined) return undefined;
  const values = new Map(found.values.map(({ row, value }) => [row, value]));
  const arms = youngArms([...values.keys()], warmupMs);
  const named = (rows: readonly LookRow[]): ReplicaValue[] =>
    rows.map((row) => ({ replica: row.replica, value: values.get(row) ?? 0 }));
  return { durationMs: found.durationMs, canary: named(arms.canary), baseline: named(arms.baseline) };
}

/** Names a series of the whole service. */
export const seriesKey = (of: MeanOf): string => JSON.stringify(of);

/** A series of the whole service at a look: replicas of all roles together; nothing when nobody tells of it. */
export function seriesPoint(of: MeanOf, seen: Look) {
  const found = valuesOf(of, seen);
  if (found === undefined || found.values.length === 0 || found.durationMs <= 0) return undefined;
  const value = found.values.reduce((total, one) => total + one.value, 0);
  return { value, durationMs: found.durationMs, replicas: found.values.length };
}
