// Does a source of tests count everything once, however often it is read and begun again?
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TestReading } from "../core/engine/state.ts";
import type { Arms } from "../core/stats/ab/arms.ts";
import type { AbPlan } from "../core/stats/ab/judge.ts";
import type { Observed } from "./observed.ts";

/** A service with a test, whose users come when told. */
export interface TestPlace {
  /** So many users more, all of whom have had their time. */
  come(more: Arms): Promise<void>;
  /** What the source says now of the test with this plan. */
  read(plan: AbPlan): Promise<Observed<TestReading>>;
  /** Ends the source, and opens it anew on what it has kept. */
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

const PLAN: AbPlan = { names: { control: "blue", treatment: "green" }, alpha: 0.05, split: 0.5 };
/** 54 users per variant. */
const PLANNED: AbPlan = { ...PLAN, sample: { baseline: 0.2, lift: { kind: "absolute", value: 0.25 }, power: 0.8 } };

const arms = (control: readonly [number, number], treatment: readonly [number, number]): Arms => ({
  control: { users: control[0], converted: control[1] },
  treatment: { users: treatment[0], converted: treatment[1] },
});

function valueOf(observed: Observed<TestReading>): TestReading {
  if (observed.kind !== "value") throw new Error(`expected a reading, found ${JSON.stringify(observed)}`);
  return observed.value;
}

/** Every source must pass this. */
export function testContract(name: string, make: () => Promise<TestPlace>): void {
  describe(`${name} as a source of tests`, () => {
    let place: TestPlace;
    beforeEach(async () => {
      place = await make();
    });
    afterEach(async () => {
      await place.dispose();
    });
    const totalOf = async (plan = PLAN): Promise<Arms> => valueOf(await place.read(plan)).report.total;

    test("nothing before anybody came", async () => {
      expect(await place.read(PLAN)).toEqual({ kind: "absent" });
    });

    test("everybody counts once, however often it is read", async () => {
      await place.read(PLAN);
      await place.come(arms([30, 6], [28, 9]));
      expect(await totalOf()).toEqual(arms([30, 6], [28, 9]));
      expect(await totalOf()).toEqual(arms([30, 6], [28, 9]));
      await place.come(arms([1, 1], [2, 0]));
      expect(await totalOf()).toEqual(arms([31, 7], [30, 9]));
    });

    test("and once when it is begun again", async () => {
      await place.read(PLAN);
      await place.come(arms([30, 6], [28, 9]));
      const before = await place.read(PLAN);
      await place.restart();
      expect(await place.read(PLAN)).toEqual(before);
      await place.come(arms([5, 0], [5, 5]));
      expect(await totalOf()).toEqual(arms([35, 6], [33, 14]));
    });

    test("the planned sample is judged once", async () => {
      await place.read(PLANNED);
      await place.come(arms([40, 8], [40, 20]));
      expect(valueOf(await place.read(PLANNED)).report).toMatchObject({
        decision: { kind: "undecided" },
        fixed: { kind: "locked", missing: { control: 14, treatment: 14 } },
      });
      await place.come(arms([14, 3], [14, 7]));
      const judged = valueOf(await place.read(PLANNED));
      expect(judged.report.fixed).toMatchObject({ kind: "open", arms: arms([54, 11], [54, 27]) });
      expect(judged.text).toContain("Green converts 50% against blue's 20%");
      expect(judged.text).toMatch(/\(z = 3\.\d\d; the difference is a 95% interval\.\)/u);
      await place.come(arms([100, 90], [100, 0]));
      const later = valueOf(await place.read(PLANNED)).report;
      expect(later.fixed).toEqual(judged.report.fixed);
      expect(later.decision).toEqual({ kind: "better", which: "treatment", by: "fixed" });
      expect(later.total).toEqual(arms([154, 101], [154, 27]));
    });

    test("without a plan the always-valid test speaks as soon as it is sure", async () => {
      await place.read(PLAN);
      for (let i = 0; i < 10; i++) {
        await place.come(arms([40, 4], [40, 20]));
        await place.read(PLAN);
      }
      const { report, text } = valueOf(await place.read(PLAN));
      expect(report.decision).toEqual({ kind: "better", which: "treatment", by: "always" });
      expect(report.always.looks).toBeGreaterThan(5);
      expect(text).toContain("Take green.");
    });
  });
}
