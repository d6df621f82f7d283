// Do rollouts end well when things come at awkward moments: a freeze, a person, a loss, another number of replicas?
import { describe, expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";

const CANARY = `{ canary: { steps: [{ weight: 10%, hold: 1h }, { weight: 50%, hold: 5s }] } }`;
const FROZEN = `  calendar: { freezes: [{ from: 1970-01-01, to: 2100-01-01, reason: holidays }] }\n`;
/** The desk's clock begins at 1 000 s: this begins 20 s after. */
const SOON = `  calendar: { freezes: [{ from: 1970-01-01T00:17:00Z, to: 2100-01-01 }] }\n`;
const stable = (desk: Desk) => desk.state.pools.find(({ role }) => role === "stable");

describe("a freeze", () => {
  test.each([`{ recreate: {} }`, `{ rolling: { maxSurge: 0, maxUnavailable: 50% } }`])(
    "takes nothing of the old version away: %s",
    (strategy) => {
      const desk = Desk.serving(strategy, 4, FROZEN);
      desk.apply("v2");
      desk.pass(60_000);
      expect(stable(desk)).toMatchObject({ revision: "v1", size: 4 });
      expect(desk.rollout.waiting?.text).toContain("frozen: holidays");
    },
  );

  test("holds a ramp where it is", () => {
    const desk = Desk.serving(`{ canary: { ramp: { harm: 20, max: 50%, minBake: 1m } } }`, 4, SOON);
    desk.apply("v2");
    desk.passUntil(() => desk.nowMs >= 1_021_000);
    const { canary } = desk;
    desk.pass(300_000);
    expect(desk.canary).toBe(canary);
  });

  test("keeps rules from beginning, and a promote by hand from pretending", () => {
    const strategy = `{ canary: { steps: [{ match: [{ header: { a: "1" } }], hold: 5s }, { weight: 10%, hold: 5s }] } }`;
    const desk = Desk.serving(strategy, 4, FROZEN);
    desk.apply("v2");
    desk.pass(30_000);
    expect(desk.state.split.matches).toBeUndefined();
    expect(desk.say("promote").refused?.what).toContain("waits for its calendar");
  });
});

describe("a person", () => {
  test("may promote a ramp to the end before it has begun", () => {
    const desk = Desk.serving(`{ canary: { ramp: { harm: 20, max: 100% } } }`);
    desk.ready["2-canary"] = 0;
    desk.apply("v2");
    expect(desk.say("promote", { full: true }).refused).toBeUndefined();
    delete desk.ready["2-canary"];
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("promoted");
  });

  test("who resumes after a hook has paused is not paused again by what it had said before", () => {
    const hooks = `  hooks: [{ name: pulse, at: during, every: 5s, onFailure: hold, command: [pulse] }]\n`;
    const desk = Desk.serving(CANARY, 4, hooks);
    desk.hooks["pulse"] = "no";
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.paused !== undefined);
    desk.hooks["pulse"] = "yes";
    desk.say("resume");
    desk.pass(20_000);
    expect(desk.rollout.paused).toBeUndefined();
  });

  test("who aborts what goes back already drops what has waited", () => {
    const desk = Desk.serving(CANARY, 4, `  onNewRevision: supersede\n`);
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 10);
    desk.left["2-canary"] = 1;
    desk.apply("v3");
    expect(desk.rollout.phase).toBe("back");
    expect(desk.say("abort").text).toContain("v3 does not start");
    delete desk.left["2-canary"];
    desk.pass(30_000);
    expect(desk.state.rollouts).toBe(2);
  });

  test("is told once that something waits, however its figures change", () => {
    const strategy = `{ shadow: { compare: { atLeast: 50, found: hold } } }`;
    const desk = Desk.serving(strategy, 4, `  notify: [{ name: team, http: "http://team/", events: [waiting] }]\n`);
    desk.called.length = 0;
    const price = { path: "body.price", candidate: 40, noise: 0, examples: [] };
    const compared = { epoch: "1", candidate: 60, noise: 60, shed: 0, failed: 0, fields: [price] };
    desk.comparison = compared;
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.waiting?.for === "person");
    for (let more = 1; more < 20; more += 1) {
      desk.comparison = { ...compared, candidate: 60 + more, noise: 60 + more };
      desk.pass(1_000);
    }
    expect(desk.called).toEqual(["team"]);
  });

  test("who wants a hotfix has it before whoever wants the next version", () => {
    const desk = Desk.serving(CANARY, 4, `  onNewRevision: queue\n`);
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 10);
    desk.left["2-canary"] = 1;
    desk.hotfix("v3");
    expect(desk.apply("v4").refused?.what).toContain("v3, a hotfix, waits");
  });
});

