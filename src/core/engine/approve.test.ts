// Does a gate open only when enough others have said so?
import { describe, expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";

const gated = (gate: string): string =>
  `{ canary: { steps: [{ weight: 10%, gate: ${gate} }, { weight: 50%, hold: 30s }] } }`;

function atGate(gate: string, more = ""): Desk {
  const desk = Desk.serving(gated(gate), 4, more);
  desk.apply("v2");
  desk.passUntil(() => desk.rollout.waiting?.for === "person");
  return desk;
}

describe("approvals that are asked for while a rollout is under way", () => {
  const ask = (desk: Desk, atLeast: number) =>
    desk.ask({ id: "a", kind: "approvals", atLeast, actor: "the access file", reason: "" });

  test("are needed at the gate that waits", () => {
    const desk = atGate("somebody has looked");
    expect(ask(desk, 2).text).toBe("shop: each gate asks for 2 approvals from now on");
    expect(ask(desk, 1).text).toBe("shop asks for 2 already");
    expect(desk.say("promote").refused?.code).toBe("SERIN_FOUR_EYES");
    desk.say("promote", { actor: "ben" });
    desk.say("promote", { actor: "cleo" });
    desk.passUntil(() => desk.canary === 50);
    desk.say("abort");
    desk.passUntil(() => desk.rollout.outcome === "stopped");
    // What is tried again asks for them, too.
    desk.say("retry", { actor: "ben" });
    desk.passUntil(() => desk.rollout.waiting?.for === "person");
    expect(desk.rollout.waiting?.text).toContain("has 0 of 2 approvals, none of ben");
  });

  test("are needed before everybody gets it, when the last gate was passed without", () => {
    const desk = atGate("somebody has looked");
    desk.say("promote");
    desk.passUntil(() => desk.canary === 50);
    ask(desk, 1);
    desk.passUntil(() => desk.rollout.waiting?.for === "person", 60_000);
    expect(desk.canary).toBe(50);
    expect(desk.rollout.waiting?.text).toMatch(/^shall everybody get it\?: has 0 of 1 approvals/u);
    desk.say("promote", { actor: "ben" });
    desk.passUntil(() => desk.rollout.outcome === "promoted", 60_000);
  });

  test("are needed by what waits for its end, too", () => {
    const desk = atGate("somebody has looked", "  onNewRevision: queue\n");
    expect(desk.apply("v3").text).toBe("v3 waits for the end of shop/2");
    ask(desk, 1);
    expect(ask(desk, 1).text).toBe("shop asks for 1 already");
    desk.say("promote", { actor: "ben" });
    desk.passUntil(() => desk.rollout.number === 3);
    desk.passUntil(() => desk.rollout.waiting?.for === "person");
    expect(desk.rollout.waiting?.text).toContain("has 0 of 1 approvals");
    // What was asked for before somebody else's file came.
    desk.apply("v4");
    expect(ask(desk, 1).text).toBe("shop: each gate asks for 1 approval from now on");
    expect(desk.state.queued?.command.spec.spec.approvals).toBe(1);
    expect(desk.state.spec.spec.approvals).toBe(1);
  });

  test("take nothing back from everybody who has got it already", () => {
    const desk = Desk.serving("{ canary: { steps: [{ weight: 50%, hold: 1s }, { weight: 100%, hold: 30s }] } }");
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 100, 30_000);
    ask(desk, 1);
    desk.passUntil(() => desk.rollout.phase === "ended", 60_000);
    expect(desk.rollout.outcome).toBe("promoted");
  });
});

describe("a gate that asks for approvals", () => {
  test("waits for people other than who has started the rollout, each once", () => {
    const desk = atGate("{ approvals: 2, what: look at it }");
    expect(desk.rollout.waiting?.text).toBe("look at it: has 0 of 2 approvals, none of ann, who has started it");
    expect(desk.say("promote").refused).toMatchObject({
      code: "SERIN_FOUR_EYES",
      what: "ann has started shop/2 and cannot approve it",
    });
    expect(desk.say("promote", { actor: "ben" }).text).toBe(
      "shop/2 has 1 of 2 approvals (by ben), none of ann, who has started it",
    );
    expect(desk.say("promote", { actor: "ben" }).refused?.what).toBe("ben has approved this gate of shop/2 already");
    desk.pass(30_000);
    expect(desk.canary).toBe(10);
    expect(desk.say("promote", { actor: "cleo" }).text).toBe("shop/2 goes on");
    desk.passUntil(() => desk.canary === 50);
    expect(desk.texts).toContain("approved, 2 of 2");
    expect(desk.rollout.approvals).toBeUndefined();
  });

  test("is not passed by promote --full", () => {
    const desk = Desk.serving(gated("{ approvals: 1 }"));
    desk.apply("v2");
    desk.say("promote", { full: true });
    desk.passUntil(() => desk.rollout.waiting?.for === "person");
    desk.pass(30_000);
    expect(desk.canary).toBe(10);
    expect(desk.say("promote", { full: true }).refused?.code).toBe("SERIN_FOUR_EYES");
    desk.say("promote", { actor: "ben" });
    desk.passUntil(() => desk.rollout.outcome === "promoted", 20_000);
  });

  test("takes no word of a group that who has started it has started, too", () => {
    const desk = atGate("{ approvals: 1 }");
    const asked = {
      id: "g",
      kind: "promote",
      actor: "facade/all",
      onBehalfOf: "ann",
      reason: "",
      full: false,
    } as const;
    expect(desk.ask(asked).refused?.code).toBe("SERIN_FOUR_EYES");
  });

  test("is another one for whoever starts the rollout again", () => {
    const desk = atGate("{ approvals: 1 }");
    desk.say("abort");
    desk.passUntil(() => desk.rollout.outcome === "stopped");
    desk.say("retry", { actor: "ben" });
    desk.passUntil(() => desk.rollout.waiting?.for === "person");
    expect(desk.say("promote", { actor: "ben" }).refused?.code).toBe("SERIN_FOUR_EYES");
    expect(desk.say("promote", { actor: "ann" }).text).toBe("shop/3 goes on");
  });
});
