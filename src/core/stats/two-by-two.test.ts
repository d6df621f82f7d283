// Does the test of two arms match the reference, and does it stay in bounds?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import vectors from "../../../test/golden/stats/vectors.json" with { type: "json" };
import type { Margin } from "./plan.ts";
import { advance, clampShare, type Counts, evidenceOf, GO, type Grid, HARM, project, startLogs } from "./two-by-two.ts";

const ROWS: Counts[] = vectors.rows_nc_xc_nb_xb.map(([canaryN = 0, canaryX = 0, baselineN = 0, baselineX = 0]) => ({
  canaryN,
  canaryX,
  baselineN,
  baselineX,
}));

const NONE: Margin = { rho: 1, delta: 0 };

/** The reference's run over the rows, with its start of 0.5 failures in 50 requests. */
function path(grid: Grid, margin: Margin, phi = 1): number[] {
  let logs = startLogs(grid);
  let failed = 0.5;
  let all = 50;
  return ROWS.map((counts) => {
    logs = advance(logs, counts, { grid, margin, phi, baseline: clampShare(failed / all) });
    failed += counts.baselineX;
    all += counts.baselineN;
    return evidenceOf(logs, grid);
  });
}

function worst(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Infinity;
  return Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] ?? NaN))));
}

describe("golden vectors of the reference implementation", () => {
  test.each([
    ["harm without a margin", path(HARM, NONE), vectors.harm_rho1_delta0],
    ["harm with a margin", path(HARM, { rho: 1.1, delta: 1e-4 }), vectors.harm_rho1p1_delta1e_4],
    ["go", path(GO, { rho: 1, delta: 5e-3 }), vectors.go_rho1_delta5e_3],
    ["harm in bursts", path(HARM, NONE, 5), vectors.harm_PA_phi5],
  ])("%s", (_, actual, expected) => {
    expect(worst(actual, expected)).toBeLessThan(1e-9);
  });

  test("the projection", () => {
    const m = project({ share: 0.05, canary: 0.01, baseline: 0.001 }, { rho: 1.25, delta: 1e-3 });
    expect(worst([1.25 * m + 1e-3, m], vectors.project_w05_tc01_tb001_rho1p25_delta1e_3)).toBeLessThan(1e-15);
  });
});

/** Fisher's noncentral hypergeometric: log of Σ C(n1, x) C(n2, s − x) ψˣ, relative to its first term, and that term's x. */
function conditional(counts: Counts, logOdds: number): readonly [log: number, first: number] {
  const { canaryN, baselineN } = counts;
  const s = counts.canaryX + counts.baselineX;
  const first = Math.max(0, s - baselineN);
  let log = 0;
  let sum = 1;
  for (let x = first; x < Math.min(canaryN, s); x++) {
    log += Math.log(((canaryN - x) * (s - x)) / ((x + 1) * (baselineN - s + x + 1))) + logOdds;
    sum += Math.exp(log);
  }
  return [Math.log(sum), first];
}

/** The exact conditional test of equal odds, a different road to the same question. */
function conditionalPath(): number[] {
  const logs = HARM.ratios.map(() => 0);
  return ROWS.map((counts) => {
    for (const [j, ratio] of HARM.ratios.entries()) {
      if (counts.canaryN === 0) continue;
      const [alternative, first] = conditional(counts, Math.log(ratio));
      const [null_] = conditional(counts, 0);
      logs[j] = (logs[j] ?? 0) + (counts.canaryX - first) * Math.log(ratio) - alternative + null_;
    }
    return evidenceOf(logs, HARM);
  });
}

describe("cross-check by Fisher's noncentral hypergeometric distribution", () => {
  test("the check itself matches the reference", () => {
    expect(worst(conditionalPath(), vectors.fnch_rho1)).toBeLessThan(1e-9);
  });
  test("both tests tell the same story", () => {
    expect(worst(path(HARM, NONE), conditionalPath())).toBeLessThan(0.6);
  });
});

