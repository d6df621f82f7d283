// What happened since the last look, in both arms?
import { increments, type Counters, type Increment } from "../evidence.ts";
import { carriedOn, signalIncrements, type Signals } from "../signals.ts";
import { ROLES, sameWeights, shareOf, type Role, type Weights } from "../split.ts";
import type { Look, LookRow, SignalLook } from "../stats/plan.ts";
import { ms, WHOLE, type Ms } from "../units.ts";
import { poolOf } from "./state.ts";
import type { Turn } from "./turn.ts";

/**
 * A reading older than the last one by up to this is late and left out. By more, the clock was set back: its counters
 * are taken, for they only grow, and its time is not.
 */
const LATE_MS = 60_000;

const countsOf = ({ requests, failed, clientErrors, latency }: Counters["series"][number]): readonly number[] => [
  requests,
  failed,
  clientErrors,
  ...Object.values(latency),
];

/** Why counters cannot be what they say they are: a number that is none, or less than nothing. */
export function unsound({ series, at }: Counters): string | undefined {
  if (!Number.isFinite(at)) return `a reading has no time: ${at}`;
  for (const one of series) {
    const wrong = countsOf(one).find((value) => !Number.isFinite(value) || value < 0);
    if (wrong !== undefined) return `a counter of ${one.replica} stands at ${wrong}`;
  }
  return undefined;
}

/** The time between two readings; 0 when the clock was set back; nothing when the second is no news. */
function between(before: Ms, after: Ms): Ms | undefined {
  if (after > before) return ms(after - before);
  return before - after > LATE_MS ? ms(0) : undefined;
}

/** A look at every role, from which each candidate's own follows. */
export interface WideLook extends Omit<Look, "rows" | "signals"> {
  readonly rows: readonly (Omit<LookRow, "arm"> & { readonly arm: Role })[];
  readonly signals?: readonly WideSignals[] | undefined;
}

interface WideSignals extends Omit<SignalLook, "rows"> {
  readonly rows: readonly (Omit<SignalLook["rows"][number], "arm"> & { readonly arm: Role })[];
}

/** What was seen of one candidate and of what it is compared with: the other candidates are left out. */
export function lookFor({ rows, signals, ...rest }: WideLook, candidate: Role): Look {
  return {
    ...rest,
    rows: rowsFor(rows, candidate),
    ...(signals
      ? { signals: signals.map((signal) => Object.assign({}, signal, { rows: rowsFor(signal.rows, candidate) })) }
      : {}),
  };
}

/** The arm that a role is when one candidate is compared. */
function armFor(role: Role, candidate: Role): LookRow["arm"] | undefined {
  if (role === candidate) return "canary";
  return role === "stable" || role === "baseline" ? role : undefined;
}

function rowsFor<R extends { readonly arm: Role }>(rows: readonly R[], candidate: Role) {
  return rows.flatMap((row) => {
    const arm = armFor(row.arm, candidate);
    return arm ? [Object.assign({}, row, { arm })] : [];
  });
}

/** All that is new since the last look; nothing without a reading before, or when this one is no newer. */
export function lookSince(turn: Turn): WideLook | undefined {
  const { counters } = turn.input;
  if (counters.kind !== "value") return undefined;
  const before = turn.state.counters;
  const durationMs = before && between(before.at, counters.value.at);
  if (before && durationMs === undefined) return undefined;
  const weights = answered(turn);
  const shares = sharesOf(turn, weights);
  turn.set({ counters: counters.value, reported: weights });
  const signals = signalLooks(turn);
  if (!before || durationMs === undefined) return undefined;
  const rows = rowsOf(turn, increments(before, counters.value));
  const alerts = alertsOf(turn);
  return {
    durationMs,
    rows,
    ...(alerts ? { alerts } : {}),
    ...(shares ? { shares } : {}),
    ...(signals.length > 0 ? { signals } : {}),
  };
}

const armOf = (turn: Turn, pool: string): Role | undefined =>
  ROLES.find((role) => poolOf(turn.state, role)?.pool === pool);

