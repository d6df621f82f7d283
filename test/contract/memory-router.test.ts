// Does the router in memory pass as one, and can it be made to fail?
import { describe, expect, test } from "vitest";
import { createVirtualClock } from "../../src/adapters/memory/clock.ts";
import { createMemoryRouter, type RouterFault } from "../../src/adapters/memory/router.ts";
import { all, type Route } from "../../src/core/split.ts";
import { ms } from "../../src/core/units.ts";
import { routerContract } from "../../src/ports/router.contract.ts";

routerContract({
  name: "memory",
  skip: {
    mirror: "its requests are counted, not sent: there is nothing to copy",
    matches: "its requests have neither head nor path",
  },
  make: async () => {
    const router = createMemoryRouter({ clock: createVirtualClock() });
    return {
      router,
      metrics: router,
      sticky: { kind: "cookie", name: "user" },
      again: () => router,
      pool: async (pool, size) => ({
        pool,
        backends: Array.from({ length: size }, (_, at) => ({
          replica: `${pool}-${at}`,
          host: "127.0.0.1",
          port: 1 + at,
        })),
      }),
      send: async (count, key) => router.send(count, key).map((visit) => visit?.backend.replica ?? "nobody"),
      dispose: async () => undefined,
    };
  },
});

const route = (replica: string): Route => ({
  split: { weights: all("stable") },
  pools: { stable: { pool: "v1", backends: [{ replica, host: "127.0.0.1", port: 1 }] } },
});
const call = { signal: new AbortController().signal };

describe("the router in memory", () => {
  test("fails as it is told: refused does nothing, lost does it, stale answers what was before", async () => {
    let fault: RouterFault | undefined;
    const router = createMemoryRouter({ clock: createVirtualClock(), fault: () => fault });
    await router.apply(route("a"), call);
    const before = await router.observe(call);
    fault = "refused";
    await expect(router.apply(route("b"), call)).rejects.toThrow("SERIN_ROUTE_REFUSED");
    expect(router.route()).toEqual(route("a"));
    fault = "lost";
    await expect(router.apply(route("b"), call)).rejects.toThrow("did not arrive");
    expect(router.route()).toEqual(route("b"));
    fault = "stale";
    expect(await router.observe(call)).toEqual(before);
    fault = "unreadable";
    expect(await router.read(call)).toMatchObject({ kind: "unreadable" });
  });

  test("counts what its replicas answer, from 0 after a crash", async () => {
    const statuses = [200, 500, 404, 0];
    const router = createMemoryRouter({
      clock: createVirtualClock(),
      answer: () => ({ status: statuses.shift() ?? 200, latencyUs: 2_000 }),
    });
    await router.apply(route("a"), call);
    router.send(4);
    const first = await router.read(call);
    expect(first).toMatchObject({ value: { series: [{ requests: 4, failed: 2, clientErrors: 1 }] } });
    router.crash();
    router.send(1);
    const second = await router.read(call);
    expect(second).toMatchObject({ value: { series: [{ requests: 1, failed: 0 }] } });
    expect(JSON.stringify(second)).not.toContain("memory-1");
  });

  test("keeps a replica busy for as long as its last requests take", async () => {
    const clock = createVirtualClock();
    const router = createMemoryRouter({ clock, lingerMs: ms(500) });
    await router.apply(route("a"), call);
    await router.apply(route("b"), call);
    expect(await router.observe(call)).toMatchObject({ value: { busy: ["b", "a"] } });
    await clock.advance(ms(500));
    expect(await router.observe(call)).toMatchObject({ value: { busy: ["b"] } });
  });
});
