// How strongly do differences say that their mean is above zero, when nobody knows how much they vary?

/** Sums over n differences x: of x and of x². */
export interface Moments {
  readonly n: number;
  readonly sum: number;
  readonly squares: number;
}

/**
 * Logarithm of the right-Haar safe t e-value against "the mean is not above 0", for independent normal differences of
 * any standard deviation; the alternative's mean, in standard deviations, is normal with variance `kappa2`. A mean that is
 * not above 0 counts as 0, which is the least evidence. 0 where nothing can be said: fewer than two differences. It is
 * written with R² = t² / (ν + t²), the share of Σx² that the mean explains, so that differences without any spread still
 * give a finite number, ½ (n − 1) ln(1 + n κ²). (Lindon, Ham, Tingley, Bojinov, arXiv 2210.08589; Pérez-Ortiz, Lardy, de Heide, Grünwald,
 * Annals of Statistics 52, 2024; at every look: Ville's inequality.)
 */
export function safeT({ n, sum, squares }: Moments, kappa2 = 0.5): number {
  if (n < 2) return 0;
  const explained = sum > 0 && squares > 0 ? Math.min(1, (sum / n) * (sum / squares)) : 0;
  const grown = n * kappa2;
  return -0.5 * Math.log1p(grown) - 0.5 * n * Math.log1p((-explained * grown) / (1 + grown));
}

/**
 * How far from the mean of n differences, in (maximum-likelihood) standard deviations, a hypothetical mean lies that has
 * this much evidence against it, two-sided; `undefined` when n differences can't have so much.
 */
export function safeTReach(n: number, log: number, kappa2 = 0.5): number | undefined {
  if (n < 2) return undefined;
  const grown = n * kappa2;
  const explained = ((1 + grown) / grown) * -Math.expm1(-(2 * log + Math.log1p(grown)) / n);
  return explained < 1 ? Math.sqrt(explained / (1 - explained)) : undefined;
}
