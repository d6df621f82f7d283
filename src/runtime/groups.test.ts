// Is a group taken up where it was left, whatever line the controller ended at?
import { describe, expect, test } from "vitest";
import { createVirtualClock } from "../adapters/memory/clock.ts";
import { createMemoryStore } from "../adapters/memory/journal.ts";
import { createMemoryRouter } from "../adapters/memory/router.ts";
import { createMemoryWorkload } from "../adapters/memory/workload.ts";
import type { GroupApply } from "../core/group/input.ts";
import type { FacadePlan, ReleasePlan, Target } from "../core/group/state.ts";
import { ms } from "../core/units.ts";
import { applyOf, fileOf, rolloutOf } from "../../test/sim/specs.ts";
import { Controller } from "./controller.ts";

const STEPS = `{ canary: { steps: [{ weight: 25%, hold: 5s }] } }`;

function targetOf(service: string, revision: string, gate?: string): Target {
  const spec = rolloutOf(fileOf(service, 2, { strategy: STEPS }).replace("metrics:", "enabled: false, metrics:"));
  const own = gate === undefined ? spec : { ...spec, spec: { ...spec.spec, lastGate: gate } };
  const command = applyOf(own, { id: "t", revision });
  return { spec: own, origin: "/", revision: command.revision, abilities: command.abilities };
}

/** A world that outlives its controllers. */
function world() {
  const clock = createVirtualClock();
  const store = createMemoryStore();
  const parts = new Map<string, ReturnType<typeof partsOf>>();
  const partsOf = () => ({ workload: createMemoryWorkload({ clock }), router: createMemoryRouter({ clock }) });
  const of = (service: string) => {
    const known = parts.get(service) ?? partsOf();
    parts.set(service, known);
    return known;
  };
  const close = (): Promise<void> => Promise.resolve();
  const removed: string[] = [];
  const open = async () => {
    const faults: { append?: "refused" | "lost" | undefined } = {};
    const controller = new Controller({
      clock,
      journal: await store.open({ fault: () => faults.append }),
      factory: {
        workload: async (state) => {
          const { service } = state();
          return { workload: of(service).workload, close, remove: async () => void removed.push(service) };
        },
        router: async ({ service }) => ({ router: of(service).router, metrics: of(service).router, close }),
      },
    });
    await controller.start();
    return { controller, faults };
  };
  return { clock, store, open, removed, pass: (durationMs: number) => clock.advance(ms(durationMs)) };
}

type World = ReturnType<typeof world>;

async function settled<T>({ pass }: World, promise: Promise<T>): Promise<T> {
  const [result] = await Promise.all([promise, pass(20)]);
  return result;
}

const RELEASE: ReleasePlan = {
  kind: "release",
  waves: [{ members: ["a", "b"], bakeMs: ms(0) }],
  needs: { b: ["a"] },
  promote: "together",
  onWorse: "takeBack",
};

function release(revision: string): GroupApply {
  const targets = { a: targetOf("a", revision, "release both"), b: targetOf("b", revision, "release both") };
  return { kind: "apply", id: revision, actor: "ann", reason: "", plan: RELEASE, targets };
}

const FACADE: FacadePlan = {
  kind: "facade",
  order: "one-by-one",
  rest: "shop",
  line: ["cart", "search"].map((route) => ({ service: `shop-${route}`, route, requests: `/${route}` })),
  legacy: { id: "old", template: {} },
  former: [],
};

function facade(): GroupApply {
  const targets = {
    shop: targetOf("shop", "old"),
    "shop-cart": targetOf("shop-cart", "new"),
    "shop-search": targetOf("shop-search", "new"),
  };
  return { kind: "apply", id: "f", actor: "ann", reason: "", plan: FACADE, targets };
}

const stables = (controller: Controller): Record<string, string | undefined> =>
  Object.fromEntries(controller.list().map(({ state }) => [state.service, state.stable?.revision]));

