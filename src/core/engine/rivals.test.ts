// Does each candidate of an experiment have a verdict of its own, and who leaves early?
import { describe, expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";

const EXPERIMENT = `{ experiment: { share: 20%, for: 60s, candidates: [{ name: v3, env: { A: 1 } }, { name: v4, env: { A: 2 } }] } }`;

function running(): Desk {
  const desk = Desk.serving(EXPERIMENT, 10);
  desk.perTick = 500;
  desk.experiment("v2", ["v3", "v4"]);
  desk.passUntil(() => desk.canary === 20);
  return desk;
}

const weights = (desk: Desk) => desk.state.split.weights;

describe("an experiment with several candidates", () => {
  test("gives each its share beside a fresh copy of stable", () => {
    const desk = running();
    expect(weights(desk)).toEqual({
      canary: 200_000,
      "canary-2": 200_000,
      "canary-3": 200_000,
      baseline: 200_000,
      stable: 200_000,
    });
    const revisions = Object.fromEntries(desk.state.pools.map(({ role, revision }) => [role, revision]));
    expect(revisions).toEqual({ stable: "v1", canary: "v2", "canary-2": "v3", "canary-3": "v4", baseline: "v1" });
  });

  test("ends with a verdict for each, and nothing promoted", () => {
    const desk = running();
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("concluded");
    expect(desk.rollout.why).toContain("v3: ");
    expect(desk.rollout.why).toContain("v4: ");
    expect(desk.state.pools).toMatchObject([{ role: "stable", revision: "v1", size: 10 }]);
    expect(weights(desk)).toEqual({ stable: 1_000_000 });
    expect(desk.state.quarantine).toEqual([]);
  });

  test("one that is worse leaves, and the others go on", () => {
    const desk = running();
    desk.errors["2-canary-2"] = 0.5;
    desk.passUntil(() => desk.state.pools.every(({ role }) => role !== "canary-2"));
    expect(weights(desk)).toEqual({ canary: 200_000, "canary-3": 200_000, baseline: 200_000, stable: 400_000 });
    expect(desk.texts.some((text) => text.startsWith("v3 leaves the experiment: "))).toBe(true);
    expect(desk.rollout.phase).toBe("forward");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("concluded");
  });

  test("the first one may leave too, and when nobody is left the experiment ends", () => {
    const desk = running();
    desk.errors["2-canary"] = 0.5;
    desk.passUntil(() => desk.canary === 0);
    expect(desk.rollout.phase).toBe("forward");
    desk.errors["2-canary-2"] = 0.5;
    desk.errors["2-canary-3"] = 0.5;
    desk.passUntil(() => desk.rollout.phase === "ended", 30_000);
    expect(desk.rollout).toMatchObject({ outcome: "concluded", why: expect.stringContaining("nobody is left") });
  });

  test("an abort takes all of them away", () => {
    const desk = running();
    desk.say("abort");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.state.pools).toMatchObject([{ role: "stable", revision: "v1", size: 10 }]);
    expect(desk.say("retry").refused).toBeUndefined();
    desk.passUntil(() => desk.canary === 20);
    expect(desk.rollout.rivals?.map(({ revision }) => revision)).toEqual(["v3", "v4"]);
  });

  test("the false-rollback rate is shared out among them", () => {
    expect(running().rollout.program.analysis?.falseRollback).toBeCloseTo(0.0001 / 3, 9);
  });
});
