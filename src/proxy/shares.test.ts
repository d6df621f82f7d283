// Are requests shared out evenly, and do users stay where they are?
import { describe, expect, it } from "vitest";
import { AXIS, cut, mix, roleAt, unmix } from "../core/cohort.ts";
import type { Role, Weights } from "../core/split.ts";
import { weight } from "../core/units.ts";
import { Weyl } from "./shares.ts";
import { Cohorts } from "./sticky.ts";

const canaryOf = (percent: number): Weights => {
  const canary = weight(Math.round(percent * 10_000));
  return { canary, stable: weight(1_000_000 - canary) };
};

function roles(weights: Weights, count: number, start: number): Role[] {
  const cuts = cut(weights);
  const weyl = new Weyl(start);
  return Array.from({ length: count }, () => roleAt(cuts, weyl.next()));
}

/** The largest distance of any window's canaries from its share of them. */
function worst(picked: readonly Role[], window: number, percent: number): number {
  let inside = 0;
  let far = 0;
  picked.forEach((role, i) => {
    if (role === "canary") inside += 1;
    if (i >= window && picked[i - window] === "canary") inside -= 1;
    if (i >= window - 1) far = Math.max(far, Math.abs(inside - (window * percent) / 100));
  });
  return far;
}

describe("shares", () => {
  it("of 10 % are within 2 of any 100 requests and 3 of any 1 000", () => {
    for (let start = 0; start < 1; start += 0.013) {
      const picked = roles(canaryOf(10), 20_000, start);
      expect(worst(picked, 100, 10)).toBeLessThanOrEqual(2);
      expect(worst(picked, 1_000, 10)).toBeLessThanOrEqual(3);
    }
  });

  it.each([0.1, 1, 5, 25, 33, 50, 99])("of %s %% are as even", (percent) => {
    const picked = roles(canaryOf(percent), 50_000, 0.37);
    expect(worst(picked, 100, percent)).toBeLessThanOrEqual(3);
    expect(worst(picked, 1_000, percent)).toBeLessThanOrEqual(4);
  });

  it("of three roles are even for each", () => {
    const weights = { canary: weight(100_000), baseline: weight(100_000), stable: weight(800_000) };
    const picked = roles(weights, 10_000, 0.5);
    for (const role of ["canary", "baseline"] as const) {
      const share = picked.filter((other) => other === role).length;
      expect(Math.abs(share - 1_000)).toBeLessThanOrEqual(4);
    }
  });

  it.each([2, 3, 5, 7, 10, 16, 60])("do not fall in step with a period of %i requests", (period) => {
    const picked = roles(canaryOf(10), 40_000 * period, 0.1);
    for (let slot = 0; slot < period; slot += 1) {
      const own = picked.filter((_, i) => i % period === slot);
      const share = own.filter((role) => role === "canary").length / own.length;
      expect(Math.abs(share - 0.1)).toBeLessThan(0.002);
    }
  });

  it("of nothing and of everything are exact", () => {
    expect(roles(canaryOf(0), 100_000, 0.2)).not.toContain("canary");
    expect(roles(canaryOf(100), 100_000, 0.2)).not.toContain("stable");
  });
});

const cookie = (salt: string): Cohorts => new Cohorts({ key: { kind: "cookie", name: "serin" }, salt });
const users = Array.from({ length: 20_000 }, (_, i) => `user-${i}@example.org`);

describe("cohorts", () => {
  it("only grow with the share", () => {
    const cohorts = cookie("shop/7");
    const kept = new Set<string>();
    const moved: string[] = [];
    for (const percent of [0.1, 1, 5, 10, 25, 50, 75, 100]) {
      const cuts = cut(canaryOf(percent));
      for (const user of users) {
        const isCanary = roleAt(cuts, cohorts.positionOf(user)) === "canary";
        if (kept.has(user) && !isCanary) moved.push(user);
        if (isCanary) kept.add(user);
      }
      expect(Math.abs(kept.size / users.length - percent / 100)).toBeLessThan(0.012);
    }
    expect(moved).toEqual([]);
  });

  it("of different rollouts are independent", () => {
    const cuts = cut(canaryOf(10));
    const [one, two] = [cookie("shop/7"), cookie("shop/8")];
    const inOne = users.filter((user) => roleAt(cuts, one.positionOf(user)) === "canary");
    const inBoth = inOne.filter((user) => roleAt(cuts, two.positionOf(user)) === "canary");
    expect(inBoth.length / inOne.length).toBeGreaterThan(0.06);
    expect(inBoth.length / inOne.length).toBeLessThan(0.14);
  });

  it("keep the role of the request that was given a cookie", () => {
    const cohorts = cookie("shop/7");
    const weyl = new Weyl(0.3);
    for (let i = 0; i < 10_000; i += 1) {
      const position = weyl.next();
      const key = cohorts.keyIn(`a=1; ${cohorts.issue(position).split(";")[0]}; b=2`);
      expect(cohorts.positionOf(key ?? "")).toBe(position);
    }
  });

  it("of issued cookies are independent between rollouts too", () => {
    const [one, two] = [cookie("shop/7"), cookie("shop/8")];
    const weyl = new Weyl(0.3);
    let both = 0;
    for (let i = 0; i < 20_000; i += 1) {
      const key = one.keyIn(one.issue((weyl.next() * 0.1) >>> 0)) ?? "";
      if (two.positionOf(key) < AXIS / 10) both += 1;
    }
    expect(Math.abs(both / 20_000 - 0.1)).toBeLessThan(0.03);
  });

  it("find their cookie among others", () => {
    const cohorts = cookie("s");
    expect(cohorts.keyIn("xserin=1; serin=2; serin=3")).toBe("2");
    expect(cohorts.keyIn("serin=4;x=1")).toBe("4");
    expect(cohorts.keyIn("xserin=1")).toBeUndefined();
    expect(cohorts.keyIn("serin=")).toBeUndefined();
  });

  it("are mixed by a bijection", () => {
    for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1, 0x12345678]) expect(unmix(mix(value))).toBe(value);
  });
});
