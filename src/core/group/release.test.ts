// Do the services of a release come together, and go back together?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GroupDesk, type Mishap, type Turns } from "../../../test/support/group.ts";
import { ms } from "../units.ts";
import type { ReleasePlan } from "./state.ts";

const GROUP = "release/shop";
const GATE = "release shop";

interface Asked {
  readonly needs?: ReleasePlan["needs"];
  readonly waves?: ReleasePlan["waves"];
  readonly promote?: ReleasePlan["promote"];
  readonly onWorse?: ReleasePlan["onWorse"];
}

function planOf(names: readonly string[], asked: Asked = {}): ReleasePlan {
  const { needs = {}, waves = [{ members: names, bakeMs: ms(0) }], promote = "together", onWorse = "takeBack" } = asked;
  return { kind: "release", waves, needs, promote, onWorse };
}

function release(names: readonly string[], asked: Asked = {}): GroupDesk {
  const plan = planOf(names, asked);
  const desk = new GroupDesk(GROUP, plan);
  for (const name of names) desk.serving(name);
  start(desk, names, plan);
  return desk;
}

function start(desk: GroupDesk, names: readonly string[], plan: ReleasePlan): void {
  const gate = plan.promote === "together" ? GATE : undefined;
  const answer = desk.apply(plan, Object.fromEntries(names.map((name) => [name, desk.target("v2", gate)])));
  expect(answer.refused).toBeUndefined();
}

const stables = (desk: GroupDesk): readonly (string | undefined)[] =>
  [...desk.members.values()].map(({ state }) => state.stable?.revision);
const ended = (desk: GroupDesk) => (): boolean => desk.state.run?.phase === "ended";
const commands = (desk: GroupDesk): readonly string[] =>
  desk.asked.map(({ ask }) => `${ask.command?.kind} ${ask.service}`);

