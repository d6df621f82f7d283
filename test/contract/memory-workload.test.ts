// Does the workload in memory behave like a real one, and fail as programmed?
import { describe, expect, test } from "vitest";
import { createVirtualClock } from "../../src/adapters/memory/clock.ts";
import { createMemoryWorkload, type Behaviour, type WorkloadFault } from "../../src/adapters/memory/workload.ts";
import { ms } from "../../src/core/units.ts";
import { workloadContract } from "../../src/ports/workload.contract.ts";

const BEHAVIOURS: Record<string, Behaviour> = {
  good: { readyAfterMs: ms(300) },
  other: { readyAfterMs: ms(200) },
  crashing: { crashAfterMs: ms(100), why: "exited with code 1: Error: no such table" },
  never: { readyAfterMs: "never" },
};
const behaviour = (revision: string): Behaviour => BEHAVIOURS[revision] ?? {};
const call = () => ({ signal: new AbortController().signal });
const good = (pool: string, size: number) => ({ pool, size, revision: { id: "good", template: {} } });

workloadContract("memory", async () => {
  const clock = createVirtualClock();
  const workload = createMemoryWorkload({ clock, behaviour, readyTimeoutMs: ms(1_000), drainMs: ms(2_000) });
  return {
    workload,
    drainMs: 2_000,
    revision: (kind) => ({ id: kind, template: {} }),
    restart: async () => undefined,
    pass: (durationMs) => clock.advance(ms(durationMs)),
    dispose: async () => undefined,
  };
});

describe("the memory workload", () => {
  test("tells the truth about what serves, whatever observe says", async () => {
    const clock = createVirtualClock();
    const faults: (WorkloadFault | undefined)[] = [];
    const workload = createMemoryWorkload({ clock, behaviour, fault: () => faults.shift() });
    await workload.apply([good("a", 1)], [], call());
    expect(workload.serves("a-1")).toBe(false);
    await clock.advance(ms(300));
    await workload.observe(call());
    workload.crash("a-1", "killed by SIGKILL");
    faults.push("stale");
    expect(await workload.observe(call())).toMatchObject({ value: [{ replicas: [{ state: "ready" }] }] });
    expect(workload.serves("a-1")).toBe(false);
    const failing = { value: [{ replicas: [{ state: "failing", why: "killed by SIGKILL" }] }] };
    expect(await workload.observe(call())).toMatchObject(failing);
    await clock.advance(ms(800));
    expect(workload.serves("a-1")).toBe(true);
  });

  test("fails as programmed: refused, lost, unreadable, slow", async () => {
    const clock = createVirtualClock();
    const faults: (WorkloadFault | undefined)[] = ["refused", "lost", "unreadable", { delayMs: ms(5_000) }];
    const workload = createMemoryWorkload({ clock, behaviour, fault: () => faults.shift() });
    await expect(workload.apply([good("a", 1)], [], call())).rejects.toThrow(/refused/);
    expect(workload.running()).toEqual([]);
    await expect(workload.apply([good("a", 1)], [], call())).rejects.toThrow(/did not arrive/);
    expect(workload.running()).toHaveLength(1);
    expect(await workload.observe(call())).toMatchObject({ kind: "unreadable" });
    const slow = workload.observe(call());
    const state = () => Promise.race([slow.then(() => "answered"), Promise.resolve("waiting")]);
    expect(await state()).toBe("waiting");
    await clock.advance(ms(5_000));
    expect(await slow).toMatchObject({ kind: "value" });
  });

  test("a crash loop of a week is told in one look", async () => {
    const clock = createVirtualClock();
    const workload = createMemoryWorkload({ clock, behaviour });
    await workload.apply([{ pool: "a", size: 1, revision: { id: "crashing", template: {} } }], [], call());
    await clock.advance(ms(7 * 86_400_000));
    const [pool] = workload.running();
    expect(pool?.replicas[0]?.restarts).toBeGreaterThan(20_000);
    expect(pool?.replicas[0]?.restarts).toBeLessThan(20_200);
  });
});
