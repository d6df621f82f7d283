// Does the evidence decide, and does missing evidence decide nothing?
import { describe, expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";

const judged = (undecided: string) =>
  `{ canary: { steps: [{ weight: 10%, judge: { atLeast: 5s, atMost: 20s, undecided: ${undecided} } }, { weight: 50%, hold: 5s }] } }`;

function at10(strategy?: string): Desk {
  const desk = Desk.serving(strategy);
  desk.apply("v2");
  desk.passUntil(() => desk.canary === 10);
  return desk;
}

describe("evidence", () => {
  test("that the canary is worse takes the way back at once, whatever the step", () => {
    const desk = at10();
    desk.errors["2-canary"] = 0.5;
    desk.passUntil(() => desk.rollout.phase !== "forward", 9_000);
    expect(desk.rollout.back?.why).toContain("The canary is worse");
    desk.pass(3_000);
    expect(desk.rollout.outcome).toBe("rolled-back");
    expect(desk.state.quarantine).toMatchObject([{ revision: "v2", rollout: 2 }]);
  });

  test("that cannot be read holds every step that would follow, and says so once", () => {
    const desk = at10();
    desk.metrics = "gone";
    desk.pass(60_000);
    expect(desk.canary).toBe(10);
    expect(desk.rollout.waiting).toEqual({ for: "evidence", text: "no evidence can be read: no metrics" });
    expect(desk.texts.filter((text) => text.startsWith("no evidence can be read"))).toHaveLength(1);
    desk.metrics = "read";
    desk.passUntil(() => desk.canary === 50);
    expect(desk.texts).toContain("evidence can be read again");
  });

  test("is needed at each share: a hold without a request to the canary does not pass", () => {
    const desk = Desk.serving();
    desk.perTick = 0;
    desk.apply("v2");
    desk.pass(60_000);
    expect(desk.canary).toBe(10);
    expect(desk.rollout.waiting?.text).toBe("the canary has not had a request at this share yet");
    desk.perTick = 50;
    desk.passUntil(() => desk.canary === 50);
    desk.perTick = 0;
    desk.pass(60_000);
    expect(desk.canary).toBe(50);
    expect(desk.rollout.waiting?.for).toBe("evidence");
  });
});

describe("a judgement that shows nothing in its time", () => {
  test("goes on when the file says so", () => {
    const desk = at10(judged("goOn"));
    desk.passUntil(() => desk.canary === 50);
    expect(desk.texts.find((text) => text.startsWith("undecided, goes on as asked"))).toBeDefined();
  });

  test("holds for a person by default", () => {
    const desk = at10(judged("hold"));
    desk.pass(60_000);
    expect(desk.canary).toBe(10);
    expect(desk.rollout.waiting?.for).toBe("person");
    expect(desk.say("promote").refused).toBeUndefined();
    desk.passUntil(() => desk.canary === 50);
  });

  test("rolls back when the file says so", () => {
    const desk = at10(judged("rollBack"));
    desk.passUntil(() => desk.rollout.outcome === "rolled-back");
    expect(desk.rollout.why).toContain("undecided when time was up");
  });

  test("is not over before its shortest time, even when all is shown", () => {
    const desk = at10(judged("goOn"));
    desk.perTick = 20_000;
    desk.pass(4_000);
    expect(desk.canary).toBe(10);
    desk.passUntil(() => desk.canary === 50, 5_000);
  });
});

describe("a version that crashes and comes back", () => {
  test("is not promoted by a moment in which it is ready; it gets its deadline", () => {
    const desk = Desk.serving(`{ rolling: {} }`, 1);
    desk.ready["2-canary"] = 0;
    desk.apply("v2");
    desk.pass(2_000);
    desk.restarts["2-canary"] = 1;
    // Ready for four seconds, down for one, again and again.
    for (let crashes = 0; crashes < 12 && desk.rollout.phase === "forward"; crashes += 1) {
      desk.ready["2-canary"] = 1;
      desk.pass(4_000);
      desk.ready["2-canary"] = 0;
      desk.pass(1_000);
    }
    expect(desk.state.stable?.revision).toBe("v1");
    expect(desk.rollout.back?.why).toContain("canary has not kept 1 of its replicas ready for 20s");
  });

  test("is promoted once it lasts", () => {
    const desk = Desk.serving(`{ rolling: {} }`, 1);
    desk.restarts["2-canary"] = 1;
    desk.apply("v2");
    desk.pass(8_000);
    expect(desk.canary).toBe(100);
    expect(desk.rollout.waiting?.text).toBe("the canary has too few replicas that stay ready for its share");
    desk.pass(5_000);
    expect(desk.state.stable?.revision).toBe("v2");
  });
});

describe("a version that crashes soon after its start", () => {
  test("is not promoted before it has been ready for a moment, and the way back stays open", () => {
    const desk = Desk.serving(`{ rolling: {} }`, 1);
    desk.apply("v2");
    desk.pass(3_000);
    expect(desk.canary).toBe(100);
    expect(desk.rollout.waiting?.text).toBe("the canary stays ready for 5s before it is made stable");
    desk.ready["2-canary"] = 0;
    desk.pass(25_000);
    expect(desk.state.stable?.revision).toBe("v1");
    expect(desk.rollout.outcome).toBe("rolled-back");
  });
});
