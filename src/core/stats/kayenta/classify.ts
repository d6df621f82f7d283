// Is one metric of the canary higher or lower than the baseline's, by Kayenta's rule?
import { commonLanguage, meanRatio } from "./describe.ts";
import {
  boundAt,
  centreOf,
  comparison,
  type Comparison,
  deviationsOf,
  inOrder,
  mannWhitney,
  type Shift,
  type Sorted,
} from "./mann-whitney.ts";
import { withNoise } from "./noise.ts";
import type { Preparation } from "./transform.ts";

/** Kayenta's names, which stand in its JSON. */
export type Classification = "Pass" | "High" | "Low" | "Nodata" | "NodataFailMetric" | "Error";

/** Which deviations count. */
export type Direction = "increase" | "decrease" | "either";

/** How the size of an effect is measured: a ratio of means, or the share of pairs in which the canary is higher. */
type Measure = "meanRatio" | "cles";

/** One metric's `analysisConfigurations.canary`, with its defaults filled in. */
export interface Settings extends Preparation {
  readonly direction: Direction;
  readonly critical: boolean;
  readonly mustHaveData: boolean;
  readonly muted: boolean;
  readonly measure: Measure;
  /** Effect sizes of `measure` from which on a deviation counts, and from which on it is critical. */
  readonly allowedIncrease: number;
  readonly allowedDecrease: number;
  readonly criticalIncrease: number;
  readonly criticalDecrease: number;
}

/** The verdict on one metric. */
export interface Classified {
  readonly classification: Classification;
  readonly reason?: string | undefined;
  /** The canary's mean over the baseline's, whatever the effect size's measure; NaN when one of them is 0. */
  readonly ratio?: number | undefined;
  readonly critical: boolean;
}

/** Two prepared sides of one metric. */
export interface Sides {
  readonly experiment: readonly number[];
  readonly control: readonly number[];
}

/** How far the confidence bounds must be from 0 as a share of the estimate, and how sure they are. */
interface Rule {
  readonly tolerance: number;
  readonly confidence: number;
}

/** Kayenta's own rule; its configuration has no field for another one. */
const RULE: Rule = { tolerance: 0.25, confidence: 0.98 };

/** How many standard deviations the confidence bounds of `RULE` are from the centre. */
export const DEVIATIONS = deviationsOf(RULE.confidence);

/** Seeds of the two sides' noise. */
const SEEDS = { experiment: 1, control: 2 };

const isConstant = (sorted: Sorted): boolean => sorted[0] === sorted.at(-1);

function same(a: Sorted, b: Sorted): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** Two constant sides with noise, so that they have ranks to compare; all others as they are. */
function apart(sides: Sides, x: Sorted, y: Sorted): Sides {
  if (!isConstant(x) || !isConstant(y)) return sides;
  return {
    experiment: withNoise(sides.experiment, SEEDS.experiment),
    control: withNoise(sides.control, SEEDS.control),
  };
}

function isHigh(
  shift: Pick<Shift, "low">,
  bound: number,
  effect: { readonly size: number; readonly from: number },
): boolean {
  return shift.low > bound && (Number.isNaN(effect.size) || effect.size >= effect.from);
}

function isLow(
  shift: Pick<Shift, "high">,
  bound: number,
  effect: { readonly size: number; readonly to: number },
): boolean {
  return shift.high < -bound && (Number.isNaN(effect.size) || effect.size <= effect.to);
}

function withoutData(name: string, settings: Settings): Classified {
  if (settings.nan === "replace") return { classification: "Pass", ratio: 1, critical: false };
  const reason = `Missing data for ${name}`;
  return settings.mustHaveData && !settings.critical
    ? { classification: "NodataFailMetric", reason, ratio: 1, critical: false }
    : { classification: "Nodata", reason, ratio: 1, critical: settings.critical };
}

/** The metric, its settings, and the rule when it is not Kayenta's own. */
export interface Metric {
  readonly name: string;
  readonly settings: Settings;
  readonly rule?: Rule;
}

