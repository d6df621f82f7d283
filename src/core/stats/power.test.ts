// Are the chances those of the formulas, and do they move the right way?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import vectors from "../../../test/golden/stats/vectors.json" with { type: "json" };
import { GO_MARGIN, HARM_MARGIN } from "./defaults.ts";
import {
  bisect,
  chanceBeyond,
  chanceOf,
  type Comparison,
  courseOf,
  crossing,
  detectable,
  gainOf,
  requestsFor,
  type Segment,
} from "./power.ts";

const NONE = { rho: 1, delta: 0 };

const AT: Omit<Segment, "requests"> = { share: 0.1, canaryReplicas: 3, baselineReplicas: 10 };

const HARM: Comparison = {
  shows: "harm",
  canary: 0.005,
  baseline: 0.001,
  margin: HARM_MARGIN,
  needed: Math.log(100),
  phi: 1,
  tau: { start: 0.2, true: 0 },
  known: 100_000,
};

const course = (requests: number, at: Partial<Segment> = {}) => courseOf([{ ...AT, requests, ...at }]);

const off = (value: number, golden: number | undefined): number => Math.abs(value / (golden ?? NaN) - 1);

describe("golden values of the reference implementation", () => {
  test("drift and variance of 0.1 % against 0.2 % at a share of 5 %", () => {
    const { drift, variance } = gainOf({ share: 0.05, canary: 0.002, baseline: 0.001 }, NONE);
    const [d, v] = vectors.plan.drift_var_001_002_w05;
    expect(off(drift, d)).toBeLessThan(1e-9);
    expect(off(variance, v)).toBeLessThan(1e-9);
  });

  test("canary requests that find 0.5 % against 0.1 % with 50, 80 and 90 %", () => {
    const truth = { share: 0.05, canary: 0.005, baseline: 0.001 };
    const { drift, variance } = gainOf(truth, NONE);
    const boundary = 0.05 * truth.canary + 0.95 * truth.baseline;
    const distance = Math.log(100) + 1.2 + Math.log(truth.canary / boundary) / 2;
    [0.5, 0.8, 0.9].forEach((power, index) => {
      const enough = (n: number): boolean => crossing(n * drift, n * variance, distance) >= power;
      expect(off(bisect([0, 1e6], enough, 1e-13), vectors.plan.n50_90[index])).toBeLessThan(1e-9);
    });
  });
});

describe("crossing", () => {
  test("without variance it is a step", () => {
    expect(crossing(5, 0, 5)).toBe(1);
    expect(crossing(4.99, 0, 5)).toBe(0);
  });

  test("a probability that grows with time and falls with the distance", () => {
    const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
    const walk = fc.record({ drift: positive, variance: positive, h: positive });
    fc.assert(
      fc.property(walk, fc.double({ min: 1, max: 5, noNaN: true }), ({ drift, variance, h }, more) => {
        const chance = crossing(drift, variance, h);
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThanOrEqual(1);
        expect(crossing(drift * more, variance * more, h)).toBeGreaterThanOrEqual(chance - 1e-12);
        expect(crossing(drift, variance, h * more)).toBeLessThanOrEqual(chance + 1e-12);
      }),
    );
  });

  test("a walk that drifts away still crosses with probability exp(2 d h / v) in the end (Ville)", () => {
    expect(crossing(-1e6, 2e6, 3)).toBeCloseTo(Math.exp(-3), 3);
  });
});

describe("chances of a comparison", () => {
  test("bad and worse, few and many: more is sooner shown", () => {
    const times = fc.double({ min: 1.5, max: 300, noNaN: true });
    const requests = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(times, requests, (factor, n) => {
        const chance = chanceOf({ ...HARM, canary: factor * HARM.baseline }, course(n));
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThanOrEqual(1);
        const later = chanceOf({ ...HARM, canary: factor * HARM.baseline, needed: HARM.needed + 1 }, course(n));
        expect(later).toBeLessThanOrEqual(chance + 1e-12);
      }),
    );
    const ninety = (of: Partial<Comparison>): number => requestsFor(0.9, (c) => chanceOf({ ...HARM, ...of }, c), AT);
    expect(ninety({ canary: 0.01 })).toBeLessThan(ninety({}) / 2);
    expect(ninety({ phi: 5 })).toBeGreaterThan(3 * ninety({}));
    expect(ninety({ known: 0 })).toBeGreaterThan(ninety({}));
  });

  test("within the margin nothing is shown, on either side", () => {
    expect(chanceOf({ ...HARM, canary: 0.0012 }, course(1e9))).toBe(0);
    const go = { ...HARM, shows: "go", margin: GO_MARGIN, canary: 0.006 } as const;
    expect(chanceOf(go, course(1e9))).toBe(0);
    expect(chanceOf({ ...go, canary: 0.001 }, course(1e5))).toBeGreaterThan(0.99);
  });

  test("without requests nothing is shown, and nothing of an unknown fleet before a dozen", () => {
    expect(chanceOf(HARM, course(0))).toBe(0);
    const broken = { ...HARM, canary: 1, known: 0 };
    expect(chanceOf(broken, course(11, { share: 0.5 }))).toBe(0);
    expect(chanceOf({ ...broken, known: 100_000 }, course(11, { share: 0.5 }))).toBeGreaterThan(0.5);
  });

  test("replicas that may differ put an end to what more requests show", () => {
    const small = { canaryReplicas: 1, baselineReplicas: 1 };
    const twice = { ...HARM, canary: 0.04, baseline: 0.02 };
    expect(requestsFor(0.9, (c) => chanceOf(twice, c), { ...AT, ...small })).toBe(Infinity);
    expect(
      requestsFor(0.9, (c) => chanceOf(twice, c), { ...AT, canaryReplicas: 20, baselineReplicas: 40 }),
    ).toBeLessThan(3_000);
  });

  test("the smallest effect that is caught is caught, and no smaller one", () => {
    const chance = (canary: number): number => chanceOf({ ...HARM, canary }, course(5_000));
    const least = detectable(0.9, chance, [0.001, 1]);
    expect(chance(least * 1.001)).toBeGreaterThanOrEqual(0.9);
    expect(chance(least * 0.99)).toBeLessThan(0.9);
    expect(detectable(0.9, (canary) => chanceOf({ ...HARM, canary }, course(1)), [0.001, 1])).toBe(Infinity);
  });
});

describe("courses", () => {
  test("sums, and replicas that joined late count for what they carried", () => {
    const one = { ...AT, requests: 100, canaryReplicas: 1 };
    expect(courseOf([one, one])).toMatchObject({ canaryRequests: 200, baselineRequests: 1_800, canaryReplicas: 1 });
    // Two replicas with 150 and 50 requests.
    const grown = courseOf([one, { ...AT, requests: 100, canaryReplicas: 2 }]).canaryReplicas;
    expect(grown).toBeCloseTo(200 ** 2 / (150 ** 2 + 50 ** 2), 10);
  });
});

describe("a fixed bound", () => {
  test("is shown to be broken by a canary beyond it alone", () => {
    const of = { canary: 0.05, baseline: 0.001, max: 0.01, needed: Math.log(100), phi: 1 };
    expect(chanceBeyond(of, 1_000)).toBeGreaterThan(0.99);
    expect(chanceBeyond(of, 10)).toBeLessThan(0.2);
    expect(chanceBeyond({ ...of, canary: 0.01 }, 1e6)).toBe(0);
    expect(chanceBeyond({ ...of, baseline: 0.02 }, 1e6)).toBe(0);
  });
});