function rowsOf(turn: Turn, fresh: readonly Increment[]): WideLook["rows"] {
  return fresh.flatMap(({ pool, ...counted }) => {
    const arm = armOf(turn, pool);
    return arm ? [{ ...counted, arm, ageMs: ageOf(turn, pool, counted.replica) }] : [];
  });
}

/**
 * How long a replica has been ready; 0 for one that is not, or that is gone. What is told of a pool as a whole is as old
 * as its youngest ready replica: whatever that one does while it warms up is part of it, and nobody can take it out.
 */
function ageOf(turn: Turn, pool: string, id: string): Ms {
  const told = turn.replicas(pool).filter((replica) => id === pool || replica.id === id);
  const since = told.flatMap(({ readySinceMs }) => readySinceMs ?? []);
  return since.length === 0 ? ms(0) : ms(Math.max(0, turn.nowMs - Math.max(...since)));
}

/** The weights that the router reports, while every role that has one also has somebody who answers. */
function answered(turn: Turn): Weights | undefined {
  const { traffic } = turn.input;
  if (traffic.kind !== "value") return undefined;
  const { weights } = traffic.value.split;
  const everyone = ROLES.every(
    (role) => shareOf(weights, role) === 0 || turn.ready(poolOf(turn.state, role)?.pool) > 0,
  );
  return everyone ? weights : undefined;
}

/** The shares that held from the beginning of the interval to its end. */
function sharesOf(turn: Turn, weights: Weights | undefined): Look["shares"] {
  const { reported } = turn.state;
  if (weights === undefined || reported === undefined || !sameWeights(weights, reported)) return undefined;
  return Object.fromEntries(ROLES.map((role) => [role, shareOf(weights, role) / WHOLE]));
}

function alertsOf({ input, state }: Turn): Look["alerts"] {
  if (input.alerts === undefined) return undefined;
  const read = Object.entries(input.alerts).map(([url, seen]) => {
    if (seen.kind === "value") return [url, seen.value] as const;
    return [url, { unreadable: seen.kind === "absent" ? "nothing is there" : seen.why }] as const;
  });
  // What fired before the canary had its first request is not its doing.
  const startedMs = state.rollout?.trail?.points[0]?.atMs ?? input.nowMs;
  return { atMs: input.nowMs, startedMs, bySource: Object.fromEntries(read) };
}

/** What each source has told since its own last reading; a source that has not read again tells nothing. */
function signalLooks(turn: Turn): readonly WideSignals[] {
  const known = turn.state.signals ?? {};
  const next: Record<string, Signals> = {};
  const looks: WideSignals[] = [];
  for (const [source, read] of Object.entries(turn.input.signals ?? {})) {
    if (read.kind !== "value") continue;
    const before = known[source];
    const durationMs = before && between(before.at, read.value.at);
    if (before && durationMs === undefined) {
      next[source] = before;
      continue;
    }
    next[source] = carriedOn(before, read.value, alive(turn));
    if (before && durationMs) looks.push(signalLook(turn, { before, after: read.value, durationMs }));
  }
  if (Object.keys(next).length > 0 || turn.state.signals) turn.set({ signals: next });
  return looks;
}

function alive({ input: { pools } }: Turn): ReadonlySet<string> {
  const running = pools.kind === "value" ? pools.value : [];
  const ids = running.flatMap(({ replicas }) => replicas.map(({ id }) => id));
  return new Set([...ids, ...running.map(({ pool }) => pool)]);
}

function signalLook(turn: Turn, read: { before: Signals; after: Signals; durationMs: Ms }): WideSignals {
  const rows = signalIncrements(read.before, read.after).flatMap(({ pool, replica, values }) => {
    const arm = armOf(turn, pool);
    return arm ? [{ replica, arm, ageMs: ageOf(turn, pool, replica), values }] : [];
  });
  return { durationMs: read.durationMs, rows, troubles: read.after.troubles };
}
