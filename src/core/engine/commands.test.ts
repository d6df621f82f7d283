// Is each thing that a person may ask for done or refused, with the reason?
import { describe, expect, test } from "vitest";
import { fileOf, applyOf, rolloutOf } from "../../../test/sim/specs.ts";
import { Desk, STEPS } from "../../../test/support/engine.ts";
import { KEEP } from "./state.ts";
import { wantedPools } from "./wanted.ts";

const GATED = `{ canary: { steps: [{ weight: 10%, gate: "look at it" }, { weight: 50%, hold: 30s }] } }`;

function atGate(): Desk {
  const desk = Desk.serving(GATED);
  desk.apply("v2");
  desk.passUntil(() => desk.rollout.waiting?.for === "person");
  return desk;
}

const refusal = (desk: Desk, ...verb: Parameters<Desk["say"]>) => desk.say(...verb).refused?.what;

describe("apply", () => {
  test("starts a rollout", () => {
    const desk = Desk.serving();
    expect(desk.apply("v2")).toMatchObject({ text: "shop/2 started" });
    expect(desk.texts.at(-1)).toBe("shop/2 brings v2, to replace v1 (canary)");
  });

  test("of what is stable rolls nothing out", () => {
    const desk = Desk.serving();
    expect(desk.apply("v1").text).toBe("v1 is stable already; nothing to roll out");
    expect(desk.state.rollouts).toBe(1);
  });

  test("is refused while another rollout is under way, and names it", () => {
    const desk = atGate();
    expect(desk.apply("v3").refused).toMatchObject({
      code: "SERIN_BUSY",
      what: "shop/2 is under way; v3 cannot start beside it",
      now: "traffic: canary 10%, stable 90% (stable is v1, canary is v2)",
      next: "serin abort shop, then apply again",
    });
    expect(desk.apply("v2").refused).toMatchObject({ code: "SERIN_UNDER_WAY" });
  });

  test("of what was rolled back is refused", () => {
    const desk = atGate();
    desk.errors["2-canary"] = 1;
    desk.passUntil(() => desk.rollout.outcome === "rolled-back");
    expect(desk.apply("v2").refused).toMatchObject({
      code: "SERIN_QUARANTINED",
      what: "v2 was rolled back by shop/2 and does not start again by itself",
      exitCode: 3,
    });
  });

  test("refused leaves everything as it was", () => {
    const desk = atGate();
    const { state } = desk;
    desk.router = "stays";
    desk.apply("v3");
    expect(desk.state.spec).toBe(state.spec);
    expect(desk.state.version).toBe(state.version);
  });
});

describe("a decision on an old view", () => {
  test("is refused and told what has changed", () => {
    const desk = atGate();
    const expected = desk.state.version;
    desk.say("pause");
    expect(desk.say("promote", { expected }).refused).toMatchObject({
      code: "SERIN_STALE",
      what: `promote of shop was decided on version ${expected}; it is at ${expected + 1} now`,
      found: "paused",
    });
    expect(desk.say("resume", { expected: expected + 1 }).refused).toBeUndefined();
  });
});

describe("promote", () => {
  test("passes the gate, and only that", () => {
    const desk = atGate();
    expect(desk.say("promote").text).toBe("shop/2 goes on");
    desk.passUntil(() => desk.canary === 50);
    desk.pass(5_000);
    expect(desk.canary).toBe(50);
    expect(desk.texts).toContain("look at it: passed");
  });

  test("full passes everything that would wait, and nothing else", () => {
    const desk = atGate();
    desk.say("promote", { full: true });
    desk.pass(10_000);
    expect(desk.rollout.outcome).toBe("promoted");
    expect(desk.texts).toContain("canary 50%, stable 50%");
  });

  test("is refused where nothing waits for a person", () => {
    const desk = Desk.serving(GATED);
    desk.ready["2-canary"] = 0;
    desk.apply("v2");
    desk.pass(1_000);
    expect(refusal(desk, "promote")).toBe("shop/2 does not wait for a person: canary: 0 of 1 ready");
  });

  test("of a promoted rollout is refused", () => {
    const desk = Desk.serving();
    expect(refusal(desk, "promote")).toBe("promote: shop/1 has ended: promoted");
  });
});

