// Does a view say how the service is, and nothing that is secret?
import { describe, expect, test } from "vitest";
import { Desk } from "../../test/support/engine.ts";
import { ms } from "../core/units.ts";
import { ABSENT, unreadable } from "../core/world.ts";
import { rowOf } from "./summary.ts";
import { viewOf } from "./view.ts";

type World = NonNullable<Parameters<typeof viewOf>[0]["world"]>;

function healthOf(desk: Desk, change: Partial<World> = {}): string {
  const { pools, traffic } = desk.input();
  const world = { pools, traffic, ...change };
  return viewOf({ state: desk.state, world, measured: undefined, troubles: {} }, ms(desk.nowMs)).health;
}

describe("the health of a service", () => {
  test("is that of the replicas that get its requests", () => {
    const desk = Desk.serving();
    expect(healthOf(desk)).toBe("well");
    desk.ready["1-canary"] = 3;
    expect(healthOf(desk)).toBe("degraded");
    desk.ready["1-canary"] = 0;
    expect(healthOf(desk)).toBe("down");
  });

  test("is down before the first version gets requests, and after a first one that failed", () => {
    const desk = new Desk();
    desk.ready["1-canary"] = 3;
    desk.apply("v1");
    desk.tick();
    expect(healthOf(desk)).toBe("down");
    desk.pass(25_000);
    expect(desk.state.pools).toEqual([]);
    expect(healthOf(desk)).toBe("down");
  });

  test("is not known when what runs cannot be read, and down when nobody carries requests", () => {
    const desk = Desk.serving();
    expect(healthOf(desk, { pools: unreadable("no /proc") })).toBe("unknown");
    expect(healthOf(desk, { traffic: ABSENT })).toBe("down");
    expect(healthOf(desk, { traffic: unreadable("silent") })).toBe("well");
  });
});

test("the row of a service at rest is the same at every look: streams tell thousands of them", () => {
  const desk = Desk.serving();
  const { pools, traffic } = desk.input();
  const row = () =>
    rowOf({ state: desk.state, world: { pools, traffic }, measured: undefined, troubles: {} }, ms(desk.nowMs));
  desk.pass(60_000);
  const before = row();
  const perSecond = desk.state.perSecond;
  // A little less.
  desk.perTick -= 4;
  desk.pass(60_000);
  expect(row()).toEqual(before);
  expect(desk.state.perSecond).not.toBe(perSecond);
  expect(before).toMatchObject({ ready: 4, rollout: { number: 1, outcome: "promoted" } });
});
