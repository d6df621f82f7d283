// Do hooks hold, let through and take back as the file says, and is each called at least once?
import { describe, expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";

const CANARY = `{ canary: { steps: [{ weight: 10%, hold: 5s }, { weight: 50%, hold: 5s }] } }`;
const HOOKS = (hooks: string): string => `  hooks: [${hooks}]\n`;

function rolling(hooks: string, strategy = CANARY): Desk {
  const desk = Desk.serving(strategy, 4, HOOKS(hooks));
  desk.called.length = 0;
  desk.apply("v2");
  return desk;
}

describe("a hook before the traffic", () => {
  const SMOKE = `{ name: smoke, at: before, command: [smoke], retries: 2 }`;

  test("is called when the candidate is ready and gets nothing yet", () => {
    const desk = rolling(SMOKE);
    desk.hooks["smoke"] = "silent";
    desk.pass(5_000);
    expect(desk.rollout.waiting).toEqual({ for: "hook", text: "smoke is called" });
    expect(desk.canary).toBe(0);
    expect(desk.state.outbox).toHaveLength(1);
    expect(desk.state.outbox?.[0]).toMatchObject({
      id: "shop/2/hook/smoke.0.0/0",
      target: { kind: "command", command: ["smoke"], cwd: "/" },
      payload: { name: "shop", phase: "Progressing", checksum: "v2", stable: "v1", rollout: 2, step: 2, share: "0%" },
    });
    delete desk.hooks["smoke"];
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("promoted");
    expect(desk.called).toEqual(["smoke"]);
    expect(desk.texts).toContain("smoke: 200 OK");
  });

  test("is tried again as often as asked, then rolls back, and nobody got the candidate", () => {
    const desk = rolling(SMOKE);
    desk.hooks["smoke"] = "no";
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.called).toEqual(["smoke", "smoke", "smoke"]);
    expect(desk.rollout).toMatchObject({ outcome: "rolled-back", why: "smoke failed: 503 Service Unavailable" });
    expect(desk.state.split).toEqual({ weights: { stable: 1_000_000 } });
  });

  test("that fails goes on, or is held for a person, as asked", () => {
    const goOn = rolling(SMOKE.replace("retries: 2", "onFailure: goOn"));
    goOn.hooks["smoke"] = "no";
    goOn.passUntil(() => goOn.rollout.phase === "ended");
    expect(goOn.rollout.outcome).toBe("promoted");
    const hold = rolling(SMOKE.replace("retries: 2", "onFailure: hold"));
    hold.hooks["smoke"] = "no";
    hold.passUntil(() => hold.rollout.waiting?.for === "person");
    expect(hold.rollout.waiting?.text).toBe("smoke failed: 503 Service Unavailable; held as asked");
    hold.say("promote");
    hold.passUntil(() => hold.rollout.phase === "ended");
    expect(hold.rollout.outcome).toBe("promoted");
  });

  test("whose answer was lost with a crash is called again under the same name", () => {
    const desk = rolling(SMOKE);
    desk.hooks["smoke"] = "silent";
    desk.pass(3_000);
    const [before] = desk.state.outbox ?? [];
    desk.pass(3_000);
    expect(desk.state.outbox).toEqual([before]);
  });

  test("an answer to an older attempt, or to another rollout's, changes nothing", () => {
    const desk = rolling(SMOKE);
    desk.hooks["smoke"] = "silent";
    desk.pass(3_000);
    const late = {
      ok: true,
      result: "200 OK",
      output: "",
      startedMs: desk.nowMs as never,
      endedMs: desk.nowMs as never,
    };
    const input = desk.input();
    const { state } = desk;
    desk.tick = desk.tick.bind(desk);
    desk.input = () => ({
      ...input,
      deliveries: [
        { ...late, id: "shop/2/hook/smoke.0.0/0", failed: 3 },
        { ...late, id: "shop/1/hook/smoke.0.0/0", failed: 0 },
      ],
    });
    desk.tick();
    expect(desk.state.outbox).toEqual(state.outbox);
    expect(desk.rollout.cursor).toBe(state.rollout?.cursor);
  });
});

describe("a gate", () => {
  test("is asked again and again until it says go", () => {
    const desk = rolling(`{ name: may we, at: promotion, gate: true, every: 5s, http: "http://gate/" }`);
    desk.hooks["may we"] = "no";
    desk.passUntil(() => desk.rollout.waiting?.text.startsWith("may we does not say go yet") ?? false);
    desk.pass(20_000);
    expect(desk.called.length).toBeGreaterThanOrEqual(4);
    expect(desk.called.length).toBeLessThanOrEqual(6);
    expect(desk.texts.filter((text) => text.startsWith("may we"))).toHaveLength(1);
    expect(desk.state.stable?.revision).toBe("v1");
    desk.hooks["may we"] = "yes";
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("promoted");
  });

  test("a person may open it", () => {
    const desk = rolling(`{ name: more, at: increase, gate: true, http: "http://gate/" }`);
    desk.hooks["more"] = "no";
    desk.passUntil(() => desk.rollout.waiting?.for === "hook");
    desk.pass(2_000);
    expect(desk.say("promote").refused).toBeUndefined();
    desk.passUntil(() => desk.canary === 10);
  });
});

