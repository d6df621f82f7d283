// Is a user's variant said to be the one that the proxy gives?
import { expect, test } from "vitest";
import { Cohorts } from "../../proxy/sticky.ts";
import { cut, roleAt } from "../cohort.ts";
import { weightOf } from "../units.ts";
import { assigner } from "./assign.ts";

const NAMES = { control: "blue", treatment: "green" };
const SALT = "shop/3";

test("for keys of every kind, as the proxy's own cohorts say", () => {
  const weights = { canary: weightOf(0.3), stable: weightOf(0.7) };
  const assign = assigner({ names: NAMES, weights, salt: SALT });
  const cohorts = new Cohorts({ key: { kind: "cookie", name: "serin" }, salt: SALT });
  const cuts = cut(weights);
  const keys = Array.from({ length: 5_000 }, (_, i) => [`user-${i}`, `s${(i * 7_919).toString(16).padStart(8, "0")}`]);
  let green = 0;
  for (const key of keys.flat()) {
    const role = roleAt(cuts, cohorts.positionOf(key));
    expect(assign(key)).toBe(role === "canary" ? "green" : "blue");
    green += Number(role === "canary");
  }
  // Five standard errors of a share of 30 % among 10 000.
  expect(Math.abs(green / 10_000 - 0.3)).toBeLessThan(5 * Math.sqrt(0.21 / 10_000));
});

test("a key that the proxy has handed out has the position that the request had", () => {
  const cohorts = new Cohorts({ key: { kind: "cookie", name: "serin" }, salt: SALT });
  const assign = assigner({ names: NAMES, weights: { canary: weightOf(0.5), stable: weightOf(0.5) }, salt: SALT });
  for (const [position, variant] of [
    [0x7fffffff, "green"],
    [0x80000000, "blue"],
  ] as const) {
    const cookie = cohorts.issue(position);
    expect(assign(cohorts.keyIn(cookie) ?? "")).toBe(variant);
  }
});

test("who is with the baseline is with neither variant", () => {
  const assign = assigner({ names: NAMES, weights: { baseline: weightOf(1) }, salt: SALT });
  expect(assign("anyone")).toBeUndefined();
});
