// Has each replica that takes a place the time that it needs?
import { expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";

function started(): Desk {
  const desk = Desk.serving("{ blueGreen: {} }", 4);
  desk.ready["2-canary"] = 0;
  desk.apply("v2");
  const { abilities } = desk.state;
  desk.state = { ...desk.state, abilities: { ...abilities, workload: { ...abilities.workload, inPlace: true } } };
  return desk;
}

/** Of a deadline of 20 s. */
const WITHIN_MS = 15_000;

test("one after the other, each has as long as the deadline says", () => {
  const desk = started();
  for (const ready of [1, 2, 3, 4]) {
    desk.pass(WITHIN_MS);
    expect(desk.rollout.phase).toBe("forward");
    desk.ready["2-canary"] = ready;
  }
  desk.pass(1_000);
  expect(desk.texts).toContain("canary has 4 of 4 ready");
});

test("the one that does not come takes them all back", () => {
  const desk = started();
  desk.pass(WITHIN_MS);
  desk.ready["2-canary"] = 1;
  desk.pass(WITHIN_MS);
  expect(desk.rollout.phase).toBe("forward");
  desk.passUntil(() => desk.rollout.phase === "ended");
  expect(desk.rollout.outcome).toBe("rolled-back");
});
