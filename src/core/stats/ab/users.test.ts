// Is every user counted once, with the variant that he saw first?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_ONE } from "./arms.ts";
import {
  armsOf,
  checkSplit,
  firstOf,
  foldUsers,
  looksOf,
  type Outcome,
  type Seen,
  sortedByOutcome,
  totalOf,
} from "./users.ts";

const NAMES = { control: "blue", treatment: "green" };

const seenOf = (user: string, variant?: string, converted?: boolean): Seen => ({ user, variant, converted });

describe("folding", () => {
  test("the first exposure counts, repeated conversions count once", () => {
    const events = [
      seenOf("ana", "blue"),
      seenOf("ben", "green", true),
      seenOf("ana", "blue", true),
      seenOf("ana", undefined, true),
      seenOf("ben", "green"),
      seenOf("cem", "blue"),
      seenOf("cem"),
    ];
    expect(foldUsers(events)).toEqual({
      outcomes: [
        { user: "ana", variant: "blue", converted: true },
        { user: "ben", variant: "green", converted: true },
        { user: "cem", variant: "blue", converted: true },
      ],
      mixed: 0,
      early: 0,
      unexposed: 0,
    });
  });

  test("a user seen in two variants is left out and counted", () => {
    const { outcomes, mixed } = foldUsers([
      seenOf("ana", "blue"),
      seenOf("ben", "blue"),
      seenOf("ana", "green", true),
      seenOf("ana", "blue"),
    ]);
    expect(mixed).toBe(1);
    expect(outcomes).toEqual([{ user: "ben", variant: "blue", converted: false }]);
  });

  test("conversions before the first exposure do not count", () => {
    const { outcomes, early, unexposed } = foldUsers([
      seenOf("ana"),
      seenOf("ana", "blue"),
      seenOf("ben"),
      seenOf("ben", undefined, true),
      seenOf("cem", undefined, false),
    ]);
    expect(outcomes).toEqual([{ user: "ana", variant: "blue", converted: false }]);
    expect([early, unexposed]).toEqual([3, 1]);
  });

  test("times decide where every event has one; an exposure comes before a conversion of the same moment", () => {
    const events: Seen[] = [
      { user: "ana", converted: true, atMs: 5 },
      { user: "ana", variant: "blue", atMs: 5 },
      { user: "ben", variant: "green", atMs: 1 },
      { user: "cem", converted: true, atMs: 1 },
      { user: "cem", variant: "green", atMs: 2 },
    ];
    const { outcomes, early } = foldUsers(events);
    expect(early).toBe(1);
    expect(outcomes).toEqual([
      { user: "ben", variant: "green", converted: false, atMs: 1 },
      { user: "cem", variant: "green", converted: false, atMs: 2 },
      { user: "ana", variant: "blue", converted: true, atMs: 5 },
    ]);
    expect(foldUsers([...events, { user: "dua", variant: "blue" }]).outcomes[0]?.user).toBe("ana");
    expect(() => foldUsers([{ user: "ana", atMs: NaN }])).toThrow("user ana: not a time: NaN");
  });
});

const event = fc.record({
  user: fc.constantFrom("a", "b", "c", "d", "e"),
  variant: fc.constantFrom("blue", "green", undefined),
  converted: fc.constantFrom(true, false, undefined),
});
const timed = fc
  .array(fc.record({ seen: event, atMs: fc.integer({ min: 0, max: 8 }) }), { maxLength: 20 })
  .map((events) => events.map(({ seen, atMs }): Seen => ({ ...seen, atMs })));

describe("properties of folding", () => {
  test("folded again, it is the same", () => {
    fc.assert(
      fc.property(fc.oneof(timed, fc.array(event)), (events) => {
        const { outcomes } = foldUsers(events);
        expect(foldUsers(outcomes)).toEqual({ outcomes, mixed: 0, early: 0, unexposed: 0 });
      }),
    );
  });

  test("with times, the order of the events does not matter", () => {
    const shuffled = timed.chain((events) =>
      fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
    );
    fc.assert(
      fc.property(shuffled, ([events, other]) => {
        expect(foldUsers(other)).toEqual(foldUsers(events));
      }),
    );
  });

  test("without times, events of different users may change places, and events may repeat", () => {
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const { outcomes, ...left } = foldUsers(events);
        const sorted = foldUsers(events.toSorted((a, b) => (a.user < b.user ? -1 : a.user > b.user ? 1 : 0)));
        expect(new Set(sorted.outcomes)).toEqual(new Set(outcomes));
        expect(sorted).toMatchObject(left);
        expect(foldUsers(events.flatMap((one) => [one, one])).outcomes).toEqual(outcomes);
      }),
    );
  });
});

const outcome = (variant: string, converted: boolean, i: number): Outcome => ({ user: `u${i}`, variant, converted });

