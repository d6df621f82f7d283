// Is a gauge that stands higher found, without the number of readings passing for evidence?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { random } from "../../rehearse/random.ts";
import {
  beginGaugeJudgement,
  type GaugeLook,
  type GaugeReport,
  gaugeReport,
  type GaugeRule,
  type GaugeState,
  lookAtGauge,
  type ReplicaValue,
  startGauge,
} from "./gauge.ts";

const UP: GaugeRule = { worse: "up", harm: 0.1, go: 0.2 };
const NEEDED = Math.log(100);

const arm = (name: string, values: readonly number[]): ReplicaValue[] =>
  values.map((value, index) => ({ replica: `${name}-${index}`, value }));

const lookOf = (canary: readonly number[], baseline: readonly number[], durationMs = 60_000): GaugeLook => ({
  durationMs,
  canary: arm("c", canary),
  baseline: arm("b", baseline),
});

const after = (rule: GaugeRule, looks: readonly GaugeLook[]): GaugeState =>
  looks.reduce<GaugeState>((state, look) => lookAtGauge(rule, state, look), startGauge());

const reportOf = (rule: GaugeRule, looks: readonly GaugeLook[]): GaugeReport => gaugeReport(rule, after(rule, looks));

/** Blocks of two and three replicas with independent noise of 5 %, the canary at `factor` times the baseline. */
function noisy(factor: number, blocks: number, seed = 1): GaugeLook[] {
  const chance = random(seed);
  return Array.from({ length: blocks }, () =>
    lookOf(
      [1, 1].map(() => factor * chance.lognormal(0.05)),
      [1, 1, 1].map(() => chance.lognormal(0.05)),
    ),
  );
}

describe("what it says", () => {
  test("half as much again is worse and not no-worse; the same is no worse", () => {
    const worse = reportOf(UP, noisy(1.5, 20));
    expect(worse.logBad).toBeGreaterThan(NEEDED);
    expect(worse.logGo).toBeLessThan(0);
    expect(worse.blocksNeeded).toBeUndefined();
    const same = reportOf(UP, noisy(1, 20));
    expect(same.logBad).toBeLessThan(0);
    expect(same.logGo).toBeGreaterThan(Math.log(20));
    expect(same.blocksNeeded).toBe(0);
  });

  test("means and the interval of the ratio", () => {
    const report = reportOf(UP, noisy(1.5, 40));
    expect(report.blocks).toBe(40);
    expect(report.canary).toBeCloseTo(1.5, 1);
    expect(report.baseline).toBeCloseTo(1, 1);
    const [low, high] = report.interval ?? [NaN, NaN];
    expect(low).toBeGreaterThan(0.3);
    expect(low).toBeLessThan(0.5);
    expect(high).toBeGreaterThan(0.5);
    expect(high).toBeLessThan(0.7);
  });

  test("before there are nine blocks nothing is said but the means, and how many are missing", () => {
    const report = reportOf(UP, noisy(3, 8));
    expect(report).toMatchObject({ logGo: 0, blocks: 8, blocksNeeded: 1, interval: undefined });
    expect(report.logBad).toBeCloseTo(0, 12);
    expect(reportOf(UP, [lookOf([2], [1], 15_000)])).toMatchObject({ canary: 2, baseline: 1, blocks: 0 });
    expect(gaugeReport(UP, startGauge())).toMatchObject({ canary: undefined, baseline: undefined, blocksNeeded: 9 });
  });

  test("a new judgement begins without what was shown before", () => {
    const state = after(UP, noisy(1, 30));
    const report = gaugeReport(UP, beginGaugeJudgement(state));
    expect(report.logGo).toBe(0);
    expect(report.logBad).toBe(gaugeReport(UP, state).logBad);
  });

  test("a lower gauge is worse where lower is worse", () => {
    const down: GaugeRule = { ...UP, worse: "down" };
    expect(reportOf(down, noisy(0.5, 20)).logBad).toBeGreaterThan(NEEDED);
    expect(reportOf(down, noisy(1.5, 20)).logBad).toBeLessThan(0);
    expect(reportOf(down, noisy(1.5, 20)).logGo).toBeGreaterThan(Math.log(20));
  });
});