describe("another number of replicas", () => {
  test("does not begin a hold anew", () => {
    const desk = Desk.serving(CANARY);
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 10);
    desk.pass(3_500_000, 5_000);
    desk.scale(5);
    desk.passUntil(() => desk.canary === 50);
    expect(desk.rollout.number).toBe(2);
  });

  test("calls no hook twice, and leaves none out", () => {
    const names = ["a", "b", "c", "d"];
    const hooks = `  hooks: [${names.map((name) => `{ name: ${name}, at: increase, command: [${name}] }`).join(", ")}]\n`;
    const desk = Desk.serving(`{ canary: { steps: [{ weight: 50%, hold: 5s }] } }`, 4, hooks);
    desk.called.length = 0;
    desk.hooks["b"] = "silent";
    desk.apply("v2");
    desk.passUntil(() => desk.state.outbox?.[0]?.name === "b");
    desk.scale(1);
    desk.hooks["b"] = "yes";
    desk.hooks["d"] = "no";
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.called).toEqual(names);
    expect(desk.rollout.outcome).toBe("rolled-back");
  });
});

describe("a step down", () => {
  test("asks its hooks again", () => {
    const hooks = `  hooks: [{ name: more, at: increase, command: [more] }]\n`;
    const strategy = `{ canary: { stepsBack: 1, steps: [{ weight: 10%, hold: 5s }, { weight: 50%, hold: 1m }] } }`;
    const desk = Desk.serving(strategy, 4, hooks);
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 50);
    desk.errors["2-canary"] = 0.5;
    desk.passUntil(() => desk.canary === 10);
    desk.errors["2-canary"] = 0;
    desk.hooks["more"] = "no";
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.why).toContain("more failed");
  });
});

describe("a loss", () => {
  test("of stable's own replicas is not the candidate's fault: it may start again", () => {
    const desk = Desk.serving(`{ canary: { baseline: same-size, steps: [{ weight: 20%, hold: 5s }] } }`);
    desk.ready["2-baseline"] = 0;
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("stopped");
    expect(desk.state.quarantine).toEqual([]);
  });

  test("of one of stable's replicas keeps the way back from its end, though the others carry everything", () => {
    const desk = Desk.serving(`{ rolling: { maxSurge: 0, maxUnavailable: 1 } }`);
    desk.ready["2-canary"] = 0;
    desk.apply("v2");
    desk.pass(2_000);
    const { pool = "" } = desk.state.stable ?? {};
    desk.ready[pool] = 3;
    desk.say("abort");
    desk.pass(10_000);
    expect(desk.rollout.phase).toBe("back");
    expect(desk.rollout.waiting?.text).toBe("stable comes back to its size");
    desk.ready[pool] = 4;
    desk.pass(1_000);
    expect(desk.rollout.phase).toBe("ended");
  });

  test("of one replica too few does not keep a rolling update that allows it from its end", () => {
    const desk = Desk.serving(`{ rolling: { maxSurge: 0, maxUnavailable: 1 } }`);
    desk.ready["2-canary"] = 3;
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.phase === "ended", 300_000);
    expect(desk.rollout.outcome).toBe("promoted");
  });

  test("of stable's replicas while a candidate is worse ends an experiment: its requests go where they can", () => {
    const strategy = `{ experiment: { share: 10%, for: 10m, candidates: [{ name: r2, env: { A: 1 } }] } }`;
    const desk = Desk.serving(strategy, 10);
    desk.perTick = 500;
    desk.experiment("v2", ["r2"]);
    desk.passUntil(() => desk.canary === 10);
    desk.ready["1-canary"] = 5;
    desk.errors["2-canary-2"] = 0.9;
    desk.passUntil(() => desk.rollout.phase !== "forward", 30_000);
    desk.pass(40_000);
    expect(desk.state.split.weights).toEqual({ stable: 1_000_000 });
  });
});

describe("nobody's requests", () => {
  test("do not keep blue-green waiting for testers, nor two versions for ever", () => {
    const desk = Desk.serving(`{ blueGreen: { preview: [{ header: { a: "1" } }], hold: 5s, keepOld: 10s } }`);
    desk.perTick = 0;
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("promoted");
  });

  test("keep a canary at its share", () => {
    const desk = Desk.serving(`{ canary: { steps: [{ weight: 10%, hold: 5s }, { weight: 50%, hold: 5s }] } }`);
    desk.perTick = 0;
    desk.apply("v2");
    desk.pass(120_000);
    expect(desk.canary).toBe(10);
  });
});
