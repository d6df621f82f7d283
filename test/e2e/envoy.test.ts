// Does a rollout behind real Envoys end as it should, whoever of them dies on the way, without a lost request?
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { shareOf } from "../../src/core/split.ts";
import { WHOLE } from "../../src/core/units.ts";
import { NO_ENVOY, startEnvoy, type RunningEnvoy } from "../envoy/place.ts";
import { freePort } from "../proxy/parts.ts";
import { clients, kill, rolloutFile, until, type Clients } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";
import { HAS_WRK, wrk, type Wrk } from "./wrk.ts";

let scene: Scene;
let envoys: RunningEnvoy[] = [];
let ports: { listen: number; xds: number; proxy: number };
let load: Wrk | undefined;
let users: Clients | undefined;

beforeEach(async () => {
  ports = { listen: await freePort(), xds: await freePort(), proxy: await freePort() };
  scene = await openScene();
});

afterEach(async () => {
  load?.kill();
  await users?.stop();
  [load, users] = [undefined, undefined];
  for (const envoy of envoys) await envoy.end();
  envoys = [];
  await scene.close();
});

async function addEnvoy(id: string): Promise<RunningEnvoy> {
  const dir = join(scene.place.dir, "envoys");
  const envoy = await startEnvoy({ dir, id, control: { host: "127.0.0.1", port: ports.xds } });
  envoys.push(envoy);
  return envoy;
}

const address = (): string => `http://127.0.0.1:${ports.listen}`;

function fileOf(
  version: string,
  options: { strategy?: string; env?: string; envoys?: number; analysis?: string } = {},
): string {
  const { envoys: count = 1, ...rest } = options;
  const traffic = `{ envoy: { listen: ${ports.listen}, xds: "127.0.0.1:${ports.xds}", envoys: ${count} } }`;
  return rolloutFile(version, { ...rest, traffic });
}

/** A first version that carries requests. The Envoy comes when it is asked for, as one that is started later would. */
async function begin(): Promise<RunningEnvoy> {
  const number = await scene.apply(fileOf("v1"));
  const envoy = await addEnvoy("edge-1");
  const view = await scene.ended(number);
  expect(view.address).toBe(address());
  return envoy;
}

const CANARY = "canary: { steps: [{ weight: 10%, hold: 1s }, { weight: 50%, judge: { atMost: 60s } }] }";

/** How many of so many requests each version answered. */
async function sharesOf(count: number): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (let sent = 0; sent < count; sent += 1) {
    const answer = await fetch(address());
    await answer.text();
    const version = answer.headers.get("x-version") ?? "nobody";
    counts[version] = (counts[version] ?? 0) + 1;
  }
  return counts;
}