describe("the margin", () => {
  const unequal = (factor: number, spread: number): GaugeLook[] =>
    Array.from({ length: 40 }, (_, block) =>
      lookOf(
        [factor * (1 + 0.001 * (block % 3))],
        [1 - spread, 1, 1 + spread].map((value) => value + 0.001 * (block % 2)),
      ),
    );

  test("grows when replicas of the baseline differ: the canary's may differ as much", () => {
    const alike = reportOf({ ...UP, harm: 0 }, unequal(1.2, 0));
    const differing = reportOf({ ...UP, harm: 0 }, unequal(1.2, 0.2));
    expect(alike.margin).toBeCloseTo(2 * 0.05 * Math.sqrt(4 / 6) * Math.sqrt(4 / 3), 2);
    expect(differing.margin).toBeCloseTo(2 * 0.2 * Math.sqrt(4 / 3), 2);
    expect(alike.logBad).toBeGreaterThan(NEEDED);
    expect(differing.logBad).toBeLessThan(0);
    expect(differing.goMargin).toBe(0.01);
  });

  test("is the user's where that is wider", () => {
    expect(reportOf({ ...UP, harm: 0.5 }, unequal(1.2, 0)).margin).toBe(0.5);
  });
});

describe("the fixed bound", () => {
  const rule: GaugeRule = { ...UP, max: 0.8 };

  test("counts blocks in which the canary alone, or both arms, are beyond it", () => {
    const [fine, alone, both] = [lookOf([0.5], [0.5]), lookOf([0.9], [0.5]), lookOf([0.9], [0.9])];
    expect(reportOf(rule, [fine, alone, alone])).toMatchObject({ beyondAlone: 2, beyondBoth: 0 });
    expect(reportOf(rule, [alone, both, both, both])).toMatchObject({ beyondAlone: 0, beyondBoth: 3 });
    expect(reportOf(rule, [alone, alone, fine])).toMatchObject({ beyondAlone: 0, beyondBoth: 0 });
    expect(reportOf(UP, [alone])).toMatchObject({ beyondAlone: 0, beyondBoth: 0 });
  });

  test("a block without a baseline says nothing of either", () => {
    const blind = { ...lookOf([0.9], [0.5]), baseline: [] };
    expect(reportOf(rule, [lookOf([0.9], [0.5]), blind])).toMatchObject({ beyondAlone: 1, beyondBoth: 0, blocks: 1 });
  });

  test("is a lower one where lower is worse", () => {
    expect(reportOf({ ...rule, worse: "down" }, [lookOf([0.5], [0.9])])).toMatchObject({ beyondAlone: 1 });
  });
});

describe("gauges that may be 0", () => {
  test("two empty queues are no worse than each other", () => {
    const report = reportOf(
      UP,
      Array.from({ length: 15 }, () => lookOf([0, 0], [0, 0, 0])),
    );
    expect(report.logBad).toBeLessThan(0);
    expect(report.logGo).toBeGreaterThan(Math.log(20));
    expect(report.interval?.every(Number.isFinite)).toBe(true);
  });

  test("a queue that fills on the canary while the baseline's stays empty is worse", () => {
    const chance = random(4);
    const looks = Array.from({ length: 20 }, () => lookOf([chance.poisson(5), chance.poisson(5)], [0, 0, 0]));
    expect(reportOf(UP, looks).logBad).toBeGreaterThan(NEEDED);
  });

  test("queues of a few requests now and then, alike in both arms, are seldom called worse", () => {
    let called = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const chance = random(seed);
      const draw = (): number => (chance.chance(0.2) ? chance.geometric(3) : 0);
      const looks = Array.from({ length: 60 }, () => lookOf([draw(), draw()], [draw(), draw(), draw(), draw()]));
      if (reportOf(UP, looks).logBad >= NEEDED) called++;
    }
    expect(called).toBeLessThanOrEqual(2);
  });
});

