// Do crashes, restarts, panics or logged errors come more often on the canary than on the baseline?
import { type Account, invest, startAccount, worthOf } from "./account.ts";
import { clump, clumpingOf, type Clumps, startClumps } from "./clumps.ts";
import { CAUTIOUS, disperse, type Dispersion, phiOf, startDispersion } from "./dispersion.ts";
import { finite, notNegative } from "./finite.ts";
import { powerFor } from "./temper.ts";
import { evidenceOf, type Grid, type Logs, startLogs } from "./two-by-two.ts";

/** Events of both arms over the same interval, and for how long or how often they could have happened. */
export interface EventCounts {
  readonly canary: number;
  readonly baseline: number;
  /** Replica-seconds, of replicas that should run: one that crashed counts on. Or requests. */
  readonly canaryExposure: number;
  readonly baselineExposure: number;
}

export interface EventRule {
  /** The canary is worse when its events per exposure are more than this times the baseline's. */
  readonly rho: number;
  /** It is no worse when they are fewer than this times the baseline's; `rho` if not given. */
  readonly goRho?: number | undefined;
  readonly exposure?: "seconds" | "requests" | undefined;
  /**
   * Whether one cause makes many events (lines in a log): then they count less, by how they clump. Of crashes, count
   * each replica once per pause between restarts, and say no.
   */
  readonly bursts?: boolean | undefined;
  /** Probability of a false alarm that `eventsNeeded` is said for; 0.01 if not given. */
  readonly alpha?: number | undefined;
}

const even = (ratios: readonly number[]): Grid => ({
  ratios,
  logPrior: ratios.map(() => -Math.log(ratios.length)),
});

/** How many times more, or fewer, events than at the margin. */
const MORE = even([1.5, 2, 3, 5, 10, 30, 200]);
const FEWER = even([1 / 1.5, 1 / 2, 1 / 3, 1 / 5, 1 / 10, 1 / 30, 1 / 200]);

/** Plain JSON of bounded size. */
export interface EventState {
  readonly harm: Account;
  /** The evidence of this judgement. */
  readonly go: Logs;
  readonly totals: EventCounts;
  /** How the events of both arms clump. */
  readonly dispersion: Dispersion;
  readonly clumps: Clumps;
}

const NO_EVENTS: EventCounts = { canary: 0, baseline: 0, canaryExposure: 0, baselineExposure: 0 };

export const startEvents = (): EventState => ({
  harm: startAccount(MORE),
  go: startLogs(FEWER),
  totals: NO_EVENTS,
  dispersion: startDispersion(),
  clumps: startClumps(),
});

/** A new judgement begins: what was shown for `no-worse` so far does not count for it. */
export const beginEventJudgement = (state: EventState): EventState => ({ ...state, go: startLogs(FEWER) });

/** What the events are judged by: the grid, the margin and how they clump. */
interface Belief {
  readonly grid: Grid;
  readonly rho: number;
  readonly phi: number;
}

/** What one event of each arm adds to a component's logarithm. */
type Gain = readonly [canary: number, baseline: number];

/**
 * The 2×2 test (two-by-two.ts) in the limit of rare events: with w = ρ T_c / (ρ T_c + T_b) an event of the canary
 * multiplies the component of ratio r by r / (w r + 1 − w), one of the baseline by 1 / (w r + 1 − w). Given how many
 * events there were, the canary's are binomial with probability at most w under the null, so each factor is fair,
 * whatever the rate is and however it changes. `undefined` when an arm had no exposure: then there is no comparison.
 */
function gainsOf(seen: EventCounts, { grid, rho, phi }: Belief): readonly Gain[] | undefined {
  const { canaryExposure, baselineExposure } = seen;
  if (canaryExposure <= 0 || baselineExposure <= 0) return undefined;
  const w = (rho * canaryExposure) / (rho * canaryExposure + baselineExposure);
  const share = canaryExposure / (canaryExposure + baselineExposure);
  return grid.ratios.map((ratio) => {
    const baselineFailed = -Math.log1p(w * (ratio - 1));
    const canaryFailed = Math.log(ratio) + baselineFailed;
    const rates = { share, canary: rho, baseline: 1, canaryFine: 0, baselineFine: 0 };
    const power = powerFor({ ...rates, canaryFailed, baselineFailed }, phi);
    return [power * canaryFailed, power * baselineFailed] as const;
  });
}

function weigh(logs: Logs, seen: EventCounts, belief: Belief): Logs {
  const gains = seen.canary + seen.baseline > 0 ? gainsOf(seen, belief) : undefined;
  if (gains === undefined) return logs;
  return logs.map((log, j) => log + seen.canary * (gains[j]?.[0] ?? 0) + seen.baseline * (gains[j]?.[1] ?? 0));
}