describe("a release", () => {
  test("starts who needs somebody when that one stands at its last gate, and lets all through together", () => {
    const desk = release(["catalog", "checkout"], { needs: { checkout: ["catalog"] } });
    desk.passUntil(() => desk.desk("catalog").canary === 50);
    expect(desk.desk("checkout").state.rollouts).toBe(1);
    desk.passUntil(() => desk.desk("checkout").state.rollouts === 2);
    expect(desk.desk("catalog").state.stable?.revision).toBe("v1");
    desk.passUntil(ended(desk));
    expect(desk.state.run).toMatchObject({ outcome: "promoted" });
    expect(stables(desk)).toEqual(["v2", "v2"]);
    const promotes = commands(desk).filter((text) => text.startsWith("promote"));
    expect([...new Set(promotes)]).toEqual(["promote catalog", "promote checkout"]);
  });

  test("takes all back when one is worse, those that need others first", () => {
    const desk = release(["catalog", "checkout"], { needs: { checkout: ["catalog"] } });
    desk.turns["checkout"] = "errors";
    desk.passUntil(ended(desk));
    expect(desk.state.run).toMatchObject({ outcome: "rolled-back" });
    expect(desk.state.run?.why).toContain("checkout goes back: The canary is worse");
    expect(stables(desk)).toEqual(["v1", "v1"]);
    expect(desk.desk("catalog").state.rollout).toMatchObject({ outcome: "stopped" });
    expect(commands(desk).some((text) => text.startsWith("promote"))).toBe(false);
  });

  test("undoes what is promoted already, when each is promoted by itself", () => {
    const desk = release(["catalog", "checkout"], { needs: { checkout: ["catalog"] }, promote: "each" });
    desk.turns["checkout"] = "errors";
    desk.passUntil(() => desk.desk("catalog").state.stable?.revision === "v2");
    desk.passUntil(ended(desk));
    expect(desk.state.run).toMatchObject({ outcome: "rolled-back" });
    expect(stables(desk)).toEqual(["v1", "v1"]);
    expect(desk.desk("catalog").state.rollout).toMatchObject({ candidate: "v1", outcome: "promoted" });
  });

  test("undoes who went through already when one breaks down behind the gate", () => {
    const desk = release(["catalog", "checkout"], { needs: { checkout: ["catalog"] } });
    desk.passUntil(() => desk.desk("catalog").state.stable?.revision === "v2");
    desk.turns["checkout"] = "never-ready";
    desk.passUntil(ended(desk));
    expect(desk.state.run).toMatchObject({ outcome: "rolled-back" });
    expect(stables(desk)).toEqual(["v1", "v1"]);
  });

  test("ends, and says who stays, when somebody had nothing before", () => {
    const plan = planOf(["fresh", "bad"], { promote: "each" });
    const desk = new GroupDesk(GROUP, plan);
    desk.serving("bad");
    desk.turns["bad"] = "errors";
    start(desk, ["fresh", "bad"], plan);
    desk.passUntil(ended(desk));
    expect(desk.state.run).toMatchObject({ outcome: "rolled-back" });
    expect(desk.state.run?.why).toContain("fresh could not be taken back");
  });

  test("leaves alone whoever has the revision already, also on the way back", () => {
    const desk = release(["catalog", "checkout"]);
    desk.passUntil(ended(desk));
    const { rollouts } = desk.desk("catalog").state;
    const plan = planOf(["catalog", "checkout"]);
    desk.turns["checkout"] = "good";
    desk.apply(plan, { catalog: desk.target("v2", GATE), checkout: desk.target("v3", GATE) });
    desk.passUntil(ended(desk));
    expect(stables(desk)).toEqual(["v2", "v3"]);
    expect(desk.desk("catalog").state.rollouts).toBe(rollouts);
    expect(desk.say({ kind: "undo" }).refused).toBeUndefined();
    desk.passUntil(ended(desk));
    expect(stables(desk)).toEqual(["v2", "v2"]);
  });

  test("goes wave by wave, and watches each for as long as asked", () => {
    const waves = [
      { members: ["eu"], bakeMs: ms(60_000) },
      { members: ["us"], bakeMs: ms(0) },
    ];
    const desk = release(["eu", "us"], { waves });
    desk.passUntil(() => desk.state.run?.bakesSinceMs !== undefined);
    desk.pass(50_000);
    expect(desk.desk("us").state.rollouts).toBe(1);
    expect(desk.say({ kind: "promote" }).text).toBe("release/shop goes on");
    desk.passUntil(ended(desk));
    expect(stables(desk)).toEqual(["v2", "v2"]);
  });

  test("takes an earlier wave back when a later one is worse", () => {
    const waves = ["eu", "us"].map((name) => ({ members: [name], bakeMs: ms(0) }));
    const desk = release(["eu", "us"], { waves });
    desk.turns["us"] = "errors";
    desk.passUntil(ended(desk));
    expect(desk.state.run?.outcome).toBe("rolled-back");
    expect(stables(desk)).toEqual(["v1", "v1"]);
  });

  test("holds the others when asked to; retry goes on from there, abort takes all of it back", () => {
    const desk = release(["catalog", "checkout"], { onWorse: "hold" });
    desk.turns["checkout"] = "errors";
    desk.passUntil(() => desk.state.run?.phase === "held");
    desk.pass(120_000);
    expect(desk.desk("catalog").state.rollout).toMatchObject({ phase: "forward", waiting: { for: "person" } });
    expect(desk.say({ kind: "retry" }).text).toBe("release/shop/2 started");
    desk.passUntil(() => desk.state.run?.phase === "held");
    expect(desk.desk("checkout").state.rollouts).toBe(3);
    expect(desk.desk("catalog").state.rollouts).toBe(2);
    desk.say({ kind: "abort" });
    desk.passUntil(ended(desk));
    expect(desk.state.run?.outcome).toBe("stopped");
    expect(stables(desk)).toEqual(["v1", "v1"]);
  });

  test("pauses its members with itself, and only takes up again what it has paused", () => {
    const desk = release(["catalog", "checkout"]);
    desk.passUntil(() => desk.desk("checkout").canary === 10);
    desk.desk("catalog").say("pause");
    desk.say({ kind: "pause" });
    desk.pass(60_000);
    expect([...desk.members.values()].map((one) => one.canary)).toEqual([10, 10]);
    desk.say({ kind: "resume" });
    desk.pass(60_000);
    expect(desk.desk("catalog").canary).toBe(10);
    expect(desk.desk("checkout").state.rollout?.waiting?.text).toContain(GATE);
  });

  test("a person who aborts one member has aborted all", () => {
    const desk = release(["catalog", "checkout"]);
    desk.passUntil(() => desk.desk("checkout").canary === 10);
    desk.desk("checkout").say("abort");
    desk.passUntil(ended(desk));
    expect(desk.state.run).toMatchObject({ outcome: "stopped" });
    expect(stables(desk)).toEqual(["v1", "v1"]);
  });

  test("a second file waits for the end of the first", () => {
    const desk = release(["catalog"]);
    const plan = planOf(["catalog"]);
    expect(desk.apply(plan, { catalog: desk.target("v3", GATE) }).refused?.code).toBe("SERIN_BUSY");
  });
});

