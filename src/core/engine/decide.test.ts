// Is a decision a pure function, and does a rollout go its way?
import { describe, expect, test } from "vitest";
import { Desk, frozen } from "../../../test/support/engine.ts";
import { ms } from "../units.ts";
import { decide } from "./decide.ts";
import { sharesIn } from "./measured.ts";

describe("a decision", () => {
  test("is the same for the same state and input, and changes neither", () => {
    const desk = Desk.serving();
    desk.apply("v2");
    for (let look = 0; look < 60; look += 1) {
      const state = frozen(desk.state);
      desk.nowMs += 500;
      const input = frozen(desk.input());
      const text = JSON.stringify([state, input]);
      const [first, second] = [decide(state, input), decide(state, input)];
      expect(second).toEqual(first);
      expect(JSON.stringify([state, input])).toBe(text);
      // What is remembered survives being written down and read again.
      const read = JSON.parse(JSON.stringify(state)) as typeof state;
      expect(JSON.stringify(decide(read, input))).toBe(JSON.stringify(first));
      desk.tick();
    }
  });

  test("does not grow what is remembered for ever", () => {
    const desk = Desk.serving(`{ canary: { steps: [{ weight: 10%, gate: wait }] } }`);
    desk.apply("v2");
    desk.pass(60_000);
    const early = JSON.stringify(desk.state).length;
    desk.pass(600_000);
    expect(JSON.stringify(desk.state).length).toBeLessThan(early * 1.2);
  });
});

describe("a first deployment", () => {
  test("is ready before it gets anybody, then it is stable", () => {
    const desk = new Desk();
    desk.ready["1-canary"] = 3;
    desk.apply("v1");
    desk.pass(5_000);
    expect(desk.canary).toBe(0);
    expect(desk.rollout.waiting).toMatchObject({ for: "replicas", text: "canary: 3 of 4 ready" });
    desk.ready["1-canary"] = 4;
    desk.pass(2_000);
    expect(desk.state.stable).toEqual({ pool: "1-canary", revision: "v1" });
    expect(desk.rollout.outcome).toBe("promoted");
    expect(desk.state.split.weights).toEqual({ stable: 1_000_000 });
  });

  test("that never becomes ready ends, though there is nothing to go back to", () => {
    const desk = new Desk();
    desk.ready["1-canary"] = 0;
    desk.why["1-canary"] = { why: "exited with code 1" };
    desk.apply("v1");
    desk.pass(25_000);
    expect(desk.rollout).toMatchObject({
      outcome: "rolled-back",
      why: "canary has 0 of 4 ready after 20s: exited with code 1",
    });
    expect(desk.state.pools).toEqual([]);
  });

  test("that cannot start at all does not wait for its deadline", () => {
    const desk = new Desk();
    desk.ready["1-canary"] = 0;
    desk.why["1-canary"] = { state: "failing", hopeless: true, why: "no such command" };
    desk.apply("v1");
    desk.pass(1_000);
    expect(desk.rollout.why).toBe("canary cannot start: no such command");
  });
});

