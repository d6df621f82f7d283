// Does the proxy's process keep its promises when it is killed, doubled, crowded out or replaced?
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createProxyAdapter } from "../../src/adapters/proxy/index.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import type { Route } from "../../src/core/split.ts";
import { ms, weightOf } from "../../src/core/units.ts";
import { PROXY_DEFAULTS, type ProxyConfig } from "../../src/proxy/config.ts";
import { ask } from "../../src/proxy/control-client.ts";
import { isAlive } from "../../src/proxy/lock.ts";
import { readControl, readRoutes, type Control } from "../../src/proxy/store.ts";
import { Backends, Client, freePort, Load } from "../proxy/parts.ts";

const MAIN = fileURLToPath(new URL("../../src/proxy/main.ts", import.meta.url));
/** Elsewhere the system does not share ports, or has no second loopback address. */
const isLinux = process.platform === "linux";
const call = () => ({ signal: AbortSignal.timeout(20_000) });

let home: string;
let dir: string;
let port: number;
let backends: Backends;
let started: number[];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "serin-proxy-"));
  dir = join(home, "proxy");
  port = await freePort();
  backends = new Backends();
  started = [];
});
afterEach(async () => {
  const last = readControl(dir)?.pid;
  for (const pid of new Set([...started, ...(last === undefined ? [] : [last])])) {
    if (isOurs(pid)) process.kill(pid, "SIGKILL");
  }
  backends.close();
  rmSync(home, { recursive: true, force: true });
});

/** Whether this process was started for the folder of this test: its id may be another one's by now. */
function isOurs(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.includes(home);
}

const adapter = (config: Partial<ProxyConfig> = {}) =>
  createProxyAdapter({
    name: "shop",
    dir,
    clock: systemClock(),
    config: { ...PROXY_DEFAULTS, host: "127.0.0.1", port, drainMs: ms(5_000), ...config },
  });

async function route(canary: number): Promise<Route> {
  const stable = await backends.pool("stable", 2);
  const canaries = await backends.pool("canary", 1);
  return {
    split: { weights: { canary: weightOf(canary), stable: weightOf(1 - canary) } },
    pools: { stable, canary: canaries },
  };
}

function control(): Control {
  const read = readControl(dir);
  if (!read) throw new Error("no control.json");
  started.push(read.pid);
  return read;
}

async function shareOfCanary(requests: number): Promise<number> {
  const client = new Client(port);
  let hits = 0;
  for (let sent = 0; sent < requests; sent += 1) hits += (await client.get("/")).text === "canary-0" ? 1 : 0;
  client.close();
  return hits / requests;
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  await expect.poll(() => isAlive(pid)).toBe(false);
}

describe("a killed proxy", () => {
  test("serves the last split at once when it is started again, before anybody tells it anything", async () => {
    await adapter().apply(await route(0.3), call());
    await kill(control().pid);
    const child = spawn(process.execPath, [MAIN, "--config", join(dir, "config.json")], { stdio: "ignore" });
    started.push(child.pid ?? 0);
    await expect.poll(async () => (await adapter().observe(call())).kind).toBe("value");
    expect(await shareOfCanary(100)).toBeCloseTo(0.3, 1);
  });

  test.each([1, 2])("is started again by the next apply, on the same address (%i workers)", async (workers) => {
    const first = await route(0.3);
    const proxy = adapter({ workers });
    await proxy.apply(first, call());
    const before = control();
    const load = new Load(port, 8);
    await expect.poll(() => load.ok).toBeGreaterThan(200);
    await kill(before.pid);
    expect(await proxy.observe(call())).toEqual({ kind: "absent" });
    expect(await proxy.read(call())).toEqual({ kind: "absent" });
    await proxy.apply(first, call());
    const okBefore = load.ok;
    await expect.poll(() => load.ok).toBeGreaterThan(okBefore + 200);
    await load.stop();
    const after = control();
    expect(after.epoch).not.toBe(before.epoch);
    expect(after.address).toBe(before.address);
    // Only requests on the connections of the killed one are lost: at most one for each of the eight clients.
    expect(load.lost.length).toBeLessThanOrEqual(8);
    expect(load.bad).toEqual([]);
    await proxy.remove(call());
  });

  test("with any port asked for comes back on the port that its clients know", async () => {
    const proxy = adapter({ port: 0 });
    const first = await route(0);
    await proxy.apply(first, call());
    const before = control();
    await kill(before.pid);
    await proxy.apply(first, call());
    expect(control().address).toBe(before.address);
    await proxy.remove(call());
  });
});

