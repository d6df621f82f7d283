// Is an event understood, and is everything that is wrong with one said?
import { describe, expect, test } from "vitest";
import { ms } from "../units.ts";
import { readEvent, type EventRules } from "./events.ts";

const NOW = ms(1_700_000_000_000);
const STARTED = ms(NOW - 3_600_000);

const STICKY: EventRules = {
  receivedMs: NOW,
  momentOf: (text) => (text === "an hour ago" ? NOW - 3_600_000 : undefined),
  test: {
    service: "shop",
    rollout: 2,
    plan: { names: { control: "blue", treatment: "green" }, alpha: 0.05, split: 0.5 },
    conversions: { kind: "events", goal: "order", withinMs: ms(1_000) },
    startedMs: ms(STARTED - 5_000),
    sinceMs: STARTED,
    assign: (key) => ({ a: "blue", b: "green" })[key],
    pools: { control: "1", treatment: "2" },
  },
};
const { assign: _assign, ...ruled } = STICKY.test;
const RULED: EventRules = { ...STICKY, test: ruled };

const event = (input: unknown, rules = STICKY) => {
  const read = readEvent(input, rules);
  return read.ok ? read.event : read.message;
};

describe("events", () => {
  test.for([
    [{ user: "a" }, { user: "a", what: "seen", variant: "control", atMs: NOW }],
    [{ user: "b" }, { user: "b", what: "seen", variant: "treatment", atMs: NOW }],
    [
      { user: 7, variant: "green" },
      { user: "7", what: "seen", variant: "treatment", atMs: NOW },
    ],
    [
      { user: "a", goal: "order" },
      { user: "a", what: "converted", atMs: NOW },
    ],
    [
      { user: "a", goal: "order", value: 9.5, id: "1", variant: "blue", at: NOW - 5 },
      { user: "a", what: "converted", variant: "control", atMs: NOW - 5, value: 9.5, id: "1" },
    ],
    [
      { user: "a", at: "an hour ago" },
      { user: "a", what: "seen", variant: "control", atMs: STARTED },
    ],
  ] as const)("%j", ([input, read]) => expect(event(input)).toEqual(read));

  test("what the service says that it showed goes before what the key says", () => {
    expect(event({ user: "a", variant: "green" })).toMatchObject({ variant: "treatment" });
  });

  test("with rules an exposure must say its variant, a conversion need not", () => {
    expect(event({ user: "a" }, RULED)).toBe(
      "variant: is missing: rules decide, so the event must say which one; the variants are blue and green",
    );
    expect(event({ user: "a", variant: "green" }, RULED)).toMatchObject({ variant: "treatment" });
    expect(event({ user: "a", goal: "order" }, RULED)).not.toHaveProperty("variant");
  });
});

test.for([
  ["text", 'found text, an event is a map: {"user": "u1"}'],
  [{}, "user: found nothing, the user's key must be here"],
  [{ user: "" }, "user: found an empty text, the user's key must be here"],
  [{ user: "a".repeat(300) }, "user: found more than 256 characters"],
  [{ user: "a", gaol: "order" }, "gaol: no such field; there are user, goal, variant, at, value and id"],
  [{ user: "a", goal: "cart" }, "goal: found cart, the test counts order"],
  [{ user: "a", variant: "red" }, "variant: found red, the variants are blue and green"],
  [{ user: "c" }, "user: this one is with neither variant"],
  [{ user: "a", value: 3 }, "value: goes with a goal, and there is none"],
  [{ user: "a", at: "noon" }, "at: found noon, a moment is 2026-03-04T14:02:11Z or milliseconds since 1970"],
  [{ user: "a", at: STARTED - 1 }, `at: found ${STARTED - 1}, which is before the test of shop/2 began`],
  [{ user: "a", at: NOW + 61_000 }, `at: found ${NOW + 61_000}, which has not come yet`],
  [
    { user: "a", goal: "cart", at: "noon", variant: "red" },
    "at: found noon, a moment is 2026-03-04T14:02:11Z or milliseconds since 1970; goal: found cart, the test counts order; variant: found red, the variants are blue and green",
  ],
] as const)("%j is refused", ([input, message]) => expect(event(input)).toBe(message));
