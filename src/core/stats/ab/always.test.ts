// Is the always-valid test fair, the same for both arms, and the same however users are batched?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addBatch, type Always, alwaysP, confidenceSequence, evidenceAbove, startAlways } from "./always.ts";
import { type Arms, exchanged, NO_ONE, NOBODY } from "./arms.ts";

const judge = (batches: readonly Arms[]): Always => batches.reduce(addBatch, startAlways());

const arm = fc
  .tuple(fc.integer({ min: 0, max: 300 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([users, rate]) => ({ users, converted: Math.round(users * rate) }));
const batch = fc.record({ control: arm, treatment: arm });
const batches = fc.array(batch, { minLength: 1, maxLength: 12 });

/** Looks of equal size with fixed rates, whole numbers. */
function steady(looks: number, control: readonly [number, number], treatment: readonly [number, number]): Arms[] {
  return Array.from({ length: looks }, () => ({
    control: { users: control[0], converted: control[1] },
    treatment: { users: treatment[0], converted: treatment[1] },
  }));
}

describe("symmetry", () => {
  test("exchanging the arms leaves the evidence as it is, and turns the interval round", () => {
    fc.assert(
      fc.property(batches, (seen) => {
        const [there, back] = [judge(seen), judge(seen.map(exchanged))];
        expect(back.now).toBe(there.now);
        expect(back.top).toBe(there.top);
        expect([back.up, back.down]).toEqual([there.down, there.up]);
        const [a, b] = [confidenceSequence(seen, 0.05), confidenceSequence(seen.map(exchanged), 0.05)];
        expect(b).toEqual(a.kind === "interval" ? { kind: a.kind, low: -a.high, high: -a.low } : a);
      }),
      { numRuns: 40 },
    );
  });
});

describe("what a batch is", () => {
  test("empty batches change nothing", () => {
    fc.assert(
      fc.property(batches, (seen) => {
        expect(judge(seen.flatMap((one) => [NO_ONE, one, NO_ONE]))).toEqual(judge(seen));
      }),
    );
  });

  test("a batch that comes arm by arm is the same batch", () => {
    fc.assert(
      fc.property(batches, fc.boolean(), (seen, controlFirst) => {
        const both = seen.map(({ control, treatment }) => ({
          control: { users: control.users + 1, converted: control.converted },
          treatment: { users: treatment.users + 1, converted: treatment.converted },
        }));
        const apart = both.flatMap(({ control, treatment }) => {
          const parts = [
            { control, treatment: NOBODY },
            { control: NOBODY, treatment },
          ];
          return controlFirst ? parts : parts.toReversed();
        });
        expect(judge(apart)).toEqual(judge(both));
        expect(confidenceSequence(apart, 0.05)).toEqual(confidenceSequence(both, 0.05));
      }),
      { numRuns: 40 },
    );
  });

  test("a batch of one arm alone waits", () => {
    const state = addBatch(startAlways(), { control: { users: 10, converted: 3 }, treatment: NOBODY });
    expect(alwaysP(state)).toBe(1);
    expect(state).toMatchObject({ looks: 0, counted: NO_ONE, waiting: { control: { users: 10, converted: 3 } } });
  });

  test.for([
    [2, 0.05],
    [5, 0.2],
    [20, 0.8],
  ] as const)("batches of 50 users per arm or %d times as many, with shares that stay", ([times, apart]) => {
    const few = judge(steady(400, [50, 20], [50, 22]));
    const many = judge(steady(400 / times, [50 * times, 20 * times], [50 * times, 22 * times]));
    expect(few.now).toBeGreaterThan(25);
    expect(Math.abs(few.now - many.now)).toBeLessThan(apart);
  });
});

describe("evidence", () => {
  test("p never grows", () => {
    fc.assert(
      fc.property(batches, (seen) => {
        let [state, p] = [startAlways(), 1];
        for (const one of seen) {
          state = addBatch(state, one);
          expect(alwaysP(state)).toBeLessThanOrEqual(p);
          p = alwaysP(state);
        }
      }),
    );
  });

  test("once the treatment is ahead, one more of its conversions in the last batch is more evidence", () => {
    fc.assert(
      fc.property(fc.integer({ min: 120, max: 198 }), (converted) => {
        const before = steady(5, [200, 100], [200, 110]);
        const last = (x: number): Arms => ({
          control: { users: 200, converted: 100 },
          treatment: { users: 200, converted: x },
        });
        expect(judge([...before, last(converted + 1)]).now).toBeGreaterThan(judge([...before, last(converted)]).now);
      }),
    );
  });

  test("it says which arm it speaks for", () => {
    const ahead = judge(steady(50, [100, 10], [100, 20]));
    expect(ahead.towards).toBe("treatment");
    expect(alwaysP(ahead)).toBeLessThan(1e-6);
    expect(judge(steady(50, [100, 20], [100, 10])).towards).toBe("control");
    expect(judge([NO_ONE]).towards).toBe("neither");
  });

  test("the factor of one batch is a fair bet under equal rates", () => {
    const [n, m] = [4, 9];
    const before = judge(steady(3, [20, 2], [10, 4]));
    for (const p of [0.02, 0.1, 0.3, 0.5, 0.9]) {
      let mean = 0;
      for (let x = 0; x <= n; x++) {
        for (let y = 0; y <= m; y++) {
          const seen = { control: { users: m, converted: y }, treatment: { users: n, converted: x } };
          mean += pmf(x, n, p) * pmf(y, m, p) * Math.exp(addBatch(before, seen).now - before.now);
        }
      }
      expect(mean).toBeLessThanOrEqual(1 + 1e-12);
    }
  });
});

describe("the confidence sequence", () => {
  test("without users of both arms there is none", () => {
    expect(confidenceSequence([], 0.05)).toEqual({ kind: "no-users" });
    expect(confidenceSequence([{ control: { users: 9, converted: 1 }, treatment: NOBODY }], 0.05)).toEqual({
      kind: "no-users",
    });
    expect(() => confidenceSequence([], 0)).toThrow("alpha must be between 0 and 1, not 0");
  });

  test("holds the difference seen, and shrinks", () => {
    const wide = confidenceSequence(steady(20, [100, 10], [100, 13]), 0.05);
    const narrow = confidenceSequence(steady(400, [100, 10], [100, 13]), 0.05);
    if (wide.kind !== "interval" || narrow.kind !== "interval") throw new Error("no interval");
    expect(wide.low).toBeLessThan(0);
    expect(narrow.low).toBeGreaterThan(0);
    expect(narrow.low).toBeLessThan(0.03);
    expect(narrow.high).toBeGreaterThan(0.03);
    expect(narrow.high - narrow.low).toBeLessThan((wide.high - wide.low) / 3);
  });

  test("leaves 0 out only if p is small enough, and is wider for a smaller alpha", () => {
    fc.assert(
      fc.property(batches, fc.constantFrom(0.01, 0.05, 0.2), (seen, alpha) => {
        const interval = confidenceSequence(seen, alpha);
        if (interval.kind !== "interval") return;
        const without = interval.low > 0 || interval.high < 0;
        expect(without && alwaysP(judge(seen)) > alpha).toBe(false);
        const wider = confidenceSequence(seen, alpha / 10);
        if (wider.kind !== "interval") throw new Error("none fits though one fitted at a larger alpha");
        expect(wider.low).toBeLessThanOrEqual(interval.low);
        expect(wider.high).toBeGreaterThanOrEqual(interval.high);
      }),
      { numRuns: 60 },
    );
  });

  test("rates of 0 and 1 are no trouble", () => {
    for (const [a, b] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      const interval = confidenceSequence(steady(30, [50, 50 * a], [50, 50 * b]), 0.05);
      if (interval.kind !== "interval") throw new Error("no interval");
      expect(interval.low).toBeLessThanOrEqual(b - a);
      expect(interval.high).toBeGreaterThanOrEqual(b - a);
      expect(interval.high - interval.low).toBeLessThan(0.2);
    }
  });
});

describe("evidence of more than a margin", () => {
  test("at 0 it is one half of the test, at every look", () => {
    fc.assert(
      fc.property(batches, (seen) => {
        const looks = judge(seen).looks;
        const [up, down] = [evidenceAbove(seen, 0), evidenceAbove(seen.map(exchanged), 0)];
        expect([up.length, down.length]).toEqual([looks, looks]);
        const half = Math.log((Math.exp(up.at(-1) ?? 0) + Math.exp(down.at(-1) ?? 0)) / 2);
        expect(judge(seen).now).toBeCloseTo(half, 9);
      }),
    );
  });

  test("the factor of one batch is a fair bet on the boundary", () => {
    const [n, m] = [4, 9];
    const before = steady(3, [20, 2], [10, 4]);
    for (const delta of [-0.3, -0.02, 0, 0.02, 0.3]) {
      const start = evidenceAbove(before, delta).at(-1) ?? NaN;
      for (const p of [0.02, 0.1, 0.3, 0.5, 0.9].filter((rate) => rate + delta > 0 && rate + delta < 1)) {
        const mean = meanFactor({ delta, p, n, m, before, start });
        expect(mean).toBeGreaterThan(0);
        expect(mean).toBeLessThanOrEqual(1 + 1e-12);
      }
    }
  });

  test("a margin that cannot be is refused", () => {
    expect(() => evidenceAbove([], 1)).toThrow("delta must be between −1 and 1, not 1");
  });
});

interface Bet {
  readonly delta: number;
  readonly p: number;
  readonly n: number;
  readonly m: number;
  readonly before: readonly Arms[];
  readonly start: number;
}

/** The mean factor of one batch over all its outcomes, with the control's rate p and the treatment's p + delta. */
function meanFactor({ delta, p, n, m, before, start }: Bet): number {
  let mean = 0;
  for (let x = 0; x <= n; x++) {
    for (let y = 0; y <= m; y++) {
      const seen = { control: { users: m, converted: y }, treatment: { users: n, converted: x } };
      const factor = Math.exp((evidenceAbove([...before, seen], delta).at(-1) ?? NaN) - start);
      mean += pmf(x, n, p + delta) * pmf(y, m, p) * factor;
    }
  }
  return mean;
}

function pmf(x: number, of: number, p: number): number {
  return choose(of, x) * p ** x * (1 - p) ** (of - x);
}

test("counts that cannot be are refused by name", () => {
  const wrong = { control: { users: 1, converted: 2 }, treatment: NOBODY };
  expect(() => addBatch(startAlways(), wrong)).toThrow("control: not a number of converted among 1 users: 2");
  expect(() => confidenceSequence([wrong], 0.05)).toThrow("control: not a number of converted among 1 users: 2");
});

function choose(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i;
  return value;
}
