// What are the values of the special functions that tests are made of?

const LOG_SQRT_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** Where the power series hands over to the continued fraction: below, the subtraction from one half keeps 14 digits. */
const SERIES_UNTIL = 2;

function needNumber(value: number, name: string): void {
  if (Number.isNaN(value)) throw new RangeError(`${name} must be a number, not NaN`);
}

/** exp(−x²/2). The square is split so that its rounding is not magnified by the exponential (Cody, Math. Comp. 23, 1969). */
function bell(x: number): number {
  const near = Math.trunc(x * 16) / 16;
  return Math.exp(-0.5 * near * near) * Math.exp(-0.5 * (x - near) * (x + near));
}

/** Φ(x) − ½ for |x| ≤ 2: the series of Abramowitz, Stegun 26.2.11, whose terms all have one sign. */
function aboveHalf(x: number): number {
  let term = x;
  let sum = x;
  for (let odd = 3; Math.abs(term) > 1e-18 * Math.abs(sum); odd += 2) {
    term *= (x * x) / odd;
    sum += term;
  }
  return (sum * bell(x)) / Math.sqrt(2 * Math.PI);
}

/**
 * Mills' ratio (1 − Φ(x))/φ(x) for x ≥ 2: Laplace's continued fraction 1/(x + 1/(x + 2/(x + 3/(x + …))))
 * (Abramowitz, Stegun 26.2.14), from the far end. Its error falls as exp(−2x√(2n)), so 40 + 400/x² levels are ample.
 */
function mills(x: number): number {
  let tail = x;
  for (let level = Math.ceil(40 + 400 / (x * x)); level > 0; level--) tail = x + level / tail;
  return 1 / tail;
}

/**
 * Φ(x), the probability that a standard normal variable is at most x; −∞ and ∞ are allowed. Relative error below
 * 1e-13 wherever the value is a normal double, also in the lower tail (down to x = −37.5).
 *
 * @throws RangeError for NaN.
 */
export function normalCdf(x: number): number {
  needNumber(x, "x");
  if (x === Infinity) return 1;
  if (x === -Infinity) return 0;
  if (Math.abs(x) <= SERIES_UNTIL) return 0.5 + aboveHalf(x);
  const tail = (bell(x) * mills(Math.abs(x))) / Math.sqrt(2 * Math.PI);
  return x < 0 ? tail : 1 - tail;
}

/**
 * ln Φ(x), accurate where Φ(x) itself is 0 or 1 in double precision.
 *
 * @throws RangeError for NaN.
 */
export function logNormalCdf(x: number): number {
  needNumber(x, "x");
  if (x === -Infinity) return -Infinity;
  if (x > 0) return Math.log1p(-normalCdf(-x));
  if (x >= -SERIES_UNTIL) return Math.log(normalCdf(x));
  return -0.5 * x * x - LOG_SQRT_TWO_PI + Math.log(mills(-x));
}

/** A first guess at Φ⁻¹(p) for p ≤ ½, at most 4.5e-4 off (Hastings; Abramowitz, Stegun 26.2.23). */
function roughQuantile(logP: number): number {
  const t = Math.sqrt(-2 * logP);
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  return above / below - t;
}

/**
 * Φ⁻¹(p), the value that a standard normal variable stays below with probability p, 0 < p < 1. Two steps of Halley's
 * method on ln Φ(x) = ln p, each of which cubes the error of 4.5e-4.
 *
 * @throws RangeError for a p that is not between 0 and 1.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`p must be between 0 and 1, not ${p}`);
  if (p === 0.5) return 0;
  if (p > 0.5) return -normalQuantile(1 - p);
  const logP = Math.log(p);
  let x = roughQuantile(logP);
  for (let step = 0; step < 2; step++) {
    const logCdf = logNormalCdf(x);
    const slope = Math.exp(-0.5 * x * x - LOG_SQRT_TWO_PI - logCdf);
    const newton = (logCdf - logP) / slope;
    x -= newton / (1 + 0.5 * newton * (x + slope));
  }
  return x;
}

/** Bernoulli numbers B₂ₖ/(2k(2k−1)), k = 1, 2, …: the coefficients of Stirling's series (Abramowitz, Stegun 6.1.40). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156, -3617 / 122_400];

/** Beyond it the first omitted term of Stirling's series is below 1e-17. */
const STIRLING_FROM = 15;

/**
 * ln Γ(x) for finite x > 0: Stirling's series, below 15 moved up by Γ(x + 1) = xΓ(x). The error is below 1e-14 of the
 * value, or 1e-14 where the value is below 1.
 *
 * @throws RangeError for an x that is not finite and above 0.
 */
export function logGamma(x: number): number {
  if (!(x > 0 && x < Infinity)) throw new RangeError(`x must be finite and above 0, not ${x}`);
  if (x === 1 || x === 2) return 0;
  let product = 1;
  let at = x;
  for (; at < STIRLING_FROM; at++) product *= at;
  const inverseSquare = 1 / (at * at);
  let series = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) series = series * inverseSquare + (STIRLING[k] ?? 0);
  return (at - 0.5) * Math.log(at) - at + LOG_SQRT_TWO_PI + series / at - Math.log(product);
}