describe("a hook that repeats", () => {
  test("rolls back after so many failures in a row, not one less", () => {
    const desk = rolling(
      `{ name: pulse, at: during, every: 1s, threshold: 3, command: [pulse] }`,
      `{ canary: { steps: [{ weight: 10%, hold: 10m }] } }`,
    );
    desk.passUntil(() => desk.called.length >= 3);
    desk.hooks["pulse"] = "no";
    desk.passUntil(() => desk.called.length >= 5);
    desk.hooks["pulse"] = "yes";
    desk.pass(5_000);
    expect(desk.rollout.phase).toBe("forward");
    desk.hooks["pulse"] = "no";
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.why).toBe("pulse failed 3 times in a row: 503 Service Unavailable");
  });

  test("is not called before the candidate gets requests, nor after it is stable", () => {
    const desk = rolling(
      `{ name: pulse, at: during, every: 1s, command: [pulse] }, { name: smoke, at: before, command: [smoke] }`,
    );
    desk.hooks["smoke"] = "silent";
    desk.pass(10_000);
    expect(desk.called).toEqual([]);
    desk.hooks["smoke"] = "yes";
    desk.passUntil(() => desk.rollout.phase === "ended");
    const { length } = desk.called;
    desk.pass(10_000);
    expect(desk.called).toHaveLength(length);
  });

  test("that fails once too often holds the rollout where the file says so", () => {
    const desk = rolling(`{ name: pulse, at: during, every: 1s, onFailure: hold, command: [pulse] }`);
    desk.hooks["pulse"] = "no";
    desk.passUntil(() => desk.rollout.paused !== undefined);
    expect(desk.rollout.paused).toMatchObject({
      by: "pulse",
      reason: expect.stringContaining("failed 1 times in a row"),
    });
    desk.pass(60_000);
    expect(desk.rollout.phase).toBe("forward");
  });

  test("a stop button takes the rollout back when it says yes", () => {
    const desk = rolling(
      `{ name: stop, rollbackWhen: true, every: 1s, http: "http://stop/" }`,
      `{ canary: { steps: [{ weight: 10%, hold: 10m }] } }`,
    );
    desk.hooks["stop"] = "no";
    desk.passUntil(() => desk.called.length >= 3);
    expect(desk.rollout.phase).toBe("forward");
    desk.hooks["stop"] = "yes";
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout).toMatchObject({ outcome: "rolled-back", why: "stop says to take it back: 200 OK" });
  });
});

describe("hooks of the end", () => {
  test("those of the way back are called and waited for by nobody; those of the way forward are called off", () => {
    const desk = rolling(
      `{ name: smoke, at: before, command: [smoke] }, { name: tidy, at: rollback, command: [tidy] }`,
    );
    desk.hooks["smoke"] = "silent";
    desk.hooks["tidy"] = "silent";
    desk.pass(5_000);
    desk.say("abort");
    expect(desk.state.outbox?.map(({ name }) => name)).toEqual(["tidy"]);
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("stopped");
    desk.hooks["tidy"] = "no";
    desk.pass(2_000);
    expect(desk.called).toContain("tidy");
    expect(desk.state.outbox).toEqual([]);
  });

  test("one that fails after the promotion changes nothing", () => {
    const desk = rolling(`{ name: warm, at: after, command: [warm] }`);
    desk.hooks["warm"] = "no";
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("promoted");
  });
});

describe("notifications", () => {
  test("are told of what they ask for, and never hold anything up", () => {
    const notify = `  notify: [{ name: team, http: "http://team/", events: [started, promoted] }]\n`;
    const desk = Desk.serving(CANARY, 4, notify);
    desk.hooks["team"] = "no";
    desk.called.length = 0;
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("promoted");
    expect(desk.texts.filter((text) => text.startsWith("team could not be told")).length).toBeLessThan(5);
    desk.pass(120_000);
    expect(desk.state.outbox).toEqual([]);
    expect(desk.texts.filter((text) => text.startsWith("team could not be told")).length).toBeLessThan(5);
  });

  test("are told when a person is waited for, once", () => {
    const strategy = `{ canary: { steps: [{ weight: 10%, gate: look at it }] } }`;
    const desk = Desk.serving(strategy, 4, `  notify: [{ name: team, http: "http://team/", events: [waiting] }]\n`);
    desk.hooks["team"] = "silent";
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.waiting?.for === "person");
    desk.pass(10_000);
    expect(desk.state.outbox).toHaveLength(1);
    expect(desk.state.outbox?.[0]?.payload).toMatchObject({
      event: "waiting",
      severity: "warning",
      text: "shop/2: look at it: waits for a person",
    });
  });
});
