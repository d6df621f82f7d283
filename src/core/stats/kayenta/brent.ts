// Where between two points is a function zero?

/** An interval, with the function's values at its ends. */
export interface Bracket {
  readonly low: number;
  readonly high: number;
  readonly atLow: number;
  readonly atHigh: number;
}

/** How far from the root it may stop. Absolute, whatever the unit: where it stops is visible in Kayenta's figures. */
const TOLERANCE = 1e-4;
const MOST_STEPS = 1001;

/** Zero within one unit in the last place. */
const isZero = (value: number): boolean => Math.abs(value) <= Number.MIN_VALUE;

/** The last three points: `b` is the best, `c` is on the other side of the root, `a` is the one before `b`. */
interface Points {
  a: number;
  b: number;
  c: number;
  fa: number;
  fb: number;
  fc: number;
}

/** The step to the root of a line through two points, or of an inverse parabola through three; `half` when it leaves them. */
function nextStep(at: Readonly<Points>, previous: number, tolerance: number): number {
  const { a, b, c, fa, fb, fc } = at;
  const half = (c - b) / 2;
  if (!(Math.abs(previous) >= tolerance && Math.abs(fa) > Math.abs(fb))) return half;
  const d = c - b;
  let p: number;
  let q: number;
  if (a === c) {
    const u = fb / fa;
    p = d * u;
    q = 1 - u;
  } else {
    q = fa / fc;
    const u = fb / fc;
    const v = fb / fa;
    p = v * (d * q * (q - u) - (b - a) * (u - 1));
    q = (q - 1) * (u - 1) * (v - 1);
  }
  if (p > 0) q = -q;
  else p = -p;
  const isInside = p < 0.75 * d * q - Math.abs(tolerance * q) / 2 && p < Math.abs((previous * q) / 2);
  return isInside ? p / q : half;
}

/**
 * Brent's method as R's `zeroin` has it (Brent 1973, "Algorithms for minimization without derivatives", ch. 4), with the
 * tolerances that Kayenta gives it. The function answers `undefined` where it has no value; then so does this.
 */
export function findZero(bracket: Bracket, f: (x: number) => number | undefined): number | undefined {
  const { low, high, atLow, atHigh } = bracket;
  if (isZero(atLow)) return low;
  if (isZero(atHigh)) return high;
  const at: Points = { a: low, b: high, c: low, fa: atLow, fb: atHigh, fc: atLow };
  for (let step = 0; step < MOST_STEPS; step++) {
    const previous = at.b - at.a;
    if (Math.abs(at.fc) < Math.abs(at.fb)) {
      Object.assign(at, { a: at.b, b: at.c, c: at.b, fa: at.fb, fb: at.fc, fc: at.fb });
    }
    const tolerance = 2 * Number.EPSILON * Math.abs(at.b) + TOLERANCE / 2;
    if (Math.abs((at.c - at.b) / 2) <= tolerance || isZero(at.fb)) return at.b;
    let move = nextStep(at, previous, tolerance);
    if (Math.abs(move) < tolerance) move = move > 0 ? tolerance : -tolerance;
    at.a = at.b;
    at.fa = at.fb;
    at.b += move;
    const value = f(at.b);
    if (value === undefined) return undefined;
    at.fb = value;
    if ((at.fb > 0 && at.fc > 0) || (at.fb < 0 && at.fc < 0)) {
      at.c = at.a;
      at.fc = at.fa;
    }
  }
  return at.b;
}
