// How much less does an error count when errors come in bursts?

/**
 * The boundary of a null hypothesis and a factor's logarithms there: what each failure and each success of either arm
 * adds. One-sample tests have a baseline share of 0.
 */
export interface Factor {
  /** The canary's share of the requests of this interval. */
  readonly share: number;
  /** Failure probabilities on the boundary. */
  readonly canary: number;
  readonly baseline: number;
  readonly canaryFailed: number;
  readonly canaryFine: number;
  readonly baselineFailed: number;
  readonly baselineFine: number;
}

/** Steps of the result: it is rounded down, to the safe side. */
const STEPS = 2 ** 30;

/** Mean size of a burst of geometric size when counts are `phi` times as variable as independent ones. */
function burstOf(phi: number): number {
  return (phi + 1) / 2;
}

/** Where the factor raised to `power` would have an infinite expectation. */
function poleOf(factor: Factor, burst: number): number {
  const steepest = Math.max(factor.canaryFailed, factor.baselineFailed);
  return steepest > 0 ? Math.log(burst / (burst - 1)) / steepest : Infinity;
}

/**
 * The largest power in (0, 1] that keeps the factor fair when failures come in bursts of geometric size (Pólya–Aeppli
 * counts): their moment-generating function is that of a Poisson count of bursts with G(s) = eˢ / (μ − (μ − 1) eˢ).
 * `excess` is the logarithm of the expectation, convex in the power and 0 at 0, so it has one other root.
 * (Johnson, Kemp, Kotz: Univariate Discrete Distributions, ch. 9.7; fairness of the powered factor: Grünwald, de Heide,
 * Koolen, Safe Testing, 2024.)
 */
export function powerFor(factor: Factor, phi: number): number {
  if (phi <= 1) return 1;
  const burst = burstOf(phi);
  const pole = poleOf(factor, burst);
  const fine =
    factor.share * (1 - factor.canary) * factor.canaryFine +
    (1 - factor.share) * (1 - factor.baseline) * factor.baselineFine;
  const canaryRate = (factor.share * factor.canary) / burst;
  const baselineRate = ((1 - factor.share) * factor.baseline) / burst;
  let low = 0;
  let high = Math.min(1, pole);
  let power = pole > 1 ? 1 : 0.8 * high;
  for (let step = 0; step < 60 && high - low > 0.5 / STEPS; step++) {
    const c = Math.exp(power * factor.canaryFailed);
    const b = Math.exp(power * factor.baselineFailed);
    const cRoom = burst - (burst - 1) * c;
    const bRoom = burst - (burst - 1) * b;
    const excess = canaryRate * (c / cRoom - 1) + baselineRate * (b / bRoom - 1) + power * fine;
    if (excess <= 0 && power === 1) return 1;
    if (excess > 0) high = power;
    else low = power;
    const slope =
      (canaryRate * burst * factor.canaryFailed * c) / (cRoom * cRoom) +
      (baselineRate * burst * factor.baselineFailed * b) / (bRoom * bRoom) +
      fine;
    const next = power - excess / slope;
    const inside = next > low && next < high;
    if (inside && Math.abs(next - power) < 1e-13) return Math.floor(next * STEPS) / STEPS;
    power = inside ? next : (low + high) / 2;
  }
  return Math.floor(low * STEPS) / STEPS;
}
