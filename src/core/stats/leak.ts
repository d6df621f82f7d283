// Does the canary's memory grow faster than the baseline's by more than is allowed?
import { finite, notNegative } from "./finite.ts";
import { MOST_REPLICAS } from "./dispersion.ts";
import type { GaugeLook, ReplicaValue } from "./gauge-block.ts";
import { climb, type Climb, climbedPerHour, growthEvidence, startClimb } from "./leak-growth.ts";

/** What is allowed, in the gauge's unit (mostly bytes). */
export interface LeakRule {
  /** How much faster the canary may grow than the baseline, per hour and replica. */
  readonly marginPerHour: number;
  /** Where a replica has no more room. */
  readonly limit?: number | undefined;
}

/** Of one replica in the block under way: its lowest value, and how long it was read. */
type Low = readonly [value: number, ms: number];

/** The lowest value by replica. */
type Floors = Readonly<Record<string, number>>;

/** Plain JSON of bounded size. */
export interface LeakState {
  readonly openMs: number;
  readonly canaryOpen: Readonly<Record<string, Low>>;
  readonly baselineOpen: Readonly<Record<string, Low>>;
  /** Floors of the last block that counted, and the time since. */
  readonly canaryFloors: Floors;
  readonly baselineFloors: Floors;
  readonly sinceMs: number;
  readonly climb: Climb;
}

/** Long enough that the collector of garbage mostly ran. */
const BLOCK_MS = 60_000;

export const startLeak = (): LeakState => ({
  openMs: 0,
  canaryOpen: {},
  baselineOpen: {},
  canaryFloors: {},
  baselineFloors: {},
  sinceMs: 0,
  climb: startClimb(),
});

/** Adds an interval to an arm's block. Replicas beyond `MOST_REPLICAS` are left out: floors can't be counted together. */
function lower(known: LeakState["canaryOpen"], values: readonly ReplicaValue[], durationMs: number) {
  const next: Record<string, Low> = { ...known };
  for (const { replica, value } of values) {
    const old = next[replica];
    if (old === undefined && Object.keys(next).length >= MOST_REPLICAS) continue;
    next[replica] = old ? [Math.min(old[0], value), old[1] + durationMs] : [value, durationMs];
  }
  return next;
}

/** Floors of the replicas that were read during at least half of the block. */
function floorsOf(open: LeakState["canaryOpen"], openMs: number): Floors {
  return Object.fromEntries(
    Object.entries(open).flatMap(([replica, [value, ms]]) => (ms >= openMs / 2 ? [[replica, value] as const] : [])),
  );
}

/** A replica that lost more than half of its memory has begun a new life: what it lost is not the opposite of a leak. */
const NEW_LIFE = 0.5;

/** By how much the floors of an arm's replicas rose, on average; `undefined` if none was there before. */
function riseOf(before: Floors, after: Floors): number | undefined {
  let sum = 0;
  let replicas = 0;
  for (const replica of Object.keys(after).toSorted()) {
    const [was, is] = [before[replica], after[replica]];
    if (was === undefined || is === undefined || is < NEW_LIFE * was) continue;
    sum += is - was;
    replicas++;
  }
  return replicas > 0 ? sum / replicas : undefined;
}

function check(look: GaugeLook): void {
  finite(look.durationMs, "lookAtLeak: duration");
  for (const arm of ["canary", "baseline"] as const) {
    for (const { replica, value } of look[arm]) notNegative(value, `lookAtLeak: ${arm} value of ${replica}`);
  }
}

/** A block that is full: what both arms' floors did since the block before that counted. */
function close(state: LeakState): LeakState {
  const canaryFloors = floorsOf(state.canaryOpen, state.openMs);
  const baselineFloors = floorsOf(state.baselineOpen, state.openMs);
  const sinceMs = state.sinceMs + state.openMs;
  const next = { ...state, openMs: 0, canaryOpen: {}, baselineOpen: {} };
  if (Object.keys(canaryFloors).length === 0 || Object.keys(baselineFloors).length === 0) return { ...next, sinceMs };
  const canary = riseOf(state.canaryFloors, canaryFloors);
  const baseline = riseOf(state.baselineFloors, baselineFloors);
  const known = { ...next, canaryFloors, baselineFloors, sinceMs: 0 };
  if (canary === undefined || baseline === undefined) return known;
  return { ...known, climb: climb(state.climb, { canary, baseline, durationMs: sinceMs }) };
}

/**
 * Adds what was read over an interval; the look that fills a block of a minute closes it. What counts is the lowest value
 * of each replica in the block, after the collector of garbage. Replicas that come or go, and time without readings of
 * both arms, are passed over. The baseline should be as old as the canary: young processes grow. A replica that was
 * started again should come under another name. Throws a RangeError for what is not a number, or is below 0.
 */
export function lookAtLeak(_rule: LeakRule, state: LeakState, look: GaugeLook): LeakState {
  check(look);
  if (look.durationMs <= 0) return state;
  const next = {
    ...state,
    openMs: state.openMs + look.durationMs,
    canaryOpen: lower(state.canaryOpen, look.canary, look.durationMs),
    baselineOpen: lower(state.baselineOpen, look.baseline, look.durationMs),
  };
  return next.openMs < BLOCK_MS - 1e-6 ? next : close(next);
}

/** What the growth says so far. */
export interface LeakReport {
  /** Natural logarithms of the evidence now: that the canary grows by more than is allowed, and that it grows by less. */
  readonly logBad: number;
  readonly logGo: number;
  /** Growth per hour of a replica, fitted to all blocks. */
  readonly canaryPerHour: number | undefined;
  readonly baselinePerHour: number | undefined;
  /** Until the fullest canary replica is at `limit`, at the canary's growth; `undefined` when that is not within a year. */
  readonly hoursToLimit: number | undefined;
  /** Steps from one block to the next that counted. */
  readonly blocks: number;
}

const YEAR_HOURS = 365 * 24;

function hoursToLimit(rule: LeakRule, state: LeakState, perHour: number | undefined): number | undefined {
  const floors = Object.values(state.canaryFloors);
  if (rule.limit === undefined || perHour === undefined || perHour <= 0 || floors.length === 0) return undefined;
  const hours = Math.max(0, rule.limit - Math.max(...floors)) / perHour;
  return hours <= YEAR_HOURS ? hours : undefined;
}

export function leakReport(rule: LeakRule, state: LeakState): LeakReport {
  const margin = finite(rule.marginPerHour, "leakReport: margin");
  const canaryPerHour = climbedPerHour(state.climb, "canary");
  return {
    logBad: growthEvidence(state.climb, { margin, sign: 1 }),
    logGo: growthEvidence(state.climb, { margin, sign: -1 }),
    canaryPerHour,
    baselinePerHour: climbedPerHour(state.climb, "baseline"),
    hoursToLimit: hoursToLimit(rule, state, canaryPerHour),
    blocks: state.climb.steps,
  };
}
