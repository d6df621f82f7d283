// Is an A/B test read as it is written, and is every mistake named at its place?
import { describe, expect, test } from "vitest";
import { ms, weight } from "../units.ts";
import { abPlanOf, AbTestSchema, checkAround } from "./ab-test.ts";

const BASE = {
  variants: { control: "blue", treatment: "green" },
  conversions: { events: "order" },
};

function read(fields: object) {
  const result = AbTestSchema.safeParse({ ...BASE, ...fields });
  if (!result.success) throw new Error(JSON.stringify(result.error.issues));
  return result.data;
}

function issues(fields: object): readonly string[] {
  const result = AbTestSchema.safeParse({ ...BASE, ...fields });
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("what is read", () => {
  test("little said", () => {
    expect(read({})).toEqual({
      kind: "abTest",
      names: { control: "blue", treatment: "green" },
      share: weight(500_000),
      conversions: { kind: "events", goal: "order", withinMs: ms(1_800_000) },
      alpha: 0.05,
      atMostMs: ms(14 * 86_400_000),
      winner: "report",
    });
  });

  test("everything said", () => {
    const spec = read({
      share: "20%",
      conversions: { metric: { users: 'visits_total{page="product"}', converted: "orders_total" } },
      baseline: "10%",
      lift: "1pt",
      power: "90%",
      alpha: "1%",
      atMost: "3d",
      // oxlint-disable-next-line unicorn/no-thenable -- a word of the file, which nobody can call
      winner: "promote",
    });
    expect(spec).toEqual({
      kind: "abTest",
      names: { control: "blue", treatment: "green" },
      share: weight(200_000),
      conversions: { kind: "metric", users: 'visits_total{page="product"}', converted: "orders_total" },
      sample: { baseline: 0.1, lift: { kind: "absolute", value: 0.01 }, power: 0.9 },
      alpha: 0.01,
      atMostMs: ms(3 * 86_400_000),
      winner: "promote",
    });
    expect(abPlanOf(spec)).toEqual({
      names: { control: "blue", treatment: "green" },
      alpha: 0.01,
      split: 0.2,
      sample: { baseline: 0.1, lift: { kind: "absolute", value: 0.01 }, power: 0.9 },
    });
  });

  test("rules instead of a share", () => {
    const is = (text: string) => [[{ on: "header", name: "x-group", is: { exact: text } }]];
    expect(
      read({ control: [{ header: { "X-Group": "a" } }], treatment: [{ header: { "x-group": "b" } }] }).matches,
    ).toEqual({
      control: is("a"),
      treatment: is("b"),
    });
    expect(abPlanOf(read({}))).not.toHaveProperty("sample");
  });
});

test.for([
  [{ baseline: "10%" }, ": lift is missing: a planned sample needs baseline and lift"],
  [{ lift: "10%" }, ": baseline is missing: a planned sample needs baseline and lift"],
  [{ power: "90%" }, "power: power goes with a planned sample: add baseline and lift"],
  [
    { baseline: "60%", lift: "100%" },
    "lift: no sample can be planned: the lifted rate must be between 0 and 1, not 1.2",
  ],
  [{ baseline: "10%", lift: "0%" }, "lift: no sample can be planned: a lift of 0 cannot be found by any sample"],
  [{ baseline: "10%", lift: "2" }, "lift: found 2, a lift is 10% of the baseline, or 1pt of the whole"],
  [{ share: "100%" }, "share: found 100%, a test needs users of both variants: use less"],
  [
    { variants: { control: "blue", treatment: "blue" } },
    "variants.treatment: found blue, which is the control already",
  ],
  [{ control: [{ path: "/a" }] }, ": treatment is missing: rules say who gets which of both variants"],
  [{ control: [], treatment: [{ path: "/a" }] }, "control: found an empty list, at least one rule must be here"],
  [
    {
      control: [{ path: "/a" }],
      treatment: [{ path: "/b" }],
      conversions: { metric: { users: "visits_total", converted: "orders_total" } },
    },
    "conversions.metric: found metric beside rules: stable's counters hold users whom no rule names too: use events",
  ],
  [{ conversions: {} }, "conversions: one of events or metric must be here"],
  [
    { conversions: { within: "5m", metric: { users: "a", converted: "b" } } },
    "conversions.within: a counter does not tell whose conversion it was: take it out, or use events",
  ],
  [
    { conversions: { metric: { users: "process.cpu", converted: "b" } } },
    "conversions.metric.users: found process.cpu, a counter of the service's own metrics page must be here",
  ],
  [{ atMost: "20m" }, "atMost: found 20m, nobody counts before 30m (conversions.within): make it longer"],
] as const)("%j is refused", ([fields, message]) => {
  expect(issues(fields)).toEqual([message]);
});

test("a field that nobody knows is refused", () => {
  expect(issues({ shares: "50%" })).toHaveLength(1);
});

test("what the rest of the file must have", () => {
  const around = (fields: object, there: { sticky: boolean; page: boolean }): string[] => {
    const found: string[] = [];
    checkAround(read(fields), there, (path, code) => found.push(`${path.join(".")} ${code}`));
    return found;
  };
  const counters = { conversions: { metric: { users: "a", converted: "b" } } };
  const rules = { control: [{ path: "/a" }], treatment: [{ path: "/b" }] };
  const nothing = { sticky: false, page: false };
  expect(around({}, nothing)).toEqual(["share missing-field"]);
  expect(around({}, { ...nothing, sticky: true })).toEqual([]);
  expect(around(rules, nothing)).toEqual([]);
  expect(around(counters, nothing)).toEqual(["share missing-field", "conversions.metric missing-field"]);
  expect(around(counters, { sticky: true, page: true })).toEqual([]);
});
