// Is the test at the planned sample the textbook's, and locked until then?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Arms, exchanged } from "./arms.ts";
import { type FixedPlan, judgeFixed, newcombe, plannedSample, zTest } from "./fixed.ts";

const PLAN: FixedPlan = {
  baseline: 0.1,
  lift: { kind: "absolute", value: 0.01 },
  alpha: 0.05,
  power: 0.8,
  split: 0.5,
};

const arms = (a: readonly [number, number], b: readonly [number, number]): Arms => ({
  control: { users: a[0], converted: a[1] },
  treatment: { users: b[0], converted: b[1] },
});

const arm = fc
  .tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([users, rate]) => ({ users, converted: Math.round(users * rate) }));
const anyArms = fc.record({ control: arm, treatment: arm });

describe("the planned sample", () => {
  test("10 % against 11 %, 5 % and 80 %: 14 751 per arm", () => {
    expect(plannedSample(PLAN)).toEqual({ control: 14_751, treatment: 14_751 });
    expect(plannedSample({ ...PLAN, lift: { kind: "relative", value: 0.1 } })).toEqual(plannedSample(PLAN));
  });

  test("unequal shares need more users together", () => {
    const { control, treatment } = plannedSample({ ...PLAN, split: 0.2 });
    expect(control / treatment).toBeCloseTo(4, 3);
    expect(control + treatment).toBeGreaterThan(2 * 14_751 * 1.5);
    expect(control + treatment).toBeLessThan(2 * 14_751 * 1.65);
  });

  test("exchanging the rates and the shares exchanges the arms", () => {
    const share = fc.double({ min: 0.05, max: 0.95, noNaN: true });
    fc.assert(
      fc.property(share, share, share, (baseline, lifted, split) => {
        fc.pre(Math.abs(lifted - baseline) > 1e-3);
        const there = plannedSample({ ...PLAN, baseline, split, lift: { kind: "absolute", value: lifted - baseline } });
        const back = plannedSample({
          ...PLAN,
          baseline: lifted,
          split: 1 - split,
          lift: { kind: "absolute", value: baseline - lifted },
        });
        expect(Math.abs(there.control - back.treatment)).toBeLessThanOrEqual(1);
        expect(Math.abs(there.treatment - back.control)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("a plan that cannot be is refused by name", () => {
    expect(() => plannedSample({ ...PLAN, baseline: 0 })).toThrow("baseline must be between 0 and 1, not 0");
    expect(() => plannedSample({ ...PLAN, alpha: 1 })).toThrow("alpha must be between 0 and 1, not 1");
    expect(() => plannedSample({ ...PLAN, power: NaN })).toThrow("power must be between 0 and 1, not NaN");
    expect(() => plannedSample({ ...PLAN, split: -1 })).toThrow("split must be between 0 and 1, not -1");
    expect(() => plannedSample({ ...PLAN, lift: { kind: "absolute", value: 0.95 } })).toThrow("the lifted rate");
    expect(() => plannedSample({ ...PLAN, lift: { kind: "relative", value: 0 } })).toThrow("a lift of 0");
    expect(() => plannedSample({ ...PLAN, lift: { kind: "absolute", value: 1e-12 } })).toThrow("too small");
  });
});

describe("the z-test", () => {
  test("by hand: 100 of 1 000 against 130 of 1 000", () => {
    const { z, p } = zTest(arms([1_000, 100], [1_000, 130]));
    expect(z).toBeCloseTo(0.03 / Math.sqrt(0.115 * 0.885 * 0.002), 12);
    expect(p).toBeCloseTo(0.035_488, 6);
  });

  test("nobody and everybody make no difference", () => {
    expect(zTest(arms([10, 0], [20, 0]))).toEqual({ z: 0, p: 1 });
    expect(zTest(arms([10, 10], [20, 20]))).toEqual({ z: 0, p: 1 });
  });

  test("exchanging the arms turns the sign, and the interval round", () => {
    fc.assert(
      fc.property(anyArms, (seen) => {
        const [there, back] = [zTest(seen), zTest(exchanged(seen))];
        expect(there.z + back.z).toBe(0);
        expect(there.p).toBe(back.p);
        const [low, high] = newcombe(seen, 0.05);
        const [mirrorLow, mirrorHigh] = newcombe(exchanged(seen), 0.05);
        expect(low + mirrorHigh).toBeCloseTo(0, 12);
        expect(high + mirrorLow).toBeCloseTo(0, 12);
      }),
    );
  });

  test("one more conversion of the treatment is never a smaller z", () => {
    fc.assert(
      fc.property(anyArms, (seen) => {
        const { users, converted } = seen.treatment;
        fc.pre(converted < users);
        const more = { ...seen, treatment: { users, converted: converted + 1 } };
        expect(zTest(more).z).toBeGreaterThanOrEqual(zTest(seen).z - 1e-9);
      }),
    );
  });
});

describe("Newcombe's interval", () => {
  /** From Newcombe 1998, table II, method 10: the examples of 56/70 − 48/80, 9/10 − 3/10 and 10/10 − 0/10. */
  test.for([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [10, 10, 0, 10, 0.6075, 1],
  ] as const)("%d/%d − %d/%d", ([x, n, y, m, low, high]) => {
    const interval = newcombe(arms([m, y], [n, x]), 0.05);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  test("holds the estimate and stays a difference of shares", () => {
    fc.assert(
      fc.property(anyArms, fc.double({ min: 0.001, max: 0.5, noNaN: true }), (seen, alpha) => {
        const [low, high] = newcombe(seen, alpha);
        const middle = seen.treatment.converted / seen.treatment.users - seen.control.converted / seen.control.users;
        expect(low).toBeLessThanOrEqual(middle + 1e-12);
        expect(high).toBeGreaterThanOrEqual(middle - 1e-12);
        expect(low).toBeGreaterThanOrEqual(-1 - 1e-12);
        expect(high).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
  });
});

describe("the lock", () => {
  test("before the sample is reached in both arms nothing but what is missing is said", () => {
    expect(judgeFixed(PLAN, arms([14_751, 1_500], [14_000, 9_000]))).toEqual({
      kind: "locked",
      sample: { control: 14_751, treatment: 14_751 },
      missing: { control: 0, treatment: 751 },
    });
  });

  test("at the sample it opens", () => {
    const seen = arms([14_751, 1_475], [14_751, 1_652]);
    expect(judgeFixed(PLAN, seen)).toEqual({
      kind: "open",
      sample: { control: 14_751, treatment: 14_751 },
      arms: seen,
      ...zTest(seen),
      interval: newcombe(seen, 0.05),
    });
  });

  test("counts that cannot be are refused by name", () => {
    expect(() => judgeFixed(PLAN, arms([10, 11], [10, 1]))).toThrow("control: not a number of converted");
    expect(() => judgeFixed(PLAN, arms([10, 1], [1.5, 1]))).toThrow("treatment: not a number of users: 1.5");
    expect(() => zTest(arms([0, 0], [10, 1]))).toThrow("users in both arms");
    expect(() => newcombe(arms([0, 0], [10, 1]), 0.05)).toThrow("users in both arms");
    expect(() => newcombe(arms([10, 1], [10, 1]), 2)).toThrow("alpha must be between 0 and 1, not 2");
  });
});
