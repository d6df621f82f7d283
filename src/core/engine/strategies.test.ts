// Does every strategy end as it should, and go back from wherever it is?
import { describe, expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";

const STRATEGIES = {
  rollingMissing: `{ rolling: { maxSurge: 0, maxUnavailable: 1, hold: 1s } }`,
  rollingBoth: `{ rolling: { maxSurge: 1, maxUnavailable: 25%, hold: 1s } }`,
  blueGreen: `{ blueGreen: { preview: [{ header: { x-preview: "1" } }], hold: 1s, keepOld: 5s } }`,
  blueGreenMirror: `{ blueGreen: { replicas: 2, mirror: { share: 50%, hold: 2s }, promotion: manual, keepOld: 1s } }`,
  shadowCanary: `{ shadow: { hold: 2s, compare: { enabled: false }, next: { canary: { steps: [{ weight: 25%, hold: 1s }] } } } }`,
  matched: `{ canary: { steps: [{ match: [{ cookie: { beta: { present: true } } }], hold: 2s }, { weight: 10%, replicas: 2, hold: 1s }], watch: 3s } }`,
  sameSizeMatched: `{ canary: { baseline: same-size, steps: [{ match: [{ path: /cart }], weight: 20%, hold: 1s }, { weight: 40%, hold: 1s }] } }`,
};

const CONCLUDE = {
  shadow: `{ shadow: { share: 50%, compare: { enabled: false }, hold: 2s } }`,
  experiment: `{ experiment: { share: 20%, for: 4s } }`,
};

/** Walks a rollout to its n-th step, or as far as it goes. */
function atStep(strategy: string, cursor: number, more = ""): Desk {
  const desk = Desk.serving(strategy, 4, more);
  desk.apply("v2");
  for (let look = 0; look < 400 && desk.rollout.phase === "forward" && desk.rollout.cursor < cursor; look += 1) {
    if (desk.rollout.waiting?.for === "person") desk.say("promote");
    desk.pass(500);
  }
  return desk;
}

const STABLE = [{ pool: "1-canary", role: "stable", revision: "v1", size: 4 }];

describe.each(Object.entries({ ...STRATEGIES, ...CONCLUDE }))("%s", (name, strategy) => {
  const { steps } = atStep(strategy, 0).rollout.program;

  test("a good version ends as the strategy says", () => {
    const desk = atStep(strategy, steps.length);
    desk.passUntil(() => desk.rollout.phase === "ended");
    const isPromoted = !(name in CONCLUDE);
    expect(desk.rollout.outcome).toBe(isPromoted ? "promoted" : "concluded");
    expect(desk.state.stable?.revision).toBe(isPromoted ? "v2" : "v1");
    expect(desk.state.split).toEqual({ weights: { stable: 1_000_000 } });
    expect(desk.state.pools.map(({ role, size }) => ({ role, size }))).toEqual([{ role: "stable", size: 4 }]);
    expect(desk.state.quarantine).toEqual([]);
  });

  test("from each step abort brings stable everything again, and nothing else runs", () => {
    for (let cursor = 0; cursor < steps.length; cursor += 1) {
      const desk = atStep(strategy, cursor);
      if (desk.state.stable?.revision === "v2" || desk.rollout.phase !== "forward") continue;
      expect(desk.say("abort").refused).toBeUndefined();
      desk.pass(500);
      expect(desk.state.split.matches).toBeUndefined();
      expect(desk.state.split.mirror).toBeUndefined();
      desk.passUntil(() => desk.rollout.phase === "ended");
      expect(desk.state.split).toEqual({ weights: { stable: 1_000_000 } });
      expect(desk.state.pools).toEqual(STABLE);
      expect(desk.rollout.outcome).toBe("stopped");
    }
  });

  test("at each step a newer revision supersedes it: stable has everything first, then the newer one begins", () => {
    for (let cursor = 0; cursor < steps.length; cursor += 1) {
      const desk = atStep(strategy, cursor, "  onNewRevision: supersede\n");
      if (desk.rollout.phase !== "forward") continue;
      const isPromoted = desk.state.stable?.revision === "v2";
      expect(desk.apply("v3").text).toContain("takes the place of shop/2");
      desk.passUntil(() => desk.state.rollouts === 3);
      expect(desk.state.history[0]).toMatchObject(
        isPromoted ? { outcome: "promoted" } : { outcome: "stopped", why: "superseded by v3" },
      );
      expect(desk.rollout).toMatchObject({ candidate: "v3", stable: isPromoted ? "v2" : "v1" });
      expect(desk.state.queued).toBeUndefined();
    }
  });
});

describe("blue-green", () => {
  test("switches back at once while the old version is kept at its full size", () => {
    const desk = Desk.serving(STRATEGIES.blueGreen);
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 100);
    desk.pass(2_000);
    expect(desk.state.pools).toContainEqual(STABLE[0]);
    desk.say("abort");
    expect(desk.canary).toBe(0);
  });

  test("shows the version to whom a rule names, and to nobody else", () => {
    const desk = Desk.serving(STRATEGIES.blueGreen);
    desk.apply("v2");
    desk.passUntil(() => desk.state.split.matches !== undefined);
    expect(desk.state.split).toEqual({
      weights: { stable: 1_000_000 },
      matches: [{ when: [{ on: "header", name: "x-preview", is: { exact: "1" } }], to: "canary" }],
    });
  });

  test("is rolled back before the switch when those whom a rule sends to it get errors", () => {
    const desk = Desk.serving(`{ blueGreen: { preview: [{ header: { x-preview: "1" } }], hold: 5m } }`);
    desk.perTick = 200;
    desk.errors["2-canary"] = 0.9;
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("rolled-back");
  });
});