describe("blocks", () => {
  const values = fc.double({ min: 0.1, max: 10, noNaN: true });
  const blocks = fc.array(fc.tuple(values, values, values), { minLength: 9, maxLength: 14 });

  test("it does not matter in how many looks a block is read", () => {
    fc.assert(
      fc.property(blocks, fc.constantFrom(1, 2, 4, 60), (all, parts) => {
        const whole = all.map(([c, b1, b2]) => lookOf([c], [b1, b2]));
        const split = whole.flatMap((look) =>
          Array.from({ length: parts }, () => ({ ...look, durationMs: 60_000 / parts })),
        );
        const [here, there] = [reportOf(UP, whole), reportOf(UP, split)];
        expect(there.logBad).toBeCloseTo(here.logBad, 6);
        expect(there.logGo).toBeCloseTo(here.logGo, 6);
        expect(there.blocks).toBe(here.blocks);
      }),
    );
  });

  test("it does not matter who was read first, nor in which unit", () => {
    fc.assert(
      fc.property(blocks, fc.double({ min: 1e-3, max: 1e9, noNaN: true }), (all, unit) => {
        const looks = all.map(([c, b1, b2]) => lookOf([c, b1], [b1, b2, c]));
        const turned = looks.map((look) => ({
          ...look,
          canary: look.canary.toReversed(),
          baseline: look.baseline.toReversed(),
        }));
        expect(after(UP, turned)).toEqual(after(UP, looks));
        const scaled = all.map(([c, b1, b2]) => lookOf([c * unit, b1 * unit], [b1 * unit, b2 * unit, c * unit]));
        expect(reportOf(UP, scaled).logBad).toBeCloseTo(reportOf(UP, looks).logBad, 5);
      }),
    );
  });

  test("exchanged arms are worse downwards as they were upwards", () => {
    fc.assert(
      fc.property(blocks, (all) => {
        const up = reportOf(
          UP,
          all.map(([c, b]) => lookOf([c], [b])),
        );
        const down = reportOf(
          { ...UP, worse: "down" },
          all.map(([c, b]) => lookOf([b], [c])),
        );
        expect(down.logBad).toBeCloseTo(up.logBad, 9);
        expect(down.logGo).toBeCloseTo(up.logGo, 9);
      }),
    );
  });

  test("x upwards is 1 / x downwards, as long as the noise is small", () => {
    const looks = noisy(1.3, 40).map(({ canary, baseline, durationMs }) => ({
      durationMs,
      canary: canary.slice(0, 1),
      baseline: baseline.slice(0, 1),
    }));
    const inverse = (seen: readonly ReplicaValue[]): ReplicaValue[] =>
      seen.map(({ replica, value }) => ({ replica, value: 1 / value }));
    const inverted = looks.map((look) => ({ ...look, canary: inverse(look.canary), baseline: inverse(look.baseline) }));
    const up = reportOf(UP, looks).logBad;
    expect(up).toBeGreaterThan(3);
    expect(Math.abs(reportOf({ ...UP, worse: "down" }, inverted).logBad / up - 1)).toBeLessThan(0.05);
  });

  test("the higher the canary, the more evidence", () => {
    const logs = [1, 1.1, 1.2, 1.3, 1.5, 2, 4, 16].map((factor) => reportOf(UP, noisy(factor, 25)).logBad);
    expect(logs).toEqual(logs.toSorted((a, b) => a - b));
  });

  test("a replica that was read for less than half of a block does not count in it", () => {
    const twice = [lookOf([1], [1], 40_000), { ...lookOf([1], [1], 20_000), canary: arm("c", [1, 900]) }];
    expect(reportOf(UP, twice)).toMatchObject({ canary: 1, blocks: 1 });
    const blind = [{ ...lookOf([1], [1], 40_000), canary: [] }, lookOf([1], [1], 20_000)];
    expect(reportOf(UP, blind).blocks).toBe(0);
  });

  test("a gap is one block", () => {
    expect(reportOf(UP, [lookOf([1], [1], 3_600_000)]).blocks).toBe(1);
  });
});

describe("robustness", () => {
  test("a clock that stood still or went back changes nothing", () => {
    const state = after(UP, noisy(1, 3));
    expect(lookAtGauge(UP, state, lookOf([1], [1], 0))).toBe(state);
    expect(lookAtGauge(UP, state, lookOf([1], [1], -5))).toBe(state);
  });

  test("what can't be counted with is refused by name", () => {
    const refused = (look: GaugeLook) => (): GaugeState => lookAtGauge(UP, startGauge(), look);
    expect(refused(lookOf([NaN], [1]))).toThrow(new RangeError("lookAtGauge: canary value of c-0 is NaN"));
    expect(refused(lookOf([1], [1, -2]))).toThrow(new RangeError("lookAtGauge: baseline value of b-1 is negative: -2"));
    expect(refused(lookOf([1], [1], Infinity))).toThrow(new RangeError("lookAtGauge: duration is Infinity"));
  });

  test("the state survives JSON and stays small, with however many replicas", () => {
    const many = Array.from({ length: 200 }, (_, index) => 1 + index / 1_000);
    const looks = Array.from({ length: 100 }, (_, block) =>
      lookOf(
        many,
        many.map((value) => value + block / 1_000),
        30_000,
      ),
    );
    const state = after(UP, looks);
    expect(Object.keys(state.baselineReplicas).length).toBe(33);
    expect(JSON.stringify(state).length).toBeLessThan(10_000);
    expect(gaugeReport(UP, JSON.parse(JSON.stringify(state)) as GaugeState)).toEqual(gaugeReport(UP, state));
  });
});
