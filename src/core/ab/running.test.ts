// Is a test under way at its step only, and is it said why not?
import { describe, expect, test } from "vitest";
import { stateOf } from "../../../test/contract/ab/place.ts";
import type { ServiceState } from "../engine/state.ts";
import { ms } from "../units.ts";
import { noTest, runningTest } from "./running.ts";

const STARTED = ms(1_000);

const found = (state: ServiceState): string | undefined => noTest(state).found;

describe("a test", () => {
  test("at its step", () => {
    const running = runningTest(stateOf("shop", STARTED));
    expect(running).toMatchObject({ service: "shop", rollout: 3, startedMs: STARTED, sinceMs: STARTED });
    expect(running?.pools).toEqual({ control: "1-stable", treatment: "3-canary" });
  });

  test("another service gives the same user another variant: its salt is another one", () => {
    const [shop, cart] = [runningTest(stateOf("shop", STARTED)), runningTest(stateOf("cart", STARTED))];
    const users = Array.from({ length: 1_000 }, (_, i) => `user-${i}`);
    const same = users.filter((user) => shop?.assign?.(user) === cart?.assign?.(user)).length;
    expect(Math.abs(same - 500)).toBeLessThan(80);
  });

  test("with rules nobody's variant follows from his key", () => {
    const state = stateOf("shop", STARTED);
    const { strategy } = state.spec.spec;
    const ruled = { ...strategy, matches: { control: [], treatment: [] } };
    const spec = { ...state.spec, spec: { ...state.spec.spec, strategy: ruled } } as ServiceState["spec"];
    expect(runningTest({ ...state, spec })).toBeDefined();
    expect(runningTest({ ...state, spec })?.assign).toBeUndefined();
  });
});

describe("none", () => {
  test("at another step", () => {
    const state = stateOf("shop", STARTED, { op: "route" });
    expect(runningTest(state)).toBeUndefined();
    expect(found(state)).toBe("shop/3 is under way, at its step 1 of 1 (route)");
  });

  test("on the way back, and after the end", () => {
    const state = stateOf("shop", STARTED);
    if (!state.rollout) throw new Error("no rollout");
    expect(runningTest({ ...state, rollout: { ...state.rollout, phase: "back" } })).toBeUndefined();
    const ended = { ...state, rollout: { ...state.rollout, phase: "ended" } } as const;
    expect(runningTest(ended)).toBeUndefined();
    expect(found(ended)).toBe("no rollout is under way; shop/3 was the last");
  });
});
