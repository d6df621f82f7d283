// Does the controller keep its services apart, and remember only what came into being?
import { describe, expect, test } from "vitest";
import { createVirtualClock } from "../adapters/memory/clock.ts";
import { createMemoryStore } from "../adapters/memory/journal.ts";
import { createMemoryRouter } from "../adapters/memory/router.ts";
import { createMemoryWorkload, type WorkloadFault } from "../adapters/memory/workload.ts";
import type { Command } from "../core/engine/input.ts";
import { ms } from "../core/units.ts";
import { applyOf, fileOf, rolloutOf } from "../../test/sim/specs.ts";
import { Controller } from "./controller.ts";
import type { Pace } from "./parts.ts";

const CANARY = `{ canary: { steps: [{ weight: 25%, hold: 10s }] } }`;

async function house(pace: Partial<Pace> = {}) {
  const clock = createVirtualClock();
  const faults: {
    append?: "refused" | "lost" | undefined;
    stays?: boolean;
    workload: Record<string, WorkloadFault | undefined>;
  } = { workload: {} };
  const store = createMemoryStore();
  const journal = await store.open({ fault: () => faults.append });
  const close = () => Promise.resolve();
  const routers = new Map<string, ReturnType<typeof createMemoryRouter>>();
  const controller = new Controller({
    clock,
    journal,
    pace,
    factory: {
      workload: async (state) => {
        const { service } = state();
        const workload = createMemoryWorkload({ clock, fault: () => faults.workload[service] });
        const remove = () => (faults.stays ? Promise.reject(new Error("it stays")) : close());
        return { workload, close, remove };
      },
      router: async ({ service }) => {
        const router = createMemoryRouter({ clock });
        routers.set(service, router);
        return { router, metrics: router, close };
      },
    },
  });
  await controller.start();
  let asked = 0;
  const apply = (service: string, revision: string, strategy = CANARY): Promise<string> => {
    const spec = rolloutOf(fileOf(service, 4, { strategy }));
    return settle(applyOf(spec, { id: `a${(asked += 1)}`, revision }), service);
  };
  /** The answer's text, whatever it is, once time has passed. */
  const settle = async (command: Command, service: string): Promise<string> => {
    const said = controller.send(service, command).then(
      (answer) => answer.refused?.code ?? answer.text,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    await clock.advance(ms(10));
    return said;
  };
  return {
    clock,
    controller,
    faults,
    journal,
    routers,
    apply,
    settle,
    pass: (value: number) => clock.advance(ms(value)),
  };
}

describe("a controller", () => {
  test("goes on with one service while a part of another does not answer", async () => {
    const { controller, faults, apply, pass } = await house();
    faults.workload["slow"] = { delayMs: ms(60_000) };
    void apply("slow", "v1");
    expect(await apply("quick", "v1")).toBe("quick/1 started");
    await pass(3_000);
    expect(controller.get("quick").state.stable?.revision).toBe("v1");
    expect(controller.get("slow").state.stable).toBeUndefined();
  });

  test("forgets a service whose first file is refused, and starts nothing for it", async () => {
    const { controller, journal, routers } = await house();
    const spec = rolloutOf(fileOf("shop", 4, { strategy: CANARY }));
    const command = applyOf(spec, { id: "a", revision: "v1" });
    const { router, workload } = command.abilities;
    const abilities = { router, workload: { ...workload, promote: "replace" as const } };
    const answer = await controller.send("shop", { ...command, abilities });
    expect(answer.refused?.what).toContain("cannot be rolled out as asked");
    expect(controller.list()).toEqual([]);
    expect(await journal.list()).toEqual([]);
    expect(routers.get("shop")?.route()).toBeUndefined();
  });

  test("forgets a service whose first file could not be written down", async () => {
    const { controller, faults, apply } = await house();
    faults.append = "refused";
    expect(await apply("shop", "v1")).toContain("was not written");
    expect(controller.list()).toEqual([]);
    faults.append = undefined;
    expect(await apply("shop", "v1")).toBe("shop/1 started");
  });

  test("keeps a service whose first file was written though the answer was lost", async () => {
    const { controller, faults, apply, pass } = await house();
    faults.append = "lost";
    expect(await apply("shop", "v1")).toContain("was not written");
    faults.append = undefined;
    await pass(5_000);
    expect(controller.get("shop").state.stable?.revision).toBe("v1");
  });

  test("tries again within seconds what could not be done, also where it looks seldom", async () => {
    const { controller, faults, apply, settle, pass } = await house({ idleMs: 600_000 });
    await apply("shop", "v1");
    await pass(10_000);
    faults.workload["shop"] = "refused";
    await settle({ id: "s", kind: "scale", actor: "ann", reason: "", replicas: 6 }, "shop");
    await pass(3_000);
    expect(controller.get("shop").troubles["workload"]).toContain("refused");
    faults.workload["shop"] = undefined;
    await pass(10_000);
    expect(controller.get("shop").troubles).toEqual({});
  });

  test("names the services there are when asked for another", async () => {
    const { controller, apply } = await house();
    await apply("shop", "v1");
    expect(() => controller.get("shp")).toThrow("services: shop");
  });

  test("answers every command, also for a service that could not be taken down or that it lets go of", async () => {
    const { controller, faults, apply, settle, pass } = await house();
    await apply("shop", "v1");
    await pass(5_000);
    faults.stays = true;
    await expect(controller.remove("shop")).rejects.toThrow("it stays");
    const pause = { id: "p", kind: "pause", actor: "ann", reason: "" } as const;
    expect(await settle(pause, "shop")).toContain("pause of shop was not carried out");
    faults.stays = false;
    await controller.remove("shop");
    expect(controller.list()).toEqual([]);
    await apply("other", "v1");
    const late = controller.send("other", pause);
    const [answer] = await Promise.allSettled([late, controller.stop()]);
    expect(answer).toMatchObject({ status: "rejected", reason: { trouble: { code: "SERIN_LETS_GO" } } });
  });

  test("leaves traffic as it is when it stops", async () => {
    const { controller, routers, apply, pass } = await house();
    await apply("shop", "v1");
    await pass(5_000);
    const route = routers.get("shop")?.route();
    await controller.stop();
    expect(routers.get("shop")?.route()).toEqual(route);
    expect(route?.pools.stable?.backends).toHaveLength(4);
  });
});

describe("a lost journal", () => {
  test("holds the rollout and keeps the route; what crashed is replaced", async () => {
    const { controller, faults, apply, pass } = await house();
    await apply("shop", "v1");
    await pass(5_000);
    await apply("shop", "v2");
    await pass(3_000);
    const { split, version } = controller.get("shop").state;
    faults.append = "refused";
    await pass(60_000);
    expect(controller.get("shop").state.split).toEqual(split);
    expect(controller.get("shop").state.version).toBe(version);
    expect(controller.get("shop").troubles["journal"]).toContain("SERIN_JOURNAL_FAILED");
    faults.append = undefined;
    await pass(2_000);
    expect(controller.get("shop").troubles["journal"]).toBeUndefined();
  });

  test("does not keep an abort from bringing traffic back, and has it written down later", async () => {
    const { controller, faults, routers, apply, settle, pass } = await house();
    await apply("shop", "v1");
    await pass(5_000);
    await apply("shop", "v2", `{ rolling: { maxSurge: 2, hold: 30s } }`);
    await pass(10_000);
    const weights = () => routers.get("shop")?.route()?.split.weights;
    expect(weights()).toEqual({ canary: 500_000, stable: 500_000 });
    faults.append = "refused";
    const abort = { id: "x", kind: "abort", actor: "ann", reason: "smoke" } as const;
    expect(await settle(abort, "shop")).toContain("traffic goes back to stable all the same");
    await pass(15_000);
    expect(weights()).toEqual({ stable: 1_000_000 });
    expect(controller.get("shop").state.rollout?.phase).toBe("forward");
    faults.append = undefined;
    await pass(60_000);
    expect(weights()).toEqual({ stable: 1_000_000 });
    expect(controller.get("shop").state.rollout).toMatchObject({ outcome: "stopped", why: "aborted by ann: smoke" });
  });
});
