// Do several workers count as one proxy, and does one survive the other?
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Route } from "../../src/core/split.ts";
import { weightOf, ms } from "../../src/core/units.ts";
import type { Counters } from "../../src/core/evidence.ts";
import { PROXY_DEFAULTS } from "../../src/proxy/config.ts";
import { inquire } from "../../src/proxy/control-client.ts";
import type { RunningProxy } from "../../src/proxy/running.ts";
import { serve } from "../../src/proxy/serve.ts";
import { readRoutes } from "../../src/proxy/store.ts";
import { Backends, freePort, Load } from "../proxy/parts.ts";

let dir: string;
let port: number;
let backends: Backends;
let proxy: RunningProxy;
const log: string[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "serin-proxy-"));
  port = await freePort();
  backends = new Backends();
  const config = { ...PROXY_DEFAULTS, host: "127.0.0.1", port, workers: 2, drainMs: ms(5_000) };
  const served = await serve({ settings: { ...config, name: "shop", dir }, log: (line) => log.push(line) });
  if (served.kind !== "started") throw new Error("not started");
  proxy = served.proxy;
  await proxy.setRoute({
    split: { weights: { canary: weightOf(0.2), stable: weightOf(0.8) } },
    pools: { stable: await backends.pool("stable", 2), canary: await backends.pool("canary", 1) },
  });
});
afterEach(async () => {
  await proxy.stop();
  backends.close();
  rmSync(dir, { recursive: true, force: true });
});

async function counters(): Promise<Counters> {
  const asked = await inquire(dir, { method: "GET", path: "/counters", signal: AbortSignal.timeout(20_000) });
  if (asked.kind !== "answered") throw new Error(JSON.stringify(asked));
  return asked.answer.body as Counters;
}
const total = ({ series }: Counters): number => series.reduce((sum, { requests }) => sum + requests, 0);

test("the counters of both workers sum up to what the clients saw", async () => {
  const load = new Load(port, 16);
  await expect.poll(() => load.ok).toBeGreaterThan(2_000);
  await load.stop();
  const each = await Promise.all(proxy.fleet.threads().map((thread) => thread.ask({ op: "read" }, 20_000)));
  const perWorker = each.map(({ counts }) => counts.reduce((sum, { requests }) => sum + requests, 0));
  expect(perWorker).toHaveLength(2);
  for (const requests of perWorker) expect(requests).toBeGreaterThan(0);
  const read = await counters();
  expect(total(read)).toBe(load.ok);
  for (const [replica, requests] of load.replicas) {
    expect(read.series.find((series) => series.replica === replica)?.requests).toBe(requests);
  }
  expect((load.replicas.get("canary-0") ?? 0) / load.ok).toBeCloseTo(0.2, 1);
});

test("one worker dies: the other goes on serving, the totals never go down, another takes its place", async () => {
  const load = new Load(port, 16);
  await expect.poll(() => load.ok).toBeGreaterThan(1_000);
  const before = total(await counters());
  const [victim, survivor] = proxy.fleet.threads();
  const survivorBefore = (await survivor?.ask({ op: "read" }, 20_000))?.counts ?? [];
  await victim?.worker.terminate();
  const after = total(await counters());
  // What the dead one had last reported is still there; at most a quarter of a second of its requests is not.
  expect(after).toBeGreaterThanOrEqual(before);
  await expect.poll(() => proxy.fleet.threads().length).toBe(2);
  await expect.poll(async () => (await proxy.fleet.read()).alive).toBe(2);
  let last = after;
  for (let look = 0; look < 5; look += 1) {
    const now = total(await counters());
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
  }
  const okBefore = load.ok;
  await expect.poll(() => load.ok).toBeGreaterThan(okBefore + 1_000);
  await load.stop();
  const survivorAfter = (await survivor?.ask({ op: "read" }, 20_000))?.counts ?? [];
  expect(survivorAfter.length).toBeGreaterThanOrEqual(survivorBefore.length);
  // Only requests on its own connections are lost, and no connection is refused: the other worker listens all the time.
  expect(load.lost.length).toBeLessThanOrEqual(16);
  expect(load.refused).toBe(0);
  expect(load.bad).toEqual([]);
  const fresh = proxy.fleet.threads().find((thread) => thread !== survivor);
  // The new one follows the route from its first request.
  expect((await fresh?.ask({ op: "read" }, 20_000))?.busy).toContain("canary-0");
  expect(log.join("\n")).toContain("another takes its place");
});

test("a route that one worker cannot take is taken by none", async () => {
  const before = proxy.fleet.routes;
  const broken = { split: { weights: { stable: weightOf(1) } }, pools: null } as unknown as Route;
  await expect(proxy.fleet.change({ op: "route", route: broken })).rejects.toThrow("null");
  expect(proxy.fleet.routes).toBe(before);
  await expect(proxy.setRoute(broken)).rejects.toThrow("null");
  expect(readRoutes(dir)).toEqual([...before.values()]);
  const load = new Load(port, 4);
  await expect.poll(() => load.ok).toBeGreaterThan(200);
  await load.stop();
  expect([...load.bad, ...load.lost]).toEqual([]);
  expect((load.replicas.get("canary-0") ?? 0) / load.ok).toBeCloseTo(0.2, 1);
});