/**
 * Classifies one metric, first rule that fits: no data, identical, one value only, else the bounds of the shift against a
 * share of its estimate. "Error" when no bounds can be computed, for instance of one point a side over a baseline of 0.
 */
export function classify({ name, settings, rule = RULE }: Metric, sides: Sides): Classified {
  const [x, y] = [inOrder(sides.experiment), inOrder(sides.control)];
  if (x.length === 0 || y.length === 0) return withoutData(name, settings);
  if (same(x, y)) {
    const reason = "The Canary and Baseline data are identical";
    return { classification: "Pass", reason, ratio: 1, critical: false };
  }
  if (isConstant(x) && isConstant(y) && x[0] === y[0]) return { classification: "Pass", ratio: 1, critical: false };
  const { experiment, control } = apart(sides, x, y);
  const shift = mannWhitney(inOrder(experiment), inOrder(control), rule.confidence);
  if (!shift) return { classification: "Error", reason: "Metric Classification Failed", critical: false };
  const ratio = meanRatio(experiment, control);
  const size = settings.measure === "cles" ? commonLanguage(experiment, control) : ratio;
  return { ...compared(name, settings, { shift, bound: rule.tolerance * Math.abs(shift.estimate), size }), ratio };
}

interface Found {
  readonly shift: Shift;
  readonly bound: number;
  readonly size: number;
}

function compared(name: string, settings: Settings, { shift, bound, size }: Found): Omit<Classified, "ratio"> {
  const { direction, critical, allowedIncrease, allowedDecrease, criticalIncrease, criticalDecrease } = settings;
  if (direction !== "decrease" && isHigh(shift, bound, { size, from: allowedIncrease })) {
    return deviated(name, "High", critical && (Number.isNaN(size) || size >= criticalIncrease));
  }
  if (direction !== "increase" && isLow(shift, bound, { size, to: allowedDecrease })) {
    return deviated(name, "Low", critical && (Number.isNaN(size) || size <= criticalDecrease));
  }
  return { classification: "Pass", critical: false };
}

function deviated(name: string, classification: "High" | "Low", critical: boolean): Omit<Classified, "ratio"> {
  const reason = critical
    ? `The metric ${name} was classified as ${classification} (Critical)`
    : `${name} was classified as ${classification}`;
  return { classification, reason, critical };
}

/**
 * The classification of one metric with Kayenta's defaults: missing points (NaN) left out, outliers kept, effect sizes of
 * 1. The same answer as `classify`, without its figures and faster: made for simulations.
 */
export function highOrLow(
  experiment: readonly number[],
  control: readonly number[],
  direction: Direction = "either",
): Classification {
  const present = { experiment: experiment.filter(isNumber), control: control.filter(isNumber) };
  let [x, y] = [inOrder(present.experiment), inOrder(present.control)];
  if (x.length === 0 || y.length === 0) return "Nodata";
  if (same(x, y)) return "Pass";
  let sides: Sides = present;
  if (isConstant(x) && isConstant(y)) {
    if (x[0] === y[0]) return "Pass";
    sides = apart(sides, x, y);
    [x, y] = [inOrder(sides.experiment), inOrder(sides.control)];
  }
  const ready = comparison(x, y);
  return ready ? quickly(ready, sides, direction) : "Error";
}

const isNumber = (value: number): boolean => !Number.isNaN(value);

/** Most samples have 0 within their bounds: then neither the estimate nor the means are needed. */
function quickly(ready: Comparison, sides: Sides, direction: Direction): Classification {
  const low = direction === "decrease" ? -Infinity : boundAt(ready, DEVIATIONS);
  const high = direction === "increase" ? Infinity : boundAt(ready, -DEVIATIONS);
  if (low === undefined || high === undefined) return "Error";
  if (low <= 0 && high >= 0) return "Pass";
  const estimate = centreOf(ready);
  if (estimate === undefined) return "Error";
  const bound = RULE.tolerance * Math.abs(estimate);
  const size = meanRatio(sides.experiment, sides.control);
  if (isHigh({ low }, bound, { size, from: 1 })) return "High";
  return isLow({ high }, bound, { size, to: 1 }) ? "Low" : "Pass";
}