const NAMES = ["a", "b", "c", "d"];

/** Each member may need any of those before it. */
const needsOf = fc
  .tuple(...NAMES.map((_name, index) => fc.subarray(NAMES.slice(0, index))))
  .map((lists) => Object.fromEntries(NAMES.map((name, index) => [name, lists[index] ?? []])));

const asked = fc.record({
  needs: needsOf,
  promote: fc.constantFrom("together" as const, "each" as const),
  cut: fc.integer({ min: 1, max: NAMES.length }),
  turns: fc.array(fc.constantFrom<Turns>("good", "good", "good", "errors", "never-ready"), {
    minLength: 4,
    maxLength: 4,
  }),
  mishaps: fc.array(fc.constantFrom<Mishap>("none", "none", "lost", "twice"), { minLength: 5, maxLength: 40 }),
  abortAt: fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
});

test("whatever becomes of members and asks: every release ends, and all of it is new or all of it is as before", () => {
  fc.assert(
    fc.property(asked, ({ needs, promote, cut, turns, mishaps, abortAt }) => {
      const waves = [NAMES.slice(0, cut), NAMES.slice(cut)]
        .filter((members) => members.length > 0)
        .map((members) => ({ members, bakeMs: ms(2_000) }));
      const desk = new GroupDesk(GROUP, planOf(NAMES));
      for (const name of NAMES) desk.serving(name);
      NAMES.forEach((name, index) => (desk.turns[name] = turns[index] ?? "good"));
      let at = 0;
      desk.mishap = () => mishaps[(at += 1) % mishaps.length] ?? "none";
      start(desk, NAMES, planOf(NAMES, { needs, waves, promote }));
      if (abortAt !== undefined) {
        desk.pass(abortAt * 500);
        desk.say({ kind: "abort" });
      }
      desk.passUntil(ended(desk), 1_800_000);
      desk.pass(5_000);
      const isNew = desk.state.run?.outcome === "promoted";
      expect(stables(desk)).toEqual(NAMES.map(() => (isNew ? "v2" : "v1")));
      expect(isNew && turns.some((turn) => turn !== "good")).toBe(false);
      checkAsks(desk, needs);
    }),
    { numRuns: 30 },
  );
});

/** Nobody is let through once somebody is worse, and nobody goes back before those that need it are off. */
function checkAsks(desk: GroupDesk, needs: ReleasePlan["needs"]): void {
  const kinds = desk.asked.map(({ ask, decision }) => {
    const isBack = decision.state.run?.phase === "back";
    return { kind: ask.command?.kind ?? "", isBack };
  });
  const forward = kinds.filter(({ kind }) => kind === "promote" || kind === "apply");
  expect(forward.filter(({ isBack }) => isBack)).toEqual([]);
  const firstBackAt = kinds.findIndex(({ isBack }) => isBack);
  expect(firstBackAt < 0 ? [] : kinds.slice(firstBackAt).filter(({ isBack }) => !isBack)).toEqual([]);
  const back = kinds.filter(({ kind }) => kind === "abort" || kind === "undo");
  expect(back.filter(({ isBack }) => !isBack)).toEqual([]);
  const pairs = Object.entries(needs).flatMap(([name, list]) => list.map((other) => [name, other] as const));
  expect(pairs.filter(([name, other]) => firstBack(desk, name) > firstBack(desk, other))).toEqual([]);
}

/** When a member was first told to go back; never counts as the beginning, for nothing had to wait for it. */
function firstBack(desk: GroupDesk, name: string): number {
  const at = desk.asked.findIndex(({ ask }) => ask.service === name && /abort|undo/u.test(ask.command?.kind ?? ""));
  return at < 0 ? 0 : at;
}