describe("a shadow", () => {
  const SHADOW = `{ shadow: { share: 50%, compare: { atLeast: 100, found: rollBack } } }`;
  const compared = { epoch: "1", candidate: 60, noise: 60, shed: 0, failed: 0, fields: [] };
  const price = { path: "body.price", candidate: 30, noise: 0, examples: [] };

  test("waits until enough answers were compared, then ends with nothing promoted", () => {
    const desk = Desk.serving(SHADOW);
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.waiting?.text === "no answer was compared yet");
    desk.comparison = compared;
    desk.pass(2_000);
    expect(desk.rollout.waiting?.text).toBe("60 of 100 answers compared");
    desk.comparison = { ...compared, candidate: 120, noise: 30 };
    desk.pass(2_000);
    expect(desk.rollout.waiting?.text).toBe("120 of 100 answers compared, 30 of a second copy of stable");
    desk.comparison = { ...compared, candidate: 120, noise: 120 };
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("concluded");
    expect(desk.records.at(-1)?.comparison?.candidate).toBe(120);
  });

  test("is rolled back as soon as a part differs beyond noise, with the part's name", () => {
    const desk = Desk.serving(SHADOW);
    desk.apply("v2");
    desk.comparison = { ...compared, fields: [price] };
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout).toMatchObject({
      outcome: "rolled-back",
      why: expect.stringContaining("body.price (30 times)"),
    });
  });

  test("is held for a person where the file says so", () => {
    const desk = Desk.serving(SHADOW.replace("rollBack", "hold"));
    desk.apply("v2");
    desk.comparison = { ...compared, fields: [price] };
    desk.passUntil(() => desk.rollout.waiting?.for === "person");
    desk.say("promote");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("concluded");
  });

  test("that fails is rolled back by its copies alone: no user has got an error", () => {
    const desk = Desk.serving(`{ shadow: { hold: 10m, compare: { enabled: false } } }`);
    desk.errors["2-canary"] = 0.5;
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout).toMatchObject({ outcome: "rolled-back" });
    expect(desk.records.filter(({ rollout }) => rollout === 2).some(({ text }) => /canary \d/u.test(text))).toBe(false);
  });

  test("counts as many requests per second as users have sent, without the copies", () => {
    const desk = Desk.serving(`{ shadow: { hold: 1m, compare: { enabled: false } } }`);
    desk.apply("v2");
    desk.passUntil(() => desk.state.split.mirror !== undefined);
    const before = desk.state.perSecond ?? 0;
    desk.pass(20_000);
    expect((desk.state.perSecond ?? 0) / before).toBeCloseTo(1, 1);
  });
});

describe("steps back", () => {
  const STEPS_BACK = `{ canary: { stepsBack: 1, steps: [{ weight: 10%, hold: 5s }, { weight: 50%, hold: 1m }] } }`;

  test("a worse version goes one step down and is judged anew; the second time it is rolled back", () => {
    const desk = Desk.serving(STEPS_BACK);
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 50);
    desk.errors["2-canary"] = 0.5;
    desk.passUntil(() => desk.canary === 10);
    expect(desk.rollout).toMatchObject({ phase: "forward", steppedBack: 1, verdict: undefined });
    expect(desk.texts.filter((text) => text.includes("one step down to 10%, to be judged anew"))).toHaveLength(1);
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("rolled-back");
  });

  test("one that is well again goes up again", () => {
    const desk = Desk.serving(STEPS_BACK);
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 50);
    desk.errors["2-canary"] = 0.5;
    desk.passUntil(() => desk.canary === 10);
    desk.errors["2-canary"] = 0;
    desk.passUntil(() => desk.rollout.phase === "ended", 300_000);
    expect(desk.rollout.outcome).toBe("promoted");
  });

  test("at the first share there is no step down", () => {
    const desk = Desk.serving(STEPS_BACK);
    desk.errors["2-canary"] = 0.9;
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("rolled-back");
    expect(desk.rollout.steppedBack).toBeUndefined();
  });

  test("each try has its part of the false-rollback rate", () => {
    const desk = Desk.serving(STEPS_BACK);
    desk.apply("v2");
    expect(desk.rollout.program.analysis?.falseRollback).toBeCloseTo(0.0001 / 2, 9);
  });
});
