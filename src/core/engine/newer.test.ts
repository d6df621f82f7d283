// What becomes of a newer revision, of a hotfix, of another number of replicas, and of a closed calendar?
import { describe, expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";

const CANARY = `{ canary: { steps: [{ weight: 10%, hold: 5s }, { weight: 50%, gate: look }] } }`;
const policy = (name: string): string => `  onNewRevision: ${name}\n`;

/** A rollout of v2 that waits for a person at 50 %. */
function atGate(more: string): Desk {
  const desk = Desk.serving(CANARY, 4, more);
  desk.apply("v2");
  desk.passUntil(() => desk.rollout.waiting?.for === "person");
  return desk;
}

describe("a newer revision", () => {
  test("is refused where the file says nothing", () => {
    const desk = atGate("");
    expect(desk.apply("v3").refused?.code).toBe("SERIN_BUSY");
    expect(desk.state.queued).toBeUndefined();
  });

  test("waits for the end of the one before, and the newest of those that wait begins", () => {
    const desk = atGate(policy("queue"));
    expect(desk.apply("v3").text).toBe("v3 waits for the end of shop/2");
    expect(desk.apply("v4").text).toBe("v4 waits for the end of shop/2");
    expect(desk.texts).toContain("v4 waits for the end of shop/2 in the place of v3");
    expect(desk.rollout).toMatchObject({ candidate: "v2", phase: "forward" });
    desk.say("promote");
    desk.passUntil(() => desk.state.rollouts === 3);
    expect(desk.state.history[0]).toMatchObject({ candidate: "v2", outcome: "promoted" });
    expect(desk.rollout).toMatchObject({ candidate: "v4", stable: "v2" });
  });

  test("that was quarantined neither waits nor supersedes", () => {
    const desk = Desk.serving(CANARY, 4, policy("supersede"));
    desk.errors["2-canary"] = 0.9;
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.phase === "ended");
    desk.apply("v3");
    desk.pass(3_000);
    expect(desk.apply("v2").refused?.code).toBe("SERIN_QUARANTINED");
    expect(desk.rollout).toMatchObject({ candidate: "v3", phase: "forward" });
  });

  test("that waits is dropped by an abort, and that is said", () => {
    const desk = atGate(policy("queue"));
    desk.apply("v3");
    desk.say("abort");
    expect(desk.texts).toContain("aborted; v3, which has waited, does not start");
    desk.pass(30_000);
    expect(desk.state.rollouts).toBe(2);
  });

  test("that has become the stable one meanwhile starts nothing", () => {
    const desk = atGate(policy("queue"));
    desk.apply("v1");
    desk.say("promote");
    desk.passUntil(() => desk.state.rollouts === 3);
    expect(desk.rollout.candidate).toBe("v1");
  });
});

describe("a hotfix", () => {
  const FROZEN = `  calendar: { freezes: [{ from: 1970-01-01, to: 2100-01-01, reason: holidays }] }\n`;

  test("takes the place of what is under way, whatever the file says, and asks no calendar", () => {
    const desk = atGate(policy("refuse"));
    expect(desk.hotfix("v3").refused).toBeUndefined();
    desk.passUntil(() => desk.state.rollouts === 3);
    expect(desk.state.history[0]).toMatchObject({ outcome: "stopped", why: "superseded by v3" });
    const frozen = Desk.serving(CANARY, 4, FROZEN);
    frozen.hotfix("v2");
    frozen.passUntil(() => frozen.canary === 10);
  });

  test("others wait for the calendar, and can be taken back meanwhile", () => {
    const desk = Desk.serving(CANARY, 4, FROZEN);
    desk.apply("v2");
    desk.pass(60_000);
    expect(desk.canary).toBe(0);
    expect(desk.rollout.waiting).toEqual({
      for: "time",
      text: expect.stringContaining("frozen: holidays; for another"),
    });
    expect(desk.state.recent.filter(({ text }) => text.startsWith("goes no further: frozen"))).toHaveLength(1);
    const next = "serin abort shop, then apply it as a hotfix again";
    expect(desk.hotfix("v2").refused).toMatchObject({ next });
    desk.say("abort");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("stopped");
  });

  test("a freeze that begins in mid-rollout holds the share; the guard goes on", () => {
    // The desk's clock begins at 1 000 s.
    const freeze = `  calendar: { freezes: [{ from: 1970-01-01T00:17:40Z, to: 2100-01-01 }] }\n`;
    const desk = Desk.serving(
      `{ canary: { steps: [{ weight: 10%, hold: 60s }, { weight: 50%, hold: 5s }] } }`,
      4,
      freeze,
    );
    desk.apply("v2");
    desk.pass(200_000);
    expect(desk.canary).toBe(10);
    desk.errors["2-canary"] = 0.9;
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.rollout.outcome).toBe("rolled-back");
  });
});

describe("another number of replicas", () => {
  test("is brought about at once while nothing is rolled out, and stays with the next revision", () => {
    const desk = Desk.serving(CANARY);
    expect(desk.scale(6).text).toBe("shop is brought to 6 replicas");
    desk.pass(2_000);
    expect(desk.state.pools).toMatchObject([{ role: "stable", size: 6 }]);
    desk.apply("v2");
    expect(desk.rollout.program.fullSize).toBe(6);
    expect(desk.scale(6).text).toBe("shop has 6 replicas already");
  });

  test("is brought about in mid-rollout, for every pool and for what is still to come", () => {
    const desk = atGate("");
    expect(desk.scale(8).refused).toBeUndefined();
    desk.pass(2_000);
    const sizes = Object.fromEntries(desk.state.pools.map(({ role, size }) => [role, size]));
    expect(sizes).toEqual({ stable: 8, canary: 4 });
    desk.say("promote");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.state.pools).toMatchObject([{ role: "stable", size: 8 }]);
    expect(desk.rollout.outcome).toBe("promoted");
  });

  test("a smaller one leaves each role what its share needs", () => {
    const desk = atGate("");
    expect(desk.scale(2).refused).toBeUndefined();
    desk.pass(2_000);
    const sizes = Object.fromEntries(desk.state.pools.map(({ role, size }) => [role, size]));
    expect(sizes).toEqual({ stable: 2, canary: 1 });
    desk.say("abort");
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(desk.state.pools).toMatchObject([{ role: "stable", size: 2 }]);
  });

  test("waits for the end of a rolling update", () => {
    const desk = Desk.serving(`{ rolling: { maxSurge: 1, hold: 1m } }`);
    desk.apply("v2");
    desk.pass(3_000);
    expect(desk.scale(8).refused?.what).toContain("its batches are of the old number");
  });

  test("a file that says another number than before takes it back", () => {
    const desk = Desk.serving(CANARY);
    desk.scale(6);
    desk.apply("v1");
    desk.pass(1_000);
    expect(desk.state.pools).toMatchObject([{ size: 6 }]);
    desk.file = desk.file.replace("replicas: 4", "replicas: 3");
    desk.apply("v1");
    desk.pass(1_000);
    expect(desk.state.pools).toMatchObject([{ size: 3 }]);
  });
});