/** How events are believed to clump: where they come in bursts, by twos at first. */
const phiFor = (rule: EventRule, state: EventState): number => (rule.bursts ? phiOf(state.dispersion, CAUTIOUS) : 1);

/** A unit of exposure as so many chances for an event: then events are rare, as the dispersion's formulas expect. */
const CHANCES = 1e6;

function check(look: EventCounts): void {
  for (const arm of ["canary", "baseline"] as const) {
    const events = notNegative(look[arm], `lookAtEvents: events of the ${arm}`);
    const exposure = notNegative(look[`${arm}Exposure`], `lookAtEvents: exposure of the ${arm}`);
    if (events > 0 && exposure === 0)
      throw new RangeError(`lookAtEvents: ${events} events of the ${arm} in no exposure`);
  }
}

function addTotals(a: EventCounts, b: EventCounts): EventCounts {
  return {
    canary: a.canary + b.canary,
    baseline: a.baseline + b.baseline,
    canaryExposure: a.canaryExposure + b.canaryExposure,
    baselineExposure: a.baselineExposure + b.baselineExposure,
  };
}

/**
 * Adds what happened over an interval; one that took no time changes nothing. Events of one arm while the other had no
 * exposure can't be compared; they are only counted. Throws a RangeError for what is not a number, is below 0, or
 * happened without exposure.
 */
export function lookAtEvents(
  rule: EventRule,
  state: EventState,
  look: EventCounts & { readonly durationMs: number },
): EventState {
  check(look);
  if (finite(look.durationMs, "lookAtEvents: duration") <= 0) return state;
  const phi = phiFor(rule, state);
  const harm = invest(state.harm, look.durationMs);
  const baseline = [look.baselineExposure * CHANCES, look.baseline] as const;
  return {
    harm: { ...harm, logs: weigh(harm.logs, look, { grid: MORE, rho: rule.rho, phi }) },
    go: weigh(state.go, look, { grid: FEWER, rho: rule.goRho ?? rule.rho, phi }),
    totals: addTotals(state.totals, look),
    dispersion: rule.bursts ? disperse(state.dispersion, look.durationMs, { all: baseline }) : state.dispersion,
    clumps: rule.bursts ? clump(state.clumps, [look.canaryExposure * CHANCES, look.canary], phi) : state.clumps,
  };
}

/** What events say so far. */
export interface EventReport {
  /** Natural logarithms of the evidence now: that the canary is worse, and in this judgement that it is no worse. */
  readonly logBad: number;
  /** Stays 0 while there are no events: then nothing can be said of their ratio. */
  readonly logGo: number;
  /** Events per hour of a replica or, when the exposure is requests, per request. */
  readonly canaryPerHour: number | undefined;
  readonly baselinePerHour: number | undefined;
  /** All events so far. */
  readonly canary: number;
  readonly baseline: number;
  /** How many more the canary needs, with none of the baseline in between, to be shown to be worse. */
  readonly eventsNeeded: number | undefined;
}

/** How many times more the events clump than was believed when they came. */
const clumpingFor = (rule: EventRule, state: EventState): number =>
  rule.bursts ? clumpingOf(state.clumps, state.dispersion) : 1;

const MOST_NEEDED = 1_000;

function eventsNeeded(rule: EventRule, state: EventState): number | undefined {
  const gains = gainsOf(state.totals, { grid: MORE, rho: rule.rho, phi: phiFor(rule, state) });
  if (gains === undefined) return undefined;
  const needed = Math.log(1 / (rule.alpha ?? 0.01)) * clumpingFor(rule, state);
  const enough = (events: number): boolean => {
    const logs = state.harm.logs.map((log, j) => log + events * (gains[j]?.[0] ?? 0));
    return worthOf({ ...state.harm, logs }, MORE) >= needed;
  };
  if (enough(0)) return 0;
  let [low, high] = [0, MOST_NEEDED];
  if (!enough(high)) return undefined;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

export function eventReport(rule: EventRule, state: EventState): EventReport {
  const { canary, baseline, canaryExposure, baselineExposure } = state.totals;
  const unit = rule.exposure === "requests" ? 1 : 3_600;
  const worth = worthOf(state.harm, MORE);
  return {
    logBad: worth > 0 ? worth / clumpingFor(rule, state) : worth,
    logGo: evidenceOf(state.go, FEWER),
    canaryPerHour: canaryExposure > 0 ? (unit * canary) / canaryExposure : undefined,
    baselinePerHour: baselineExposure > 0 ? (unit * baseline) / baselineExposure : undefined,
    canary,
    baseline,
    eventsNeeded: eventsNeeded(rule, state),
  };
}