describe("who runs", () => {
  test("five starts at the same time make one proxy", async () => {
    const wanted = await route(0.5);
    await Promise.all(Array.from({ length: 5 }, () => adapter({ workers: 2 }).apply(wanted, call())));
    const { pid } = control();
    const log = readFileSync(join(dir, "proxy.log"), "utf8");
    expect(log.match(/\] serves http/g)).toHaveLength(1);
    expect(log).toContain(`process ${pid} already serves`);
    await adapter({ workers: 2 }).remove(call());
    expect(isAlive(pid)).toBe(false);
  });

  test("it outlives its controller, and the next one finds it", async () => {
    const wanted = await route(0.5);
    const code = `
      import { createProxyAdapter } from ${JSON.stringify(new URL("../../src/adapters/proxy/index.ts", import.meta.url).href)};
      import { systemClock } from ${JSON.stringify(new URL("../../src/adapters/system/clock.ts", import.meta.url).href)};
      const [options, route] = JSON.parse(process.argv[1]);
      await createProxyAdapter({ ...options, clock: systemClock() }).apply(route, { signal: AbortSignal.timeout(20000) });
      console.log("applied");
      setInterval(() => undefined, 1000);`;
    const config = { ...PROXY_DEFAULTS, host: "127.0.0.1", port, drainMs: ms(5_000) };
    const given = JSON.stringify([{ name: "shop", dir, config }, wanted]);
    const controller = spawn(process.execPath, ["--input-type=module", "-e", code, given], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    started.push(controller.pid ?? 0);
    await new Promise((resolve) => controller.stdout.once("data", resolve));
    const load = new Load(port, 4);
    await expect.poll(() => load.ok).toBeGreaterThan(50);
    await kill(controller.pid ?? 0);
    const before = load.ok;
    await expect.poll(() => load.ok).toBeGreaterThan(before + 50);
    await load.stop();
    expect([...load.bad, ...load.lost]).toEqual([]);
    const { epoch } = control();
    await adapter().apply(wanted, call());
    expect(control().epoch).toBe(epoch);
    await adapter().remove(call());
  });

  test("a process id alone proves nothing", async () => {
    const wanted = await route(0.5);
    await adapter().apply(wanted, call());
    const real = control();
    await kill(real.pid);
    // Its process id and its port now belong to somebody else, who answers everything with 200.
    const stranger = createServer((_, answer) => answer.end("{}"));
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
    writeFileSync(join(dir, "control.json"), JSON.stringify({ ...real, url, pid: process.ppid }));
    expect(await adapter().observe(call())).toEqual({ kind: "absent" });
    await adapter().apply(wanted, call());
    expect(control().pid).not.toBe(process.ppid);
    expect(isAlive(process.ppid)).toBe(true);
    stranger.close();
    await adapter().remove(call());
  });

  test("a proxy that hangs is unreadable, not absent, and nothing is started beside it", async () => {
    await adapter().apply(await route(0.5), call());
    const { pid } = control();
    process.kill(pid, "SIGSTOP");
    const soon = () => ({ signal: AbortSignal.timeout(300) });
    expect(await adapter().observe(soon())).toMatchObject({
      kind: "unreadable",
      why: expect.stringContaining(`${pid}`),
    });
    expect(await adapter().read(soon())).toMatchObject({ kind: "unreadable" });
    await expect(adapter().apply(await route(0.5), soon())).rejects.toThrow("SERIN_PROXY_SILENT");
    process.kill(pid, "SIGCONT");
    await expect.poll(async () => (await adapter().observe(call())).kind).toBe("value");
    await adapter().remove(call());
  });
});

describe("a port in use", () => {
  let holder: Server;
  afterEach(() => holder.close());

  test.each([
    [1, false],
    [1, true],
    [2, false],
    [2, true],
  ])("is a clear error, and its holder keeps it (%i workers, shareable: %s)", async (workers, reusePort) => {
    holder = createServer((_, answer) => answer.end("holder"));
    await new Promise<void>((resolve) => holder.listen({ port, host: "127.0.0.1", reusePort }, resolve));
    const refused = await adapter({ workers })
      .apply(await route(0), call())
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({
      trouble: { code: "SERIN_PORT_IN_USE", now: expect.any(String), next: expect.any(String) },
    });
    expect(await adapter({ workers }).observe(call())).toEqual({ kind: "absent" });
    const client = new Client(port);
    for (let sent = 0; sent < 20; sent += 1) expect((await client.get("/")).text).toBe("holder");
    client.close();
  });
});

test.skipIf(!isLinux).each([
  ["127.0.0.1", "127.0.0.1"],
  ["127.0.0.2", "0.0.0.0"],
  ["0.0.0.0", "127.0.0.2"],
])("two services do not share a port: %s and %s", async (first, second) => {
  await adapter({ host: first }).apply(await route(0), call());
  const { epoch } = control();
  const other = createProxyAdapter({
    name: "other",
    dir: join(home, "other"),
    clock: systemClock(),
    config: { ...PROXY_DEFAULTS, host: second, port, drainMs: ms(5_000) },
  });
  const refused = await other.apply(await route(0), call()).catch((error: unknown) => error);
  expect(refused).toMatchObject({ trouble: { code: "SERIN_PORT_IN_USE" } });
  expect(control().epoch).toBe(epoch);
  await adapter({ host: first }).remove(call());
});

