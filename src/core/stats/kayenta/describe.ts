// How large are the values of one side, and how much do they vary?
import { inOrder, ranksOf } from "./mann-whitney.ts";

/** What Kayenta reports of one side, in its order, after NaN and outliers were dealt with; all 0 when nothing is left. */
export interface Stats {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  /** Of the sample: divided by n − 1. */
  readonly std: number;
  readonly max: number;
}

/** The mean in two passes, the second correcting the first's rounding. NaN of nothing. */
function meanOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  const first = sum / values.length;
  let rest = 0;
  for (const value of values) rest += value - first;
  return first + rest / values.length;
}

/** The sample's variance, corrected for the mean's rounding (Chan, Golub, LeVeque 1983). 0 of one value. */
function varianceOf(values: readonly number[], mean: number): number {
  if (values.length === 1) return 0;
  let squares = 0;
  let sum = 0;
  for (const value of values) {
    squares += (value - mean) * (value - mean);
    sum += value - mean;
  }
  return (squares - (sum * sum) / values.length) / (values.length - 1);
}

/** Smallest, largest, mean, standard deviation and number of the values. */
export function statsOf(values: readonly number[]): Stats {
  if (values.length === 0) return { count: 0, mean: 0, min: 0, std: 0, max: 0 };
  const mean = meanOf(values);
  const min = values.reduce((least, value) => (least < value ? least : value));
  const max = values.reduce((most, value) => (most > value ? most : value));
  return { count: values.length, mean, min, std: Math.sqrt(varianceOf(values, mean)), max };
}

/** The canary's mean over the baseline's; NaN when either is exactly 0. */
export function meanRatio(experiment: readonly number[], control: readonly number[]): number {
  const [above, below] = [meanOf(experiment), meanOf(control)];
  return above === 0 || below === 0 ? NaN : above / below;
}

/**
 * The share of pairs in which the canary's value is the higher one, ties counting half (Vargha, Delaney 2000, "A critique
 * and improvement of the CL common language effect size statistics").
 */
export function commonLanguage(experiment: readonly number[], control: readonly number[]): number {
  const [m, n] = [experiment.length, control.length];
  return (2 * ranksOf(inOrder(experiment), inOrder(control)).sum - m * (m + 1)) / (2 * n * m);
}
