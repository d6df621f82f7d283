// Below which value does a share of a normal distribution lie?

/** Acklam's rational approximation, relative error below 1.2e-9 in the middle; enough to draw from. 0 < p < 1. */
export function quantileOfNormal(p: number): number {
  if (p > 0.5) return -quantileOfNormal(1 - p);
  if (p < 0.024_25) {
    const q = Math.sqrt(-2 * Math.log(p));
    const up = [-0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968];
    const down = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
    return (poly(up, q) * q + 2.938163982698783) / (poly(down, q) * q + 1);
  }
  const q = p - 0.5;
  const r = q * q;
  const up = [-39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716];
  const down = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
  return ((poly(up, r) * r + 2.506628277459239) * q) / (poly(down, r) * r + 1);
}

const poly = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