const share = fc.double({ min: 1e-7, max: 1 - 1e-6, noNaN: true });
const margin = fc.record({
  rho: fc.double({ min: 1, max: 3, noNaN: true }),
  delta: fc.double({ min: 0, max: 0.2, noNaN: true }),
});
const size = fc.integer({ min: 0, max: 100_000 });
const counts = fc
  .record({ canaryN: size, baselineN: size, c: fc.double({ min: 0, max: 1, noNaN: true }), b: share })
  .map(({ canaryN, baselineN, c, b }) => ({
    canaryN,
    baselineN,
    canaryX: Math.round(c * canaryN),
    baselineX: Math.round(b * baselineN),
  }));
const scene = fc.record({
  seen: counts,
  at: margin,
  baseline: share,
  phi: fc.double({ min: 1, max: 50, noNaN: true }),
});

describe("properties", () => {
  test("evidence stays finite, also with nothing, all or none failing", () => {
    fc.assert(
      fc.property(scene, fc.constantFrom(HARM, GO), ({ seen, at, baseline, phi }, grid) => {
        const logs = advance(startLogs(grid), seen, { grid, margin: at, baseline, phi });
        expect(Number.isFinite(evidenceOf(logs, grid))).toBe(true);
      }),
    );
  });

  test("one more failure of the canary is never less evidence of harm, nor more evidence of no harm", () => {
    fc.assert(
      fc.property(scene, ({ seen, at, baseline, phi }) => {
        fc.pre(seen.canaryX < seen.canaryN);
        const evidence = (grid: Grid, canaryX: number): number =>
          evidenceOf(advance(startLogs(grid), { ...seen, canaryX }, { grid, margin: at, baseline, phi }), grid);
        const near = 1e-9 * (1 + Math.abs(evidence(HARM, seen.canaryX)));
        expect(evidence(HARM, seen.canaryX + 1)).toBeGreaterThanOrEqual(evidence(HARM, seen.canaryX) - near);
        expect(evidence(GO, seen.canaryX + 1)).toBeLessThanOrEqual(evidence(GO, seen.canaryX) + near);
      }),
    );
  });

  test("an outage of both arms is no evidence of harm", () => {
    let logs = startLogs(HARM);
    const outage = { canaryN: 20, canaryX: 20, baselineN: 180, baselineX: 180 };
    for (const baseline of [0.001, 0.3, 0.6, 0.85, 0.9, 0.92, 0.95, 0.999]) {
      logs = advance(logs, outage, { grid: HARM, margin: { rho: 1.1, delta: 1e-4 }, baseline, phi: 1 });
      expect(evidenceOf(logs, HARM)).toBeLessThanOrEqual(0);
    }
  });

  test("the projection is the nearest pair on the boundary", () => {
    fc.assert(
      fc.property(fc.tuple(share, share, share), margin, ([w, canary, baseline], at) => {
        const m = project({ share: w, canary, baseline }, at);
        const distance = (to: number): number => {
          const q = at.rho * to + at.delta;
          if (!(to > 0 && q < 1)) return Infinity;
          const kl = (p: number, from: number): number =>
            p * Math.log(p / from) + (1 - p) * (Math.log1p(-p) - Math.log1p(-from));
          return w * kl(canary, q) + (1 - w) * kl(baseline, to);
        };
        for (const other of [m * 0.99, m * 1.01]) expect(distance(m)).toBeLessThanOrEqual(distance(other) + 1e-12);
      }),
    );
  });

  test("the factor of one interval is a fair bet on the boundary", () => {
    const [canaryN, baselineN, baseline] = [3, 12, 0.2];
    const at = { rho: 1.1, delta: 0.01 };
    const pmf = (x: number, n: number, p: number): number => choose(n, x) * p ** x * (1 - p) ** (n - x);
    for (const grid of [HARM, GO]) {
      for (const p of [0.02, 0.1, 0.2, 0.5, 0.8]) {
        let mean = 0;
        for (let canaryX = 0; canaryX <= canaryN; canaryX++) {
          for (let baselineX = 0; baselineX <= baselineN; baselineX++) {
            const seen = { canaryN, canaryX, baselineN, baselineX };
            const logs = advance(startLogs(grid), seen, { grid, margin: at, baseline, phi: 1 });
            const chance = pmf(canaryX, canaryN, at.rho * p + at.delta) * pmf(baselineX, baselineN, p);
            mean += chance * Math.exp(evidenceOf(logs, grid));
          }
        }
        expect(mean).toBeLessThanOrEqual(1 + 1e-12);
      }
    }
  });
});

function choose(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i;
  return value;
}
