// Does the share rise as fast as the evidence allows, and no faster?
import { expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";
import { REACTION_MS, shareWithin } from "./ramp.ts";

const RAMP = `{ canary: { ramp: { harm: 20, max: 50%, minBake: 10s } } }`;

function shares(desk: Desk): number[] {
  const seen: number[] = [];
  while (desk.state.rollout?.phase === "forward" && seen.length < 10_000) {
    desk.pass(500);
    if (desk.canary !== seen.at(-1)) seen.push(desk.canary);
  }
  return seen;
}

test("the first share costs no more than the harm if everything fails until it is off", () => {
  expect(shareWithin(20, { perSecond: 100, limit: 1 })).toBeCloseTo(20 / (100 * (REACTION_MS / 1_000)), 10);
  const desk = Desk.serving(RAMP, 10);
  // 600 requests in half a second.
  desk.perTick = 600;
  desk.pass(60_000);
  desk.apply("v2");
  desk.passUntil(() => desk.canary > 0);
  expect(desk.canary).toBeGreaterThan(0.5);
  expect(desk.canary).toBeLessThan(1.1);
});

test("a good version rises to the last share, bakes there and is promoted", () => {
  const desk = Desk.serving(RAMP, 10);
  desk.perTick = 600;
  desk.pass(60_000);
  desk.apply("v2");
  const seen = shares(desk);
  expect(desk.rollout.outcome).toBe("promoted");
  const rising = seen.slice(0, seen.indexOf(50) + 1);
  expect(rising).toEqual(rising.toSorted((a, b) => a - b));
  expect(seen).toContain(50);
  expect(seen.filter((share) => share > 0 && share < 50).length).toBeGreaterThan(1);
  expect(desk.texts).toContain("50% reached");
  expect(desk.texts).toContain("held 10s");
});

test("a bad version never gets further than its first shares", () => {
  const desk = Desk.serving(RAMP, 10);
  desk.perTick = 600;
  desk.pass(60_000);
  desk.errors["2-canary"] = 0.5;
  desk.apply("v2");
  const seen = shares(desk);
  desk.passUntil(() => desk.rollout.phase === "ended");
  expect(desk.rollout.outcome).toBe("rolled-back");
  expect(Math.max(...seen)).toBeLessThan(5);
});

test("paused, it stays where it is; waived by a person, it takes the last share at once", () => {
  const desk = Desk.serving(RAMP, 10);
  desk.perTick = 600;
  desk.pass(60_000);
  desk.apply("v2");
  desk.passUntil(() => desk.canary > 0);
  desk.say("pause");
  const { canary } = desk;
  desk.pass(60_000);
  expect(desk.canary).toBe(canary);
  desk.say("resume");
  desk.say("promote");
  desk.passUntil(() => desk.texts.includes("raises the share to 50%"));
  expect(desk.texts.filter((text) => text.startsWith("raises"))).toHaveLength(2);
});

test("without requests, or without evidence, it does not rise", () => {
  const desk = Desk.serving(RAMP, 10);
  desk.pass(30_000);
  desk.apply("v2");
  desk.passUntil(() => desk.canary > 0);
  const { canary } = desk;
  desk.perTick = 0;
  desk.pass(60_000);
  expect([desk.canary, desk.rollout.waiting?.for]).toEqual([canary, "evidence"]);
  desk.metrics = "gone";
  desk.perTick = 600;
  desk.pass(60_000);
  expect([desk.canary, desk.rollout.waiting?.for]).toEqual([canary, "evidence"]);
  desk.metrics = "read";
  desk.passUntil(() => desk.canary === 50);
});

test("a canary pool that does not become ready is taken back", () => {
  const desk = Desk.serving(RAMP, 10);
  desk.perTick = 600;
  desk.pass(60_000);
  desk.ready["2-canary"] = 1;
  desk.apply("v2");
  desk.passUntil(() => desk.rollout.phase === "ended", 300_000);
  expect(desk.rollout.outcome).toBe("rolled-back");
  expect(desk.rollout.why).toContain("canary has 1 ready of 10");
});