const outcomes = fc
  .array(fc.tuple(fc.constantFrom("blue", "green", "red"), fc.boolean()), { maxLength: 400 })
  .map((rows) => rows.map(([variant, converted], i) => outcome(variant, converted, i)));

describe("counting", () => {
  test("totals leave other variants out", () => {
    const rows = [outcome("blue", true, 0), outcome("red", true, 1), outcome("green", false, 2)];
    expect(armsOf(rows, NAMES)).toEqual({
      control: { users: 1, converted: 1 },
      treatment: { users: 1, converted: 0 },
    });
    expect(armsOf([], NAMES)).toEqual(NO_ONE);
  });

  test("the first users of each variant stay the same when more come", () => {
    fc.assert(
      fc.property(outcomes, fc.integer({ min: 0, max: 30 }), (rows, size) => {
        const sample = { control: size, treatment: size };
        const first = firstOf(rows, NAMES, sample);
        const all = armsOf(rows, NAMES);
        expect(first.control.users).toBe(Math.min(size, all.control.users));
        expect(first.treatment.users).toBe(Math.min(size, all.treatment.users));
        const full = first.control.users === size && first.treatment.users === size;
        const again = full ? firstOf([...rows, outcome("blue", true, -1)], NAMES, sample) : first;
        expect(again).toEqual(first);
      }),
    );
  });

  test("looks: all users once, and more users leave earlier looks as they are", () => {
    fc.assert(
      fc.property(outcomes, outcomes, (rows, more) => {
        const [early, late] = [looksOf(rows, NAMES), looksOf([...rows, ...more], NAMES)];
        expect(late.batches.slice(0, early.batches.length)).toEqual(early.batches);
        expect(totalOf([...early.batches, early.rest])).toEqual(armsOf(rows, NAMES));
        for (const { control, treatment } of early.batches) expect(control.users + treatment.users).toBe(20);
      }),
    );
  });

  test("looks grow to 1 % of the users before", () => {
    const { batches } = looksOf(
      Array.from({ length: 30_000 }, (_, i) => outcome(i % 2 ? "blue" : "green", false, i)),
      NAMES,
    );
    const last = batches.at(-1);
    expect(batches.length).toBeLessThan(400);
    expect(last && last.control.users + last.treatment.users).toBeGreaterThan(280);
  });
});

describe("the split", () => {
  const split = (control: number, treatment: number, planned: number) =>
    checkSplit({ control: { users: control, converted: 0 }, treatment: { users: treatment, converted: 0 } }, planned);

  test("as planned, or off", () => {
    expect(split(5_000, 5_000, 0.5)).toEqual({ share: 0.5, planned: 0.5, p: 1, off: false });
    expect(split(5_164, 4_836, 0.5)).toMatchObject({ share: 0.4836, off: false });
    expect(split(5_165, 4_835, 0.5)).toMatchObject({ share: 0.4835, off: true });
    expect(split(9_000, 1_000, 0.1)).toMatchObject({ off: false });
    expect(split(8_000, 2_000, 0.1)).toMatchObject({ off: true });
  });

  test("chi-square of 3.841 459 has p = 0.05", () => {
    const { p } = split(5_098, 4_902, 0.5);
    expect(p).toBeCloseTo(0.05, 4);
  });

  test("too few users tell nothing", () => {
    expect(split(0, 0, 0.5)).toEqual({ share: 0.5, planned: 0.5, p: undefined, off: false });
    expect(split(9, 0, 0.5)).toEqual({ share: 0, planned: 0.5, p: undefined, off: false });
    expect(() => split(1, 1, 1)).toThrow("split must be between 0 and 1, not 1");
  });
});

describe("an order that knows the outcomes", () => {
  const rows = Array.from({ length: 400 }, (_, i) => outcome(i % 2 ? "blue" : "green", i % 7 < 2, i));

  test("is noticed, within either variant", () => {
    const by = rows.toSorted((a, b) => Number(a.converted) - Number(b.converted));
    expect(sortedByOutcome(by, NAMES)).toBe(true);
    expect(
      sortedByOutcome(
        by.toSorted((a, b) => (a.variant < b.variant ? -1 : Number(a.variant > b.variant))),
        NAMES,
      ),
    ).toBe(true);
  });

  test("variants one after the other, few conversions and rates that change are none", () => {
    expect(sortedByOutcome(rows, NAMES)).toBe(false);
    expect(
      sortedByOutcome(
        rows.toSorted((a, b) => (a.variant < b.variant ? -1 : Number(a.variant > b.variant))),
        NAMES,
      ),
    ).toBe(false);
    expect(
      sortedByOutcome(
        rows.map(({ variant }, i) => outcome(variant, i < 30, i)),
        NAMES,
      ),
    ).toBe(false);
    const changing = rows.map(({ variant }, i) => outcome(variant, (i * 7) % 11 < (i < 200 ? 1 : 5), i));
    expect(sortedByOutcome(changing, NAMES)).toBe(false);
  });
});