describe.skipIf(NO_ENVOY)("behind a real Envoy", () => {
  test.skipIf(!HAS_WRK)(
    "a bad version is taken back and a good one is promoted; wrk sees no failure of its own",
    async () => {
      await begin();
      load = wrk(address());
      const good = await scene.ended(await scene.apply(fileOf("v2", { strategy: CANARY })));
      expect(good.rollout).toMatchObject({ outcome: "promoted" });
      const report = await load.stop();
      expect(report.failed, report.text).toBe(0);
      expect(report.socketErrors).toBeUndefined();
      users = clients(address(), 4);
      const bad = await scene.ended(await scene.apply(fileOf("v3", { strategy: CANARY, env: "FAIL: 0.3" })));
      expect(bad.rollout).toMatchObject({ outcome: "rolled-back" });
      await users.stop();
      expect(users.lost).toEqual([]);
      expect(users.answers.get("v2")?.failed ?? 0).toBe(0);
      expect(users.answers.get("v3")?.failed).toBeGreaterThan(0);
      expect(await sharesOf(50)).toEqual({ v2: 50 });
    },
  );

  test("the share that users see is the one that is wanted", async () => {
    await begin();
    const strategy = "canary: { steps: [{ weight: 20%, gate: look }] }";
    await scene.apply(fileOf("v2", { strategy }));
    await scene.see("20 %", ({ reported }) => reported && shareOf(reported, "canary") === WHOLE / 5);
    const { v2 = 0 } = await sharesOf(1_500);
    // Five standard deviations of a binomial.
    expect(Math.abs(v2 - 300)).toBeLessThanOrEqual(5 * Math.sqrt(1_500 * 0.2 * 0.8));
  });

  test("an Envoy that is killed in mid-rollout comes back with the split that it had", async () => {
    const envoy = await begin();
    await scene.apply(fileOf("v2", { strategy: "canary: { steps: [{ weight: 50%, gate: look }] }" }));
    const half = () => scene.see("50 %", ({ reported }) => reported && shareOf(reported, "canary") === WHOLE / 2);
    await half();
    await envoy.end();
    await scene.see("nothing known", ({ reported }) => reported === undefined);
    await addEnvoy("edge-1");
    await half();
    const { v2 = 0 } = await sharesOf(200);
    expect(Math.abs(v2 - 100)).toBeLessThanOrEqual(5 * Math.sqrt(50));
    expect((await scene.say("promote", "app")).code).toBe(0);
    await scene.see("the end", ({ rollout }) => rollout?.outcome === "promoted");
  });

  test("a controller that is killed in mid-rollout leaves the split, and goes on from it", async () => {
    await begin();
    users = clients(address(), 4);
    await scene.apply(fileOf("v2", { strategy: "canary: { steps: [{ weight: 30%, gate: look }] }" }));
    const third = () => scene.see("30 %", ({ reported }) => reported && shareOf(reported, "canary") === 300_000);
    await third();
    kill(scene.controller.pid ?? 0);
    const alone = (await sharesOf(400)).v2 ?? 0;
    await scene.serveAgain();
    await third();
    const again = (await sharesOf(400)).v2 ?? 0;
    for (const count of [alone, again]) expect(Math.abs(count - 120)).toBeLessThanOrEqual(5 * Math.sqrt(400 * 0.21));
    expect((await scene.say("promote", "app")).code).toBe(0);
    await scene.see("the end", ({ rollout }) => rollout?.outcome === "promoted");
    await users.stop();
    expect(users.lost).toEqual([]);
    expect([...users.answers.values()].reduce((sum, { failed }) => sum + failed, 0)).toBe(0);
  });

  test("a split counts when every Envoy has taken it, and one that is missing holds the rollout", async () => {
    await begin();
    await scene.apply(fileOf("v2", { strategy: "canary: { steps: [{ weight: 50%, hold: 100ms }] }", envoys: 2 }));
    const why = await scene.see("a trouble", ({ troubles }) => troubles["router"]);
    expect(why).toContain("1 of 2 Envoys of the fleet serin is connected");
    expect((await scene.look()).rollout?.phase).not.toBe("ended");
    users = clients(address(), 2);
    // Both listen at the one address of this machine: the kernel shares connections out between them.
    await addEnvoy("edge-2");
    await scene.see("the end", ({ rollout }) => rollout?.outcome === "promoted");
  });

  test("a service moves from the built-in proxy to Envoys, and back", async () => {
    const plain = { strategy: "recreate: {}", analysis: "" };
    const proxied = (version: string): string => rolloutFile(version, { ...plain, listen: `127.0.0.1:${ports.proxy}` });
    const proxies = async (): Promise<number> =>
      (await scene.place.processes()).filter(({ command }) => command.includes("proxy/main")).length;
    await addEnvoy("edge-1");
    await scene.ended(await scene.apply(proxied("v1")));
    expect(await proxies()).toBe(1);
    const there = await scene.ended(await scene.apply(fileOf("v2", plain)));
    expect(there.address).toBe(address());
    expect(await sharesOf(20)).toEqual({ v2: 20 });
    await until("no proxy any more", async () => (await proxies()) === 0);
    const back = await scene.ended(await scene.apply(proxied("v3")));
    expect(back.address).toBe(`http://127.0.0.1:${ports.proxy}`);
    await expect(fetch(address())).rejects.toThrow("fetch failed");
  });
});
