// Is a test that is read in portions the test that is read at once?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gatherCounts, type Gathered, gatherUsers, judgeable, NOTHING_GATHERED, type Settled } from "./gather.ts";
import { type AbPlan, judgeAb, judgeBatches, sampleOf } from "./judge.ts";

const NAMES = { control: "blue", treatment: "green" };
const OPEN: AbPlan = { names: NAMES, alpha: 0.05, split: 0.5 };
const PLANNED: AbPlan = {
  ...OPEN,
  sample: { baseline: 0.3, lift: { kind: "relative", value: 0.5 }, power: 0.8 },
};

const user = fc.record({
  variant: fc.constantFrom("control", "treatment"),
  converted: fc.boolean(),
}) as fc.Arbitrary<Settled>;

describe("users", () => {
  test.for([OPEN, PLANNED])("in any portions are what judgeAb says of all of them: %j", (plan) => {
    fc.assert(
      fc.property(
        fc.array(user, { minLength: 600, maxLength: 3_000 }),
        fc.array(fc.integer({ min: 0, max: 700 })),
        (users, portions) => {
          let gathered = NOTHING_GATHERED;
          let at = 0;
          for (const size of [...portions, users.length]) {
            gathered = gatherUsers(gathered, users.slice(at, at + size), sampleOf(plan));
            at += size;
          }
          const outcomes = users.map(({ variant, converted }, i) => {
            return { user: `u${i}`, variant: NAMES[variant], converted };
          });
          expect(judgeBatches(plan, judgeable(gathered))).toEqual(judgeAb(plan, outcomes));
        },
      ),
      { numRuns: 30 },
    );
  });

  test("of a million leave less than a thousand batches", () => {
    let gathered = NOTHING_GATHERED;
    const portion = Array.from({ length: 10_000 }, (_, i): Settled => {
      return { variant: i % 2 === 0 ? "control" : "treatment", converted: i % 20 < 2 };
    });
    for (let i = 0; i < 100; i++) gathered = gatherUsers(gathered, portion, undefined);
    expect(gathered.total.control.users).toBe(500_000);
    expect(gathered.batches.length).toBeLessThan(1_000);
  });
});

const counted = (control: readonly [number, number], treatment: readonly [number, number]) => ({
  control: { users: control[0], converted: control[1] },
  treatment: { users: treatment[0], converted: treatment[1] },
});

const series = (counts: readonly ReturnType<typeof counted>[], plan: AbPlan = OPEN): Gathered =>
  counts.reduce((gathered, more) => gatherCounts(gathered, more, sampleOf(plan)), NOTHING_GATHERED);

describe("counters", () => {
  test("a look has 20 users or more, and what is too little for one waits", () => {
    const gathered = series([counted([5, 0], [6, 1]), counted([5, 1], [5, 1]), counted([3, 0], [2, 0])]);
    expect(gathered.batches).toEqual([counted([10, 1], [11, 2])]);
    expect(gathered.open).toEqual(counted([3, 0], [2, 0]));
    expect(gathered.total).toEqual(counted([13, 1], [13, 2]));
  });

  test("conversions that are more than a look's users are of users before, and are not lost", () => {
    const gathered = series([counted([20, 25], [20, 3]), counted([20, 1], [20, 3])]);
    expect(gathered.batches).toEqual([counted([20, 20], [20, 3]), counted([20, 6], [20, 3])]);
    expect(judgeable(gathered).total).toEqual(counted([40, 26], [40, 6]));
  });

  test("parts of a user wait until he is whole", () => {
    const gathered = series([counted([20.5, 1.5], [20.5, 0.5]), counted([20.5, 1.5], [20.5, 0.5])]);
    expect(gathered.batches).toEqual([counted([20, 1], [20, 0]), counted([21, 2], [21, 1])]);
  });

  test("the planned sample is judged at the first reading that has it, and what comes later changes nothing", () => {
    const sample = sampleOf(PLANNED);
    if (!sample) throw new Error("no sample");
    const enough = counted([sample.control, 50], [sample.treatment + 9, 90]);
    const before = series([counted([sample.control - 1, 50], [sample.treatment + 9, 90])], PLANNED);
    expect(judgeBatches(PLANNED, judgeable(before)).fixed).toMatchObject({
      kind: "locked",
      missing: { control: 1, treatment: 0 },
    });
    const [at, later] = [series([enough], PLANNED), series([enough, counted([900, 0], [900, 900])], PLANNED)];
    expect(judgeBatches(PLANNED, judgeable(at)).fixed).toMatchObject({ kind: "open", arms: enough });
    expect(judgeBatches(PLANNED, judgeable(later)).fixed).toEqual(judgeBatches(PLANNED, judgeable(at)).fixed);
  });
});