describe("groups", () => {
  test("a release goes through although its controller is killed again and again", async () => {
    const here = world();
    let { controller } = await here.open();
    await settled(here, controller.groups.send("release/both", release("v1")));
    await here.pass(30_000);
    expect(stables(controller)).toEqual({ a: "v1", b: "v1" });
    await settled(here, controller.groups.send("release/both", release("v2")));
    // Every 700 ms is at another line each time.
    for (let kills = 0; kills < 60; kills += 1) {
      await here.pass(700);
      here.store.crash();
      await settled(
        here,
        controller.stop().catch(() => undefined),
      );
      ({ controller } = await here.open());
    }
    await here.pass(30_000);
    expect(stables(controller)).toEqual({ a: "v2", b: "v2" });
    expect(controller.groups.get("release/both").state.run).toMatchObject({ number: 2, outcome: "promoted" });
    expect(controller.get("a").state.rollouts).toBe(2);
    await controller.stop();
  });

  test("a service that turns back is seen by its group at once", async () => {
    const here = world();
    const { controller } = await here.open();
    await settled(here, controller.groups.send("facade/shop", facade()));
    const cart = () => controller.list().find(({ state }) => state.service === "shop-cart")?.state.rollout;
    // The first one brings legacy.
    for (let looks = 0; cart()?.number !== 2; looks += 1) {
      expect(looks).toBeLessThan(10_000);
      await here.pass(10);
    }
    // Not at the moment at which it would look anyway.
    await here.pass(1_130);
    const asked = { id: "a", actor: "ann", reason: "a hunch" } as const;
    await settled(here, controller.send("shop-cart", { ...asked, kind: "abort" }));
    const { recent } = controller.groups.get("facade/shop").state;
    expect(recent.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^cart goes back/u));
    await controller.stop();
  });

  test("a wave that comes later asks for the approvals that are asked for by then", async () => {
    const here = world();
    const { controller } = await here.open();
    const waves = [["a"], ["b"]].map((members) => ({ members, bakeMs: ms(0) }));
    const inTurn = (revision: string): GroupApply => ({ ...release(revision), plan: { ...RELEASE, waves } });
    await settled(here, controller.groups.send("release/both", inTurn("v1")));
    await here.pass(60_000);
    expect(stables(controller)).toEqual({ a: "v1", b: "v1" });
    await settled(here, controller.groups.send("release/both", inTurn("v2")));
    controller.approvalsFor = ({ metadata }) => (metadata.name === "b" ? 2 : undefined);
    await here.pass(120_000);
    expect(stables(controller)).toEqual({ a: "v2", b: "v1" });
    expect(controller.get("b").state.rollout?.waiting?.text).toContain("has 0 of 2 approvals");
    await controller.stop();
  });

  test("asks nothing of anybody while its journal is lost, and goes on afterwards", async () => {
    const here = world();
    const { controller, faults } = await here.open();
    faults.append = "refused";
    await expect(settled(here, controller.groups.send("release/both", release("v1")))).rejects.toThrow("not written");
    expect([controller.groups.list(), controller.list()]).toEqual([[], []]);
    faults.append = undefined;
    await settled(here, controller.groups.send("release/both", release("v1")));
    faults.append = "lost";
    await here.pass(5_000);
    faults.append = undefined;
    await here.pass(30_000);
    expect(stables(controller)).toEqual({ a: "v1", b: "v1" });
    await controller.stop();
  });

  test("a façade makes its services, and takes them with it; the one that has the proxy goes last", async () => {
    const here = world();
    const { controller } = await here.open();
    await settled(here, controller.groups.send("facade/shop", facade()));
    await here.pass(60_000);
    expect(stables(controller)).toEqual({ shop: "old", "shop-cart": "new", "shop-search": "new" });
    expect(controller.groups.facadeOf("shop-cart")).toBe("facade/shop");
    expect((await controller.records("facade/shop", 0, 100)).map(({ text }) => text)).toContain("cart is promoted");
    await settled(here, controller.groups.remove("facade/shop"));
    expect(here.removed).toEqual(["shop-cart", "shop-search", "shop"]);
    expect([controller.list(), controller.groups.list()]).toEqual([[], []]);
    await controller.stop();
  });

  test("a façade does not take a service that is there already; a name that nobody has is said", async () => {
    const here = world();
    const { controller } = await here.open();
    const { spec } = targetOf("shop-cart", "v1");
    await settled(here, controller.send("shop-cart", applyOf(spec, { id: "x", revision: "v1" })));
    await expect(controller.groups.send("facade/shop", facade())).rejects.toMatchObject({
      trouble: { code: "SERIN_NAME_TAKEN" },
    });
    expect(() => controller.groups.get("facade/shp")).toThrow("no group at all");
    await controller.stop();
  });
});
