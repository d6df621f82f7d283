// When has a look enough in both arms to compare?
import { mergeHistograms } from "../histogram.ts";
import { ms } from "../units.ts";
import type { Look, LookRow } from "./plan.ts";

/** Requests that wait until the other arm has had one too; an interval longer than this is compared as it is. */
const LONGEST_MS = 60_000;

function sum(a: LookRow, b: LookRow): LookRow {
  return {
    ...b,
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    clientErrors: a.clientErrors + b.clientErrors,
    latency: mergeHistograms([a.latency, b.latency]),
  };
}

const keyOf = (row: LookRow): string => `${row.arm} ${row.replica}`;

function merged(a: Look, b: Look): Look {
  const rows = new Map(a.rows.map((row) => [keyOf(row), row]));
  for (const row of b.rows) {
    const known = rows.get(keyOf(row));
    rows.set(keyOf(row), known ? sum(known, row) : row);
  }
  return { durationMs: ms(a.durationMs + b.durationMs), rows: [...rows.values()] };
}

const has = (seen: Look, isCanary: boolean): boolean =>
  seen.rows.some(({ arm, requests }) => (arm === "canary") === isCanary && requests > 0);

/** What is ready to be compared, and what waits. */
interface Pooled {
  readonly ready: Look | undefined;
  readonly pending: Look | null;
}

/**
 * Adds a look to what waits. One arm alone says nothing, so its requests wait for the other arm's: at one canary request in
 * ten seconds nearly every half second would be lost. When to stop waiting depends on how requests were dealt, never on
 * what became of them, so the longer interval is as fair as any other.
 */
export function pooled(pending: Look | null, seen: Look): Pooled {
  const all = pending ? merged(pending, seen) : seen;
  if (all.durationMs < LONGEST_MS && has(all, true) !== has(all, false)) {
    const { durationMs, rows } = all;
    return { ready: undefined, pending: { durationMs, rows } };
  }
  return { ready: all, pending: null };
}
