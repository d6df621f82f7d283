// How fast do two levels grow apart, when each single step is mostly noise?
import { evidenceOfRuns, extendRuns, type Question, type Runs, startRuns } from "./runs.ts";
import { logMix } from "./two-by-two.ts";

/** By how much both arms rose over one step. */
export interface Step {
  readonly canary: number;
  readonly baseline: number;
  readonly durationMs: number;
}

/** Means of the levels' difference over stretches of a fixed length, and how fast it grew from each to the next. */
interface Scale {
  readonly openHours: number;
  /** Over the stretch under way: difference times hours, and moment times hours. */
  readonly level: number;
  readonly moment: number;
  readonly last: readonly [level: number, moment: number] | null;
  readonly runs: Runs;
}

/** Sums for a straight line through an arm's levels y over moments t, in hours. */
interface Line {
  readonly level: number;
  readonly y: number;
  readonly ty: number;
}

/** Levels are chained from rises, so they begin at 0 and replicas may change. */
export interface Climb {
  readonly steps: number;
  readonly hours: number;
  readonly t: number;
  readonly tt: number;
  readonly canary: Line;
  readonly baseline: Line;
  /** One for each of `MINUTES`. */
  readonly scales: readonly Scale[];
}

/**
 * Lengths of the stretches. Of noise that comes and goes, a stretch's mean holds less the longer it is, while the growth
 * from one to the next is larger: a slow leak shows in long stretches, a fast one in short ones, long before. Noise
 * that stays, as of a random walk, is no smaller in the long ones, and all of them are fair then too.
 */
const MINUTES = [1, 2, 4, 8, 16] as const;

const HOUR_MS = 3_600_000;

const startScale = (): Scale => ({ openHours: 0, level: 0, moment: 0, last: null, runs: startRuns() });

export const startClimb = (): Climb => ({
  steps: 0,
  hours: 0,
  t: 0,
  tt: 0,
  canary: { level: 0, y: 0, ty: 0 },
  baseline: { level: 0, y: 0, ty: 0 },
  scales: MINUTES.map(startScale),
});

function rise(line: Line, by: number, moment: number): Line {
  const level = line.level + by;
  return { level, y: line.y + level, ty: line.ty + moment * level };
}

/** A moment of the chained levels: their difference, when it was, and how long the step to it took. */
interface Moment {
  readonly level: number;
  readonly moment: number;
  readonly hours: number;
}

function stretch(scale: Scale, seen: Moment, minutes: number): Scale {
  const openHours = scale.openHours + seen.hours;
  const level = scale.level + seen.level * seen.hours;
  const moment = scale.moment + seen.moment * seen.hours;
  if (openHours < minutes / 60 - 1e-9) return { ...scale, openHours, level, moment };
  const last = [level / openHours, moment / openHours] as const;
  const runs = scale.last ? extendRuns(scale.runs, (last[0] - scale.last[0]) / (last[1] - scale.last[1])) : scale.runs;
  return { openHours: 0, level: 0, moment: 0, last, runs };
}

export function climb(known: Climb, step: Step): Climb {
  const hours = known.hours + step.durationMs / HOUR_MS;
  const canary = rise(known.canary, step.canary, hours);
  const baseline = rise(known.baseline, step.baseline, hours);
  const seen = { level: canary.level - baseline.level, moment: hours, hours: step.durationMs / HOUR_MS };
  return {
    steps: known.steps + 1,
    hours,
    t: known.t + hours,
    tt: known.tt + hours * hours,
    canary,
    baseline,
    scales: known.scales.map((scale, index) => stretch(scale, seen, MINUTES[index] ?? 1)),
  };
}

/** Stretches are long: so many say something, as long as their growth is hardly noise. */
const FEWEST_STRETCHES = 6;

/** Logarithm of the evidence about the growth of canary − baseline per hour: the mean over all lengths of stretches. */
export function growthEvidence(known: Climb, question: Question): number {
  const logs = known.scales.map(({ runs }) => evidenceOfRuns(runs, { ...question, fewest: FEWEST_STRETCHES }));
  return logMix(
    logs,
    logs.map(() => -Math.log(logs.length)),
  );
}

/** Fewer steps show no direction. */
const FEWEST_STEPS = 5;

/** Growth per hour of an arm: the straight line with the least squares through its levels. */
export function climbedPerHour(known: Climb, arm: "canary" | "baseline"): number | undefined {
  const { steps, t, tt } = known;
  if (steps < FEWEST_STEPS) return undefined;
  const { y, ty } = known[arm];
  return (ty - (t * y) / steps) / (tt - (t * t) / steps);
}