describe("pause and resume", () => {
  test("hold the rollout and let it go on", () => {
    const desk = Desk.serving();
    desk.apply("v2");
    desk.passUntil(() => desk.canary === 10);
    expect(desk.say("pause").text).toBe(
      "shop/2 is paused; traffic: canary 10%, stable 90% (stable is v1, canary is v2)",
    );
    desk.pass(60_000);
    expect(desk.canary).toBe(10);
    expect(desk.rollout.waiting).toEqual({ for: "person", text: "paused by ann: because" });
    desk.say("resume");
    desk.passUntil(() => desk.canary === 50);
  });

  test("a pause does not keep what is worse", () => {
    const desk = atGate();
    desk.say("pause");
    desk.errors["2-canary"] = 1;
    desk.passUntil(() => desk.rollout.outcome === "rolled-back");
    expect(desk.state.split.weights).toEqual({ stable: 1_000_000 });
  });

  test("keeps promote from saying that it goes on", () => {
    const desk = atGate();
    desk.say("pause");
    expect(desk.say("promote").refused).toMatchObject({
      what: "shop/2 is paused by ann: because",
      next: "serin resume shop",
    });
    expect(desk.say("promote", { full: true }).refused).toBeDefined();
  });

  test("resume of what is not paused is refused", () => {
    expect(refusal(atGate(), "resume")).toBe("shop/2 is not paused");
  });
});

describe("abort", () => {
  test("goes back, and the revision may be applied again", () => {
    const desk = atGate();
    expect(desk.say("abort").text).toBe("shop/2 goes back to stable");
    desk.passUntil(() => desk.rollout.outcome === "stopped");
    expect(desk.state.pools.map(({ revision }) => revision)).toEqual(["v1"]);
    expect(desk.apply("v2").refused).toBeUndefined();
  });

  test("twice is refused", () => {
    const desk = atGate();
    desk.router = "stays";
    desk.say("abort");
    expect(refusal(desk, "abort")).toBe("abort: shop/2 is on its way back");
  });

  test("of what is promoted already names undo", () => {
    const desk = Desk.serving();
    desk.apply("v2");
    desk.left["1-canary"] = 1;
    desk.passUntil(() => desk.state.stable?.revision === "v2");
    expect(desk.say("abort").refused).toMatchObject({ what: "shop/2 is promoted already", next: "serin undo shop" });
  });
});

describe("retry", () => {
  test("starts what was rolled back", () => {
    const desk = atGate();
    desk.say("abort");
    desk.passUntil(() => desk.rollout.outcome === "stopped");
    expect(desk.say("retry").text).toBe("shop/3 started");
    expect(desk.rollout.candidate).toBe("v2");
  });

  test("is refused when there is nothing to repeat, or something runs", () => {
    expect(refusal(Desk.serving(), "retry")).toBe("shop has no rollout that was rolled back or stopped");
    expect(refusal(atGate(), "retry")).toBe("shop/2 is under way");
  });
});

describe("apply of what is stable", () => {
  test("starts nothing, and takes over how it is treated", () => {
    const desk = Desk.serving();
    const command = { ...applyOf(rolloutOf(fileOf("shop", 4, { strategy: STEPS })), { id: "again", revision: "v1" }) };
    if (command.kind !== "apply") throw new Error("no apply");
    const template = { drainMs: 5 };
    expect(desk.ask({ ...command, revision: { id: "v1", template } }).text).toContain("nothing to roll out");
    expect(wantedPools(desk.state)).toMatchObject([{ revision: { id: "v1", template } }]);
  });
});

