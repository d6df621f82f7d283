// Which requests of a look does a metric compare?
import { NOBODY } from "../evidence.ts";
import type { Cells, Tally } from "./dispersion.ts";
import { OTHERS, slotOf } from "./dispersion.ts";
import type { ErrorMetric, Look, LookRow } from "./plan.ts";
import type { Carriers } from "./state.ts";
import type { Counts } from "./two-by-two.ts";

/** The rows of both arms that a metric counts. */
export interface Arms {
  readonly canary: readonly LookRow[];
  readonly baseline: readonly LookRow[];
  /** Rows that tell how much replicas of the stable revision vary. */
  readonly fleet: readonly LookRow[];
  readonly against: "stable" | "baseline";
}

const order = (row: LookRow): string => `${row.arm} ${row.replica}`;

/** The same look with its rows in one order: sums of fractions must not depend on who was read first. */
export function ordered(seen: Look): Look {
  return { ...seen, rows: seen.rows.toSorted((a, b) => (order(a) < order(b) ? -1 : Number(order(a) > order(b)))) };
}

/** Failures to reach any replica have no age: they always count. */
const warm = (warmupMs: number) => (row: LookRow) => row.replica === NOBODY || row.ageMs >= warmupMs;

/** Errors compare with everything that runs the stable revision: the more, the sooner. */
export function armsForErrors(seen: Look, warmupMs: number): Arms {
  const rows = seen.rows.filter(warm(warmupMs));
  const baseline = rows.filter((row) => row.arm !== "canary");
  return { canary: rows.filter((row) => row.arm === "canary"), baseline, fleet: baseline, against: "stable" };
}

/** Latency depends on the age of a process: it compares with the baseline as young as the canary, if there is one. */
export function armsForLatency(seen: Look, warmupMs: number): Arms {
  const rows = seen.rows.filter(warm(warmupMs));
  const young = rows.filter((row) => row.arm === "baseline");
  const stable = rows.filter((row) => row.arm === "stable");
  const against = seen.rows.some((row) => row.arm === "baseline") ? "baseline" : "stable";
  return {
    canary: rows.filter((row) => row.arm === "canary"),
    baseline: against === "baseline" ? young : stable,
    fleet: stable.length > 0 ? stable : young,
    against,
  };
}

/** How many requests a row has, and how many of them count as failed. */
export type Counter = (row: LookRow) => Tally;

export const countErrors =
  (counts: ErrorMetric["counts"]): Counter =>
  (row) => [row.requests, row[counts]];

export function tallyOf(rows: readonly LookRow[], counter: Counter): Tally {
  let requests = 0;
  let failed = 0;
  for (const row of rows) {
    const [n, x] = counter(row);
    requests += n;
    failed += x;
  }
  return [requests, failed];
}

/** Tallies by replica, without requests that no replica could answer. */
export function cellsOf(rows: readonly LookRow[], counter: Counter): Cells {
  const cells: Record<string, Tally> = {};
  for (const row of rows) {
    if (row.replica === NOBODY) continue;
    const [n, x] = counter(row);
    if (n === 0) continue;
    const known = cells[row.replica];
    cells[row.replica] = known ? [known[0] + n, known[1] + x] : [n, x];
  }
  return cells;
}

export function countsOf(canary: Tally, baseline: Tally): Counts {
  return { canaryN: canary[0], canaryX: canary[1], baselineN: baseline[0], baselineX: baseline[1] };
}

export const NO_COUNTS: Counts = { canaryN: 0, canaryX: 0, baselineN: 0, baselineX: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    canaryN: a.canaryN + b.canaryN,
    canaryX: a.canaryX + b.canaryX,
    baselineN: a.baselineN + b.baselineN,
    baselineX: a.baselineX + b.baselineX,
  };
}

/** Beside the requests of replicas that are counted together: how many they were at once, at most. */
const HOW_MANY = "#others";

/** Adds the requests of each replica; those beyond the number that is told apart count as alike. */
export function carry(known: Carriers, rows: readonly LookRow[]): Carriers {
  const next: Record<string, number> = { ...known };
  const many = next[HOW_MANY] ?? 0;
  delete next[HOW_MANY];
  let others = 0;
  for (const row of rows) {
    if (row.replica === NOBODY || row.requests === 0) continue;
    const slot = slotOf(next, row.replica);
    if (slot !== row.replica) others += 1;
    next[slot] = (next[slot] ?? 0) + row.requests;
  }
  const most = Math.max(many, others);
  if (most > 0) next[HOW_MANY] = most;
  return next;
}

/** How many equally busy replicas would carry an arm as evenly as these (Kish's effective size), at least 1. */
export function replicasOf(carriers: Carriers): number {
  let sum = 0;
  let squares = 0;
  for (const replica in carriers) {
    if (replica === HOW_MANY) continue;
    const requests = carriers[replica] ?? 0;
    sum += requests;
    squares += (requests * requests) / (replica === OTHERS ? Math.max(1, carriers[HOW_MANY] ?? 1) : 1);
  }
  return squares > 0 ? (sum * sum) / squares : 1;
}
