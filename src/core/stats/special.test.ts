// Are the special functions exact, also far out?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { logGamma, logNormalCdf, normalCdf, normalQuantile } from "./special.ts";

/** Relative distance. */
function off(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.abs(expected);
}

/** x, Φ(x), ln Φ(x), computed with 50 digits. */
const CDF = [
  [-37.5, 4.60535300958196e-308, -707.668989317507],
  [-30, 4.90671392714819e-198, -454.321243956343],
  [-10, 7.61985302416053e-24, -53.2312851505125],
  [-5, 2.86651571879194e-7, -15.0649983939887],
  [-3, 0.00134989803163009, -6.60772622151035],
  [-2.000_000_1, 0.0227501265490831, -3.78318457100359],
  [-2, 0.0227501319481792, -3.78318433368203],
  [-1.9, 0.0287165598160018, -3.55028132554214],
  [-1, 0.158655253931457, -1.84102164500926],
  [-0.5, 0.308537538725987, -1.17591176159362],
  [0, 0.5, -Math.LN2],
  [0.25, 0.598706325682924, -0.51298407540943],
  [1, 0.841344746068543, -0.17275377902345],
  [2, 0.977249868051821, -0.0230129093289635],
  [2.5, 0.993790334674224, -0.00622902548586],
  [5, 0.999999713348428, -2.86651612963764e-7],
  [8, 0.999999999999999, -6.22096057427179e-16],
] as const;

describe("the normal distribution", () => {
  test.for(CDF)("Φ(%d)", ([x, cdf, log]) => {
    expect(off(normalCdf(x), cdf)).toBeLessThan(1e-13);
    expect(off(logNormalCdf(x), log)).toBeLessThan(1e-13);
  });

  test.for([
    [-40, -804.608442013754],
    [-100, -5005.52420869421],
    [-1e4, -50000010.1292789],
  ] as const)("ln Φ(%d), where Φ itself is 0", ([x, log]) => {
    expect(normalCdf(x)).toBe(0);
    expect(off(logNormalCdf(x), log)).toBeLessThan(1e-14);
  });

  test.for([
    [1e-300, -37.0470962993612],
    [1e-16, -8.22208221613043],
    [1e-5, -4.26489079392282],
    [0.001, -3.09023230616781],
    [0.025, -1.95996398454005],
    [0.05, -1.64485362695147],
    [0.2, -0.841621233572914],
    [0.4, -0.2533471031358],
    [0.8, 0.841621233572914],
    [0.975, 1.95996398454005],
    [0.995, 2.5758293035489],
  ] as const)("Φ⁻¹(%d)", ([p, x]) => {
    expect(off(normalQuantile(p), x)).toBeLessThan(1e-13);
  });

  test("its ends", () => {
    expect([normalCdf(-Infinity), normalCdf(Infinity)]).toEqual([0, 1]);
    expect([logNormalCdf(-Infinity), logNormalCdf(Infinity)].map(String)).toEqual(["-Infinity", "0"]);
    expect(normalQuantile(0.5)).toBe(0);
    for (const p of [0, 1, -0.1, 1.1, NaN]) expect(() => normalQuantile(p)).toThrow(`not ${p}`);
    expect(() => normalCdf(NaN)).toThrow("x must be a number");
    expect(() => logNormalCdf(NaN)).toThrow("x must be a number");
  });

  const real = fc.double({ min: -37, max: 37, noNaN: true });

  test("Φ grows, and both tails are one", () => {
    fc.assert(
      fc.property(real, real, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(normalCdf(low)).toBeLessThanOrEqual(normalCdf(high) * (1 + 1e-14));
        expect(Math.abs(normalCdf(a) + normalCdf(-a) - 1)).toBeLessThan(1e-15);
        expect(off(Math.exp(logNormalCdf(-Math.abs(a))), normalCdf(-Math.abs(a)))).toBeLessThan(2e-13);
      }),
    );
  });

  test("Φ(Φ⁻¹(p)) = p", () => {
    fc.assert(
      fc.property(fc.double({ min: -300, max: -1e-9, noNaN: true }), (log10) => {
        const p = 10 ** log10;
        expect(off(normalCdf(normalQuantile(p)), p)).toBeLessThan(1e-12);
      }),
    );
  });

  test("the quantile is odd", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 1 - 2 ** -53, noNaN: true }), (p) => {
        expect(normalQuantile(p) + normalQuantile(1 - p)).toBe(0);
      }),
    );
  });
});

describe("ln Γ", () => {
  test.for([
    [1e-10, 23.0258509298827],
    [0.1, 2.25271265173421],
    [0.5, 0.5723649429247],
    [1.5, -0.120782237635245],
    [2.5, 0.284682870472919],
    [3, Math.LN2],
    [10, 12.8018274800815],
    [14.9, 24.9241320022173],
    [15.1, 25.4589997509927],
    [100, 359.134205369575],
    [1_234.5, 7550.5509010779],
    [1e10, 220258509288.811],
  ] as const)("ln Γ(%d)", ([x, log]) => {
    expect(Math.abs(logGamma(x) - log)).toBeLessThan(1e-14 * Math.max(1, Math.abs(log)));
  });

  test("Γ(x + 1) = xΓ(x)", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (x) => {
        const next = logGamma(x + 1);
        expect(Math.abs(next - logGamma(x) - Math.log(x))).toBeLessThan(3e-14 * Math.max(1, Math.abs(next)));
      }),
    );
  });

  test("its ends", () => {
    expect([logGamma(1), logGamma(2)]).toEqual([0, 0]);
    for (const x of [0, -1, Infinity, NaN]) expect(() => logGamma(x)).toThrow(`not ${x}`);
  });
});
