// Is a decision that would break a promise refused?
import { describe, expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";
import { weight } from "../units.ts";
import type { Command } from "./input.ts";
import { checkInvariants, InvariantBroken } from "./invariants.ts";
import type { RolloutState, ServiceState } from "./state.ts";
import { Turn } from "./turn.ts";

function at10(): Desk {
  const desk = Desk.serving();
  desk.apply("v2");
  desk.passUntil(() => desk.canary === 10);
  desk.pass(1_000);
  return desk;
}

/** Checks a decision that somebody has tampered with. */
function broken(desk: Desk, change: (state: ServiceState) => ServiceState, commands: readonly Command[] = []): string {
  const turn = new Turn(desk.state, desk.input(commands));
  turn.state = change(desk.state);
  try {
    checkInvariants(desk.state, turn);
    return "";
  } catch (error) {
    if (error instanceof InvariantBroken) return error.message;
    throw error;
  }
}

const split = (canary: number, stable: number) => (state: ServiceState) => ({
  ...state,
  split: { weights: { canary: weight(canary), stable: weight(stable) } },
});
const rollout = (state: ServiceState, change: Partial<RolloutState>): ServiceState => {
  if (!state.rollout) throw new Error("no rollout");
  return { ...state, rollout: { ...state.rollout, ...change } };
};

describe("an invariant is broken by", () => {
  test("nothing, when nothing happens", () => expect(broken(at10(), (state) => state)).toBe(""));

  test("weights that do not sum to the whole", () => {
    expect(broken(at10(), split(100_000, 800_000))).toContain("they sum to 900000");
  });

  test("a share beyond the ready capacity", () => {
    expect(broken(at10(), split(500_000, 500_000))).toContain("canary would get 500000 with capacity for 250000");
  });

  test("a share that grows in a step that is not a route", () => {
    expect(broken(at10(), split(200_000, 800_000))).toContain("it grew in step hold (forward)");
  });

  test("a share that grows on a route step after worse, or blind", () => {
    const desk = at10();
    const onRoute = (change: Partial<RolloutState>) => (state: ServiceState) =>
      rollout(split(200_000, 800_000)(state), { cursor: 1, ...change });
    expect(broken(desk, onRoute({}))).toBe("");
    expect(broken(desk, onRoute({ blind: "no metrics" }))).toContain("although no evidence could be read");
    const verdict = { kind: "worse", sure: 1, metrics: [], canaryRequests: 1, baselineRequests: 1, text: "" } as const;
    expect(broken(desk, onRoute({ verdict }))).toContain("although the verdict is worse");
    expect(broken(desk, onRoute({ verdict: { ...verdict, suspended: "both arms" } }))).toBe("");
  });

  test("another candidate, or another revision in a pool, in mid-rollout", () => {
    const desk = at10();
    expect(broken(desk, (state) => rollout(state, { candidate: "v3" }))).toContain("the candidate changed");
    const pools = (state: ServiceState) => state.pools.map((pool) => ({ ...pool, revision: "v3" }));
    expect(broken(desk, (state) => ({ ...state, pools: pools(state) }))).toContain("changed its revision");
    const stable = { pool: "1-canary", revision: "v9" };
    expect(broken(desk, (state) => ({ ...state, stable }))).toContain("became stable without a rollout");
  });

  test("a way back that is left, or on which the candidate gets more", () => {
    const desk = at10();
    desk.router = "stays";
    desk.say("abort");
    expect(broken(desk, (state) => rollout(state, { phase: "forward" }))).toContain(
      "the way back is never left: it was",
    );
    expect(broken(desk, split(100_000, 900_000))).toContain("it grew in step");
  });

  test("a quarantined revision that starts by itself", () => {
    const desk = at10();
    desk.errors["2-canary"] = 1;
    desk.passUntil(() => desk.rollout.phase === "ended");
    const start = (state: ServiceState) => rollout({ ...state, rollouts: 3 }, { number: 3 });
    expect(broken(desk, start)).toContain("v2 did");
    const retry: Command = { kind: "retry", id: "c", actor: "ann", reason: "" };
    expect(broken(desk, start, [retry])).toBe("");
  });

  test("a stable version that is taken away", () => {
    const desk = at10();
    expect(broken(desk, (state) => ({ ...state, stable: undefined }))).toContain("stable is gone");
    const pools = (state: ServiceState) => state.pools.filter(({ role }) => role !== "stable");
    expect(broken(rolledBack(), (state) => ({ ...state, pools: pools(state) }))).toContain("stable has no pool");
  });
});

function rolledBack(): Desk {
  const desk = at10();
  desk.say("abort");
  desk.passUntil(() => desk.rollout.phase === "ended");
  return desk;
}
