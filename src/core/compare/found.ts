// Which differences are more than noise?
import type { Comparison, FieldCounts } from "../comparison.ts";

/** A part in which the candidate's answers differ from those that users got. */
export interface FoundDifference extends FieldCounts {
  /** Whether there is a second copy of stable that shows how often answers differ anyway. */
  readonly noiseKnown: boolean;
  /** 1 − (paths)(paths + 1)/E, see `foundDifferences`; 0 when noise is not known. */
  readonly howSure: number;
}

export interface FindOptions {
  /** Chance that anything at all is ever found, at whatever look, while the candidate differs no more than stable does. */
  readonly alpha: number;
  /** Whether stable is copied to as well: then nothing is found before its answers were compared. */
  readonly baseline: boolean;
}

/** How much more likely a difference is to be the candidate's, as odds ratios: all of them at once, with equal weight. */
const ODDS = [1.25, 1.5, 2, 4, 16, 1_024];

/**
 * ln E of the candidate's k₁ differences in n₁ answers against noise's k₀ in n₀. While the candidate differs no more often
 * than stable, each difference is the candidate's with probability q₀ = n₁/(n₁ + n₀) at most, so that
 * Π (q/q₀)^k₁ ((1 − q)/(1 − q₀))^k₀ is a nonnegative supermartingale for each q > q₀, and so is the mean over several q:
 * it ever reaches 1/α with probability α at most, however often one looks (Ville 1939). It is Fisher's condition on the
 * number of differences, made sequential. Requests in which both differ can only lower it, since q(1 − q) ≤ ¼.
 */
export function logEvidence(
  field: Pick<FieldCounts, "candidate" | "noise">,
  answers: Pick<Comparison, "candidate" | "noise">,
): number {
  const q0 = answers.candidate / (answers.candidate + answers.noise);
  const logs = ODDS.map((odds) => {
    const q = (q0 * odds) / (1 - q0 + q0 * odds);
    return field.candidate * Math.log(q / q0) + field.noise * Math.log((1 - q) / (1 - q0));
  });
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0) / ODDS.length);
}

/**
 * The parts in which the candidate differs beyond noise, most evidence first. With m parts that differed at all, each must
 * show E ≥ m(m + 1)/α. The part that came as the i-th is only ever asked when m ≥ i, and Σ 1/(i(i + 1)) = 1: so the chance
 * that any part is ever found wrongly is α at most, over all parts and all looks. Exact while both get copies of the same
 * requests; shares of copies that fail or are left out unevenly enter by n₁ and n₀.
 *
 * Without a second copy of stable nothing is known about noise: every part that differed is found.
 */
export function foundDifferences(comparison: Comparison, { alpha, baseline }: FindOptions): readonly FoundDifference[] {
  const fields = comparison.fields.filter(({ candidate }) => candidate > 0);
  if (!baseline && comparison.noise === 0) {
    return fields.map((field) => Object.assign({ noiseKnown: false, howSure: 0 }, field));
  }
  if (comparison.noise === 0 || comparison.candidate === 0) return [];
  const paths = comparison.fields.length;
  const tests = paths * (paths + 1);
  return fields
    .map((field) => ({ field, log: logEvidence(field, comparison) - Math.log(tests) }))
    .filter(({ log }) => log >= Math.log(1 / alpha))
    .toSorted((a, b) => b.log - a.log)
    .map(({ field, log }) => Object.assign({ noiseKnown: true, howSure: 1 - Math.exp(-log) }, field));
}
