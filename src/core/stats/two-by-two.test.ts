// Does the test of two arms match the reference, and does it stay in bounds?
import fc from "fast-check";
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

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries()) expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-9);
}

describe("golden vectors", () => {
  test("harm without a margin", () => {
    expectClose(path(HARM, { rho: 1, delta: 0 }), vectors.harm_rho1_delta0);
  });
  test("harm with a margin", () => {
    expectClose(path(HARM, { rho: 1.1, delta: 1e-4 }), vectors.harm_rho1p1_delta1e_4);
  });
  test("go", () => expectClose(path(GO, { rho: 1, delta: 5e-3 }), vectors.go_rho1_delta5e_3));
  test("bursts", () => {
    const close = [
      { rho: 1, delta: 0 },
      { rho: 1.1, delta: 1e-4 },
    ].map((margin) => path(HARM, margin, 5));
    console.log(close, vectors.harm_PA_phi5);
    expectClose(path(HARM, { rho: 1, delta: 0 }, 5), vectors.harm_PA_phi5);
  });
  test("projection", () => {
    const margin = { rho: 1.25, delta: 1e-3 };
    const m = project({ share: 0.05, canary: 0.01, baseline: 0.001 }, margin);
    expectClose([1.25 * m + 1e-3, m], vectors.project_w05_tc01_tb001_rho1p25_delta1e_3);
  });
});
