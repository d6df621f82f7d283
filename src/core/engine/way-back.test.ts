// Does a service get back to what worked, from wherever it is?
import { describe, expect, test } from "vitest";
import { ms } from "../units.ts";
import { Desk } from "../../../test/support/engine.ts";
import { WAY_BACK_BOUND_MS } from "./way-back.ts";

const STRATEGIES = {
  canary: `{ canary: { steps: [{ weight: 10%, hold: 3s }, { weight: 50%, gate: look }, { weight: 100%, hold: 3s }] } }`,
  sameSize: `{ canary: { baseline: same-size, steps: [{ weight: 20%, hold: 3s }, { weight: 40%, hold: 3s }] } }`,
  rolling: `{ rolling: { maxSurge: 1, hold: 3s } }`,
  recreate: `{ recreate: {} }`,
};

/** Walks a rollout to its n-th step, or as far as it goes. */
function atStep(strategy: string, cursor: number): Desk {
  const desk = Desk.serving(strategy);
  desk.apply("v2");
  for (let look = 0; look < 200 && desk.rollout.phase === "forward" && desk.rollout.cursor < cursor; look += 1) {
    if (desk.rollout.waiting?.for === "person") desk.say("promote");
    desk.pass(500);
  }
  return desk;
}

describe.each(Object.entries(STRATEGIES))("from each step of %s", (_name, strategy) => {
  test("stable has everything again, and nothing else runs", () => {
    const { steps } = atStep(strategy, 0).rollout.program;
    for (let cursor = 0; cursor < steps.length; cursor += 1) {
      const desk = atStep(strategy, cursor);
      if (desk.state.stable?.revision === "v2") continue;
      expect(desk.say("abort").refused).toBeUndefined();
      desk.passUntil(() => desk.rollout.phase === "ended");
      expect(desk.state.split).toEqual({ weights: { stable: 1_000_000 } });
      expect(desk.state.pools).toEqual([{ pool: "1-canary", role: "stable", revision: "v1", size: 4 }]);
      expect(desk.rollout.outcome).toBe("stopped");
    }
  });
});

describe("the way back", () => {
  test("gives stable no more than it can carry, and the candidate never more than it has", () => {
    const desk = atStep(STRATEGIES.rolling, 12);
    desk.passUntil(() => desk.canary >= 75);
    desk.ready["1-canary"] = 1;
    desk.say("abort");
    desk.pass(2_000);
    expect(desk.canary).toBe(75);
    desk.ready["1-canary"] = 3;
    desk.pass(1_000);
    expect(desk.canary).toBe(25);
    desk.ready["1-canary"] = 2;
    desk.pass(1_000);
    expect(desk.canary).toBe(25);
    desk.ready["1-canary"] = 4;
    desk.pass(1_000);
    expect(desk.canary).toBe(0);
  });

  test("leaves the candidate nothing after its bound, ready or not", () => {
    const desk = atStep(STRATEGIES.rolling, 12);
    desk.passUntil(() => desk.canary >= 75);
    desk.ready["1-canary"] = 0;
    desk.say("abort");
    desk.pass(WAY_BACK_BOUND_MS - 1_000);
    expect(desk.canary).toBeGreaterThan(0);
    desk.pass(2_000);
    expect(desk.canary).toBe(0);
  });

  test("goes to stable at once when the candidate answers nobody", () => {
    const desk = atStep(STRATEGIES.rolling, 12);
    desk.passUntil(() => desk.canary >= 75);
    desk.ready["1-canary"] = 1;
    desk.ready["2-canary"] = 0;
    desk.say("abort");
    expect(desk.canary).toBe(0);
  });

  test("keeps the candidate's replicas until the router reports that they get nothing", () => {
    const desk = atStep(STRATEGIES.canary, 3);
    desk.router = "stays";
    desk.say("abort");
    desk.pass(60_000);
    expect(desk.state.pools.map(({ role }) => role)).toContain("canary");
    expect(desk.rollout.waiting).toEqual({ for: "router", text: "traffic goes back to stable" });
    desk.routerTrouble = { why: "no answer in 5s", atMs: ms(desk.nowMs), hopeless: false };
    desk.pass(1_000);
    expect(desk.rollout.waiting?.text).toContain("the router does not take it: no answer in 5s");
    desk.router = "unreadable";
    desk.pass(10_000);
    expect(desk.state.pools.map(({ role }) => role)).toContain("canary");
    desk.router = "follows";
    desk.pass(2_000);
    expect(desk.rollout.outcome).toBe("stopped");
  });

  test("waits for what drains", () => {
    const desk = atStep(STRATEGIES.canary, 3);
    desk.left["2-canary"] = 2;
    desk.say("abort");
    desk.pass(5_000);
    expect(desk.rollout.waiting?.text).toBe("2 replicas drain");
    // What is wanted is the same object while it is the same: another one would be written down at each look.
    const { pools, split } = desk.state;
    desk.pass(1_000);
    expect(desk.state.pools === pools && desk.state.split === split).toBe(true);
    desk.left["2-canary"] = 0;
    desk.pass(1_000);
    expect(desk.rollout.phase).toBe("ended");
  });
});