describe("a canary", () => {
  test("is measured from its start to its promotion, and its end tells all of it", () => {
    const desk = Desk.serving();
    desk.apply("v2");
    const shareAt = (atMs: number): number | undefined => {
      const { measured } =
        desk.records.findLast(({ kind, rollout }) => kind === "ended" && rollout === 2) ?? desk.rollout;
      return measured && sharesIn(measured, "canary", desk.nowMs).find((point) => point.atMs > atMs)?.share;
    };
    const [first, second] = [10, 50].map((share) => {
      desk.passUntil(() => desk.canary === share);
      const atMs = desk.nowMs;
      desk.pass(8_000);
      return atMs + 4_000;
    });
    const early = shareAt(first ?? 0);
    expect([early, shareAt(second ?? 0)]).toEqual([expect.closeTo(0.1, 1), expect.closeTo(0.5, 1)]);
    desk.passUntil(() => desk.rollout.outcome === "promoted");
    expect(shareAt(first ?? 0)).toBe(early);
    expect([desk.rollout.measured, desk.state.recent.some((record) => "measured" in record)]).toEqual([
      undefined,
      false,
    ]);
    // Afterwards stable is the same revision: nobody measures it against itself.
    const { measured } = desk.records.findLast(({ kind }) => kind === "ended") ?? {};
    expect(Object.values(measured?.requests ?? {}).map((counts) => (counts.at(-1) ?? 0) > 0)).toEqual([true, true]);
  });

  test("goes from step to step; promotion renames the pool and retires the former one", () => {
    const desk = Desk.serving();
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 10);
    expect(desk.state.pools).toContainEqual({ pool: "2-canary", role: "canary", revision: "v2", size: 1 });
    desk.passUntil(() => desk.canary === 50);
    desk.left["1-canary"] = 0;
    desk.passUntil(() => desk.state.stable?.revision === "v2");
    desk.left["1-canary"] = 4;
    desk.pass(2_000);
    expect(desk.rollout.waiting?.text).toBe("4 replicas drain");
    desk.left["1-canary"] = 0;
    desk.pass(1_000);
    expect(desk.rollout.outcome).toBe("promoted");
    expect(desk.state.pools).toEqual([{ pool: "2-canary", role: "stable", revision: "v2", size: 4 }]);
    expect(desk.texts.slice(-4)).toEqual(["canary 100%", "v2 promoted", "stable retired", "shop/2 promoted"]);
  });

  test("waits until the router reports the split, and says what it reports", () => {
    const desk = Desk.serving();
    desk.router = "stays";
    desk.apply("v2");
    desk.pass(5_000);
    expect(desk.rollout.waiting?.text).toBe("asked for canary 10%, stable 90%; the router reports another split");
    desk.routerTrouble = { why: "port in use", atMs: ms(desk.nowMs), hopeless: false };
    desk.pass(500);
    expect(desk.rollout.waiting?.text).toContain(": port in use");
    desk.pass(20_000);
    expect(desk.rollout.back).toMatchObject({
      outcome: "stopped",
      why: expect.stringContaining("asked for canary 10%"),
    });
  });

  test("stops at once when the router can never do as asked, and starts anew with the same version", () => {
    const desk = new Desk();
    desk.router = "absent";
    desk.apply("v1");
    desk.pass(500);
    desk.routerTrouble = { why: "the port is in use", atMs: ms(desk.nowMs), hopeless: true };
    desk.pass(1_000);
    expect(desk.rollout).toMatchObject({ phase: "ended", outcome: "stopped", why: "the port is in use" });
    expect(desk.state.quarantine).toEqual([]);
    // What was tried before does not speak against the next rollout.
    desk.say("retry");
    desk.router = "follows";
    desk.pass(5_000);
    expect(desk.rollout).toMatchObject({ number: 2, outcome: "promoted" });
  });

  test("stops when the router follows the split, but can never take the settings that came with the version", () => {
    const desk = Desk.serving();
    desk.apply("v2");
    desk.pass(500);
    desk.routerTrouble = { why: "no interface has this address", atMs: ms(desk.nowMs), hopeless: true };
    desk.pass(5_000);
    expect(desk.rollout).toMatchObject({ phase: "ended", outcome: "stopped", why: "no interface has this address" });
    expect(desk.canary).toBe(0);
  });

  test("a router that served and is gone may come back, whatever its successor says", () => {
    const desk = Desk.serving();
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 10);
    desk.router = "absent";
    desk.routerTrouble = { why: "the port is in use", atMs: ms(desk.nowMs), hopeless: true };
    desk.pass(5_000);
    expect(desk.rollout.phase).toBe("forward");
  });

  test("gets no share that its ready replicas cannot carry", () => {
    const desk = Desk.serving(`{ canary: { steps: [{ gate: start }, { weight: 50%, hold: 5s }] } }`);
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.waiting?.for === "person");
    desk.say("promote");
    desk.ready["2-canary"] = 1;
    desk.pass(5_000);
    expect(desk.canary).toBe(0);
    expect(desk.rollout.waiting?.text).toBe("canary: 1 of 2 ready");
  });

  test("does not go on while it has lost replicas, and goes back when it does not keep them", () => {
    const desk = Desk.serving();
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 10);
    // Up for a moment and down again, over and over.
    for (let round = 0; round < 12 && desk.rollout.phase === "forward"; round += 1) {
      desk.ready["2-canary"] = 0;
      desk.pass(1_500);
      desk.ready["2-canary"] = 1;
      desk.pass(1_500);
    }
    expect(desk.canary).toBe(0);
    expect(desk.rollout.why ?? desk.rollout.back?.why).toBe("canary has not kept 1 of its replicas ready for 20s");
  });

  test("is not blamed for a workload that cannot be read", () => {
    const desk = Desk.serving();
    desk.apply("v2");
    desk.workload = "gone";
    desk.pass(60_000);
    expect(desk.rollout.waiting?.text).toBe("what runs cannot be read: no answer");
    desk.workload = "read";
    desk.passUntil(() => desk.canary === 10);
    desk.workload = "gone";
    desk.say("abort");
    expect(desk.canary).toBe(10);
    desk.workload = "read";
    desk.pass(2_000);
    expect(desk.rollout.outcome).toBe("stopped");
  });
});
