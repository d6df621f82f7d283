// By how much is one sample shifted against the other, and how sure is that?
import { findZero } from "./brent.ts";
import { normalQuantile } from "./normal.ts";

/** Values in ascending order. */
export type Sorted = Float64Array;

/** The values in ascending order; no NaN among them. */
export function inOrder(values: readonly number[]): Sorted {
  return Float64Array.from(values).toSorted();
}

/** The shift of x against y in their own unit: confidence bounds and the Hodges–Lehmann estimate. */
export interface Shift {
  readonly low: number;
  readonly high: number;
  readonly estimate: number;
}

/** The ranks of x among both samples: their sum, and the sum of t³ − t over groups of t equal values. */
interface Ranks {
  readonly sum: number;
  readonly ties: number;
}

/** The value at a place that is there; asking beyond the end would cost most of the time. */
const at = (values: Sorted, i: number): number => values[i] as number;

function shifted(x: Sorted, by: number): Sorted {
  const moved = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const value = at(x, i) - by;
    // Infinite values that cancel rank above all others, as commons-math's NaNStrategy.MAXIMAL ranks them.
    moved[i] = Number.isNaN(value) ? Infinity : value;
  }
  return Number.isFinite(by) ? moved : moved.toSorted();
}

/** Average ranks, by one merge of both samples. */
export function ranksOf(x: Sorted, y: Sorted): Ranks {
  let i = 0;
  let j = 0;
  let sum = 0;
  let ties = 0;
  while (i < x.length || j < y.length) {
    const isX = j === y.length || (i < x.length && at(x, i) <= at(y, j));
    const value = isX ? at(x, i) : at(y, j);
    const before = i + j;
    const start = i;
    while (i < x.length && at(x, i) === value) i++;
    while (j < y.length && at(y, j) === value) j++;
    const size = i + j - before;
    sum += (i - start) * (before + (size + 1) / 2);
    ties += size * size * size - size;
  }
  return { sum, ties };
}

/**
 * The Mann–Whitney statistic of x − mu against y in standard deviations: normal approximation, corrected for ties and
 * for continuity. `undefined` when every observation is tied: then there is no deviation.
 */
function standardised({ x, y }: Samples, mu: number): number | undefined {
  const m = x.length;
  const n = y.length;
  const { sum, ties } = ranksOf(shifted(x, mu), y);
  const dz = sum - (m * (m + 1)) / 2 - (m * n) / 2;
  const sigma = Math.sqrt(((m * n) / 12) * (m + n + 1 - ties / ((m + n) * (m + n - 1))));
  return sigma === 0 ? undefined : (dz - Math.sign(dz) * 0.5) / sigma;
}

interface Samples {
  readonly x: Sorted;
  readonly y: Sorted;
}

/** Both samples with the widest shifts that they allow, and the statistic there. */
export interface Comparison extends Samples {
  readonly low: number;
  readonly high: number;
  readonly atLow: number;
  readonly atHigh: number;
}

/** Gets two samples ready for the questions below; `undefined` when all their values are tied. Neither may be empty. */
export function comparison(x: Sorted, y: Sorted): Comparison | undefined {
  const low = (x[0] ?? NaN) - (y.at(-1) ?? NaN);
  const high = (x.at(-1) ?? NaN) - (y[0] ?? NaN);
  const atLow = standardised({ x, y }, low);
  const atHigh = standardised({ x, y }, high);
  return atLow === undefined || atHigh === undefined ? undefined : { x, y, low, high, atLow, atHigh };
}

/** The shift at which the statistic is `quantile`. */
function shiftAt(compared: Comparison, quantile: number): number | undefined {
  const { low, high } = compared;
  const bracket = { low, high, atLow: compared.atLow - quantile, atHigh: compared.atHigh - quantile };
  return findZero(bracket, (mu) => {
    const value = standardised(compared, mu);
    return value === undefined ? undefined : value - quantile;
  });
}

/** The shift at which the statistic is `quantile`, no further out than the samples reach. */
export function boundAt(compared: Comparison, quantile: number): number | undefined {
  if (compared.atLow - quantile <= 0) return compared.low;
  if (compared.atHigh - quantile >= 0) return compared.high;
  return shiftAt(compared, quantile);
}

/** The shift that centres the samples, the Hodges–Lehmann estimate up to the correction for continuity. */
export function centreOf(compared: Comparison): number | undefined {
  return shiftAt(compared, 0);
}

/** How many standard deviations a confidence level leaves on each side. */
export function deviationsOf(confidence: number): number {
  return -normalQuantile((1 - confidence) / 2);
}

/**
 * The shift of x against y with bounds at a two-sided confidence level (0.98 in Kayenta). The same root search as R's
 * `wilcox.test(x, y, conf.int = TRUE, exact = FALSE)`, never the exact distribution: with four values a side or fewer
 * the bounds are the range of all differences. `undefined` when all values are tied. No NaN may be among the values.
 */
export function mannWhitney(x: Sorted, y: Sorted, confidence: number): Shift | undefined {
  const compared = comparison(x, y);
  if (!compared) return undefined;
  const z = deviationsOf(confidence);
  const low = boundAt(compared, z);
  const high = boundAt(compared, -z);
  const estimate = centreOf(compared);
  if (low === undefined || high === undefined || estimate === undefined) return undefined;
  return { low, high, estimate };
}