describe("another configuration", () => {
  test.skipIf(!isLinux).each([1, 2])(
    "takes over on the same port without a lost request (%i workers)",
    async (workers) => {
      const wanted = await route(0.3);
      await adapter({ workers }).apply(wanted, call());
      const load = new Load(port, 8);
      const fresh = new Load(port, 2, true);
      await expect.poll(() => load.ok).toBeGreaterThan(200);
      for (const retries of [2, 3, 4]) {
        const before = control();
        await adapter({ workers, retries }).apply(wanted, call());
        expect(control().epoch).not.toBe(before.epoch);
        await expect.poll(() => isAlive(before.pid)).toBe(false);
        const sofar = [load.ok, fresh.ok] as const;
        await expect.poll(() => load.ok).toBeGreaterThan(sofar[0] + 200);
        await expect.poll(() => fresh.ok).toBeGreaterThan(sofar[1] + 20);
      }
      await Promise.all([load.stop(), fresh.stop()]);
      expect([...load.bad, ...load.lost, ...fresh.bad]).toEqual([]);
      expect(load.refused + fresh.refused).toBe(0);
      // Between the last look at the listener's queue and its end, the kernel may take one more connection.
      expect(fresh.lost.length).toBeLessThanOrEqual(1);
      await adapter({ workers, retries: 4 }).remove(call());
    },
  );

  test("takes over with the route; requests under way end where they began", async () => {
    const wanted = await route(0);
    const slowly = { drainMs: ms(20_000) };
    await adapter(slowly).apply(wanted, call());
    const before = control();
    backends.delayMs = 8_000;
    const client = new Client(port);
    const slow = client.get("/");
    await expect.poll(() => backends.open).toBe(1);
    await adapter({ ...slowly, retries: 2 }).apply(wanted, call());
    // It did not wait for the slow one.
    expect(backends.open).toBe(1);
    backends.delayMs = 0;
    expect((await slow).status).toBe(200);
    client.close();
    await expect.poll(() => isAlive(before.pid)).toBe(false);
    expect(control().epoch).not.toBe(before.epoch);
    expect(await shareOfCanary(5)).toBe(0);
    await adapter({ ...slowly, retries: 2 }).remove(call());
  });
});

describe("stopping", () => {
  test("lets every request that was taken end", async () => {
    backends.delayMs = 20;
    await adapter({ workers: 2 }).apply(await route(0.5), call());
    control();
    const load = new Load(port, 16);
    await expect.poll(() => load.ok).toBeGreaterThan(200);
    await adapter({ workers: 2 }).remove(call());
    await expect.poll(() => load.refused).toBeGreaterThan(0);
    await load.stop();
    expect(load.bad).toEqual([]);
    expect(load.lost).toEqual([]);
    expect(await adapter().observe(call())).toEqual({ kind: "absent" });
  });
});

describe("the control API", () => {
  test("is for the owner of its folder only", async () => {
    await adapter().apply(await route(0.5), call());
    const known = control();
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const file of ["control.json", "route.json", "config.json", "proxy.log"]) {
      expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    }
    const { signal } = call();
    const guess = { ...known, token: "x" };
    expect((await ask(guess, { method: "GET", path: "/state", signal })).status).toBe(401);
    expect((await ask(guess, { method: "POST", path: "/stop", signal })).status).toBe(401);
    const metrics = await fetch(`${known.url}/metrics`);
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).toContain('serin_share_ratio{role="canary"} 0.5');
    await adapter().remove(call());
  });

  test("refuses a route that it cannot follow or cannot keep, and changes nothing", async () => {
    const good = await route(0.5);
    await adapter().apply(good, call());
    const known = control();
    const kept = readRoutes(dir);
    const put = (body: unknown) => ask(known, { method: "PUT", path: "/route", body, signal: call().signal });
    expect(await put({ nonsense: true })).toMatchObject({ status: 422, body: { ok: false } });
    expect((await put({ ...good, split: { weights: { stable: 7 } } })).body).toEqual({
      ok: false,
      why: ["split.weights: sum to 0.0007% instead of 100%"],
    });
    // A full disk, as good as: the next file cannot be written.
    mkdirSync(join(dir, `route.json.${known.pid}.draft`));
    expect((await put(await route(0.9))).status).toBe(500);
    expect(readRoutes(dir)).toEqual(kept);
    expect(await adapter().observe(call())).toMatchObject({ value: { split: good.split } });
    rmSync(join(dir, `route.json.${known.pid}.draft`), { recursive: true });
    await adapter().remove(call());
  });
});
