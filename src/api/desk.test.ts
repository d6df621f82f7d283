// Does an access file that begins to ask for approvals reach all services?
import { expect, test } from "vitest";
import { createVirtualClock } from "../adapters/memory/clock.ts";
import type { Command } from "../core/engine/input.ts";
import { createMemoryStore } from "../adapters/memory/journal.ts";
import { Controller } from "../runtime/controller.ts";
import { Desk as Engine } from "../../test/support/engine.ts";
import { deskOf } from "./desk.ts";

const none = (): never => {
  throw new Error("nothing is run here");
};
const NO_PARTS = { workload: async () => none(), router: async () => none() };

const GATED = "{ canary: { steps: [{ weight: 10%, gate: look at it }, { weight: 50%, hold: 30s }] } }";

/** Services of one file each; those named cannot write anything down. */
function controllerOf(states: Readonly<Record<string, Engine["state"]>>, broken: readonly string[] = []) {
  const asked: (readonly [string, number])[] = [];
  const controller = {
    approvalsFor: (_rollout: Engine["state"]["spec"]): number | undefined => undefined,
    each: () => Object.entries(states).map(([service, state]) => ({ state: { ...state, service } })),
    names: () => Object.keys(states),
    send: async (service: string, command: Command) => {
      if (broken.includes(service)) throw new Error("no space left");
      if (command.kind === "approvals") asked.push([service, command.atLeast]);
    },
  };
  return { controller, asked, desk: deskOf(controller as unknown as Controller, createVirtualClock()) };
}

test("one that cannot be asked does not keep the others from being asked, and is named", async () => {
  const { state } = Engine.serving(GATED);
  const { desk, asked, controller } = controllerOf({ cart: state, shop: state, till: state }, ["cart", "till"]);
  await expect(desk.askForApprovals?.(() => 2)).rejects.toThrow("cart: no space left; till: no space left");
  expect(asked).toEqual([["shop", 2]]);
  // Files and groups that come later are asked, too.
  expect(controller.approvalsFor(state.spec)).toBe(2);
});

test("what waits for the end of a rollout is asked for its own environment", async () => {
  const engine = Engine.serving(GATED, 4, "  onNewRevision: queue\n");
  engine.apply("v2");
  engine.passUntil(() => engine.rollout.waiting?.for === "person");
  engine.file = engine.file.replace("name: shop", "name: shop, labels: { environment: live }");
  expect(engine.apply("v3").text).toContain("waits for the end");
  const { desk, asked } = controllerOf({ shop: engine.state });
  await desk.askForApprovals?.(({ environment }) => (environment === "live" ? 2 : undefined));
  expect(asked).toEqual([["shop", 2]]);
});

test("who watches what is not there is told so", async () => {
  const clock = createVirtualClock();
  const controller = new Controller({ clock, journal: await createMemoryStore().open(), factory: NO_PARTS });
  const desk = deskOf(controller, clock);
  const { signal } = new AbortController();
  await expect(desk.views?.({ service: "shop", signal }).next()).rejects.toThrow('there is no service "shop"');
  await expect(desk.groupViews?.({ service: "release/x", signal }).next()).rejects.toThrow(
    'there is no group "release/x"',
  );
  await desk.close();
});