describe("undo", () => {
  test("to what is stable, by the beginning of its name, is refused", () => {
    const desk = Desk.serving();
    expect(desk.say("undo", { to: "v" }).refused?.what).toBe("v1 is stable already");
  });

  test("goes straight back to the revision before", () => {
    const desk = Desk.serving();
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.outcome === "promoted");
    expect(desk.say("undo").text).toBe("shop/3 started");
    expect(desk.rollout.program.strategy).toBe("direct");
    desk.pass(10_000);
    expect(desk.state.stable?.revision).toBe("v1");
    expect(refusal(desk, "undo", { to: "v9" })).toBe("shop has no revision v9");
    expect(refusal(desk, "undo", { to: "v1" })).toBe("v1 is stable already");
    expect(desk.say("undo", { to: "v2" }).text).toBe("shop/4 started");
    desk.passUntil(() => desk.rollout.outcome === "promoted");
    expect(desk.say("undo", { to: "shop/1" }).text).toBe("shop/5 started");
    expect(desk.rollout.candidate).toBe("v1");
  });

  test("to what was never stable is refused, by whatever name: nobody has agreed to it", () => {
    const desk = atGate();
    desk.say("abort");
    desk.passUntil(() => desk.rollout.outcome === "stopped");
    for (const to of ["v2", "shop/2"])
      expect(desk.say("undo", { to }).refused).toMatchObject({
        what: "v2 was never stable: there is no going back to it",
        next: "serin retry shop",
      });
    desk.apply("v3");
    desk.passUntil(() => desk.rollout.waiting?.for === "person");
    desk.errors["3-canary"] = 1;
    desk.passUntil(() => desk.rollout.outcome === "rolled-back");
    expect(refusal(desk, "undo", { to: "v3" })).toBe("v3 was never stable: there is no going back to it");
    desk.say("retry");
    desk.errors["3-canary"] = 0;
    desk.say("promote", { full: true });
    desk.passUntil(() => desk.rollout.outcome === "promoted");
    expect(desk.say("undo", { to: "v1" }).text).toBe("shop/5 started");
    desk.passUntil(() => desk.rollout.outcome === "promoted");
    expect(desk.say("undo", { to: "v3" }).text).toBe("shop/6 started");
  });

  test("still knows what worked before, however many rollouts failed since", () => {
    const desk = Desk.serving(STEPS, 2, "  revisionHistory: 1\n");
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.outcome === "promoted");
    for (let failed = 0; failed < KEEP + 2; failed += 1) {
      desk.apply("v3");
      desk.say("abort");
      desk.passUntil(() => desk.rollout.outcome === "stopped");
    }
    expect(desk.state.history.map(({ number }) => number).slice(-2)).toEqual([2, 1]);
    desk.apply("v4");
    desk.passUntil(() => desk.rollout.outcome === "promoted");
    expect(desk.state.history.filter(({ outcome }) => outcome === "promoted").map((each) => each.candidate)).toEqual([
      "v4",
      "v2",
    ]);
    expect(desk.say("undo").text).toBe(`shop/${KEEP + 6} started`);
    expect(desk.rollout.candidate).toBe("v2");
  });

  test("to a further candidate of an experiment is refused", () => {
    const desk = Desk.serving("{ experiment: { share: 20%, for: 60s, candidates: [{ name: v3, env: { A: 1 } }] } }");
    desk.experiment("v2", ["v3"]);
    desk.passUntil(() => desk.rollout.phase === "ended");
    expect(Object.keys(desk.state.revisions)).toContain("v3");
    expect(desk.say("undo", { to: "v3" }).refused).toMatchObject({
      what: "v3 was never stable: there is no going back to it",
      next: "apply it: serin apply FILE",
    });
  });

  test("is refused when there is nowhere to go, or a rollout runs", () => {
    expect(refusal(Desk.serving(), "undo")).toBe("shop has no earlier revision to go back to");
    expect(atGate().say("undo").refused).toMatchObject({ what: "shop/2 is under way", next: "serin abort shop" });
  });
});
