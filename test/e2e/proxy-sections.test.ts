// Do several services share one proxy, each with its own part, through crashes and changes at the same time?
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkProxy, createProxyAdapter } from "../../src/adapters/proxy/index.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import type { Match } from "../../src/core/match.ts";
import { all, type Route, type Section } from "../../src/core/split.ts";
import { ms, weightOf } from "../../src/core/units.ts";
import { PROXY_DEFAULTS, type ProxyConfig } from "../../src/proxy/config.ts";
import { inquire } from "../../src/proxy/control-client.ts";
import { isAlive } from "../../src/proxy/lock.ts";
import { readControl, type Control } from "../../src/proxy/store.ts";
import { Backends, Client, freePort } from "../proxy/parts.ts";

const MAIN = fileURLToPath(new URL("../../src/proxy/main.ts", import.meta.url));
const isLinux = process.platform === "linux";
const call = () => ({ signal: AbortSignal.timeout(20_000) });
const PREVIEW: Match = { when: [{ on: "listener", is: "preview" }], to: "canary" };

let home: string;
let dir: string;
let port: number;
let preview: number;
let backends: Backends;
let started: number[];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "serin-sections-"));
  dir = join(home, "proxy");
  [port, preview] = [await freePort(), await freePort()];
  backends = new Backends();
  started = [];
});
afterEach(() => {
  const last = readControl(dir)?.pid;
  for (const pid of new Set([...started, ...(last === undefined ? [] : [last])])) {
    if (isOurs(pid)) process.kill(pid, "SIGKILL");
  }
  backends.close();
  rmSync(home, { recursive: true, force: true });
});

/** Whether this process was started for the folder of this test: its id may be another one's by now. */
function isOurs(pid: number): boolean {
  return spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout.includes(home);
}

const section = (name: string, order = 0): Section => ({
  name,
  order,
  when: [[{ on: "path", is: { prefix: `/${name}` } }]],
});
const adapter = (own?: Section, config: Partial<ProxyConfig> = {}) =>
  createProxyAdapter({
    name: own?.name ?? "shop",
    dir,
    clock: systemClock(),
    section: own,
    config: { ...PROXY_DEFAULTS, host: "127.0.0.1", port, drainMs: ms(5_000), ...config },
  });

/** The pools have the names that every service of an engine gives to its first rollout. */
async function route(service: string, canary: number, matches: readonly Match[] = []): Promise<Route> {
  const stable = await backends.pool(`${service}-stable`, 2);
  const canaries = await backends.pool(`${service}-canary`, 1);
  const named = (pool: string, { backends: addresses }: typeof stable) => ({
    pool,
    backends: addresses.map((backend, at) => Object.assign({}, backend, { replica: `${pool}-${at}` })),
  });
  return {
    split: { weights: { canary: weightOf(canary), stable: weightOf(1 - canary) }, matches },
    pools: { stable: named("1-stable", stable), canary: named("1-canary", canaries) },
  };
}

function control(): Control {
  const read = readControl(dir);
  if (!read) throw new Error("no control.json");
  started.push(read.pid);
  return read;
}

async function who(path: string, at = port): Promise<string> {
  const client = new Client(at);
  const { status, text } = await client.get(path);
  client.close();
  return status === 200 ? text.replace(/-\d+$/, "") : String(status);
}

async function value(proxy: ReturnType<typeof adapter>) {
  const observed = await proxy.observe(call());
  if (observed.kind !== "value") throw new Error(JSON.stringify(observed));
  return observed.value;
}

async function counted(proxy: ReturnType<typeof adapter>): Promise<Readonly<Record<string, number>>> {
  const read = await proxy.read(call());
  if (read.kind !== "value") throw new Error(JSON.stringify(read));
  const some = read.value.series.filter(({ requests }) => requests > 0);
  return Object.fromEntries(some.map((series) => [`${series.pool} ${series.replica}`, series.requests]));
}

describe("sections", () => {
  test("see only their own split, replicas and counters; so does everybody's route", async () => {
    const [shop, cart, pay] = [adapter(), adapter(section("cart")), adapter(section("pay"))];
    await cart.apply(await route("cart", 1), call());
    expect(await shop.observe(call())).toEqual({ kind: "absent" });
    expect(await pay.observe(call())).toEqual({ kind: "absent" });
    expect(await who("/")).toBe("503");
    await shop.apply(await route("shop", 0), call());
    expect([await who("/"), await who("/cart"), await who("/carts")]).toEqual([
      "shop-stable",
      "cart-canary",
      "shop-stable",
    ]);
    expect((await value(shop)).split.weights).toEqual({ canary: weightOf(0), stable: weightOf(1) });
    expect((await value(cart)).split.weights).toEqual({ canary: weightOf(1), stable: weightOf(0) });
    const names = ["1-canary-0", "1-stable-0", "1-stable-1"];
    expect((await value(shop)).busy.toSorted()).toEqual(names);
    expect((await value(cart)).busy.toSorted()).toEqual(names);
    await expect.poll(() => counted(cart)).toEqual({ "1-canary 1-canary-0": 1 });
    expect(Object.values(await counted(shop)).reduce((sum, requests) => sum + requests, 0)).toBe(2);
    expect(await counted(pay)).toEqual({});
    const metrics = await (await fetch(`${control().url}/metrics`)).text();
    expect(metrics).toContain(
      'serin_requests_total{section="cart",role="canary",pool="1-canary",replica="1-canary-0"} 1',
    );
    // Taking one away leaves the others, and may be repeated.
    for (const _ of ["once", "twice"]) await cart.remove(call());
    expect(await cart.observe(call())).toEqual({ kind: "absent" });
    expect(await who("/cart")).toBe("shop-stable");
    await shop.remove(call());
    expect(await shop.observe(call())).toEqual({ kind: "absent" });
    for (const _ of ["once", "twice"]) await cart.remove(call());
  });

  test("have their own requests copied, and each service asks for its own comparison", async () => {
    const [shop, cart] = [adapter(), adapter(section("cart"))];
    const mirror = { to: ["canary"], share: weightOf(1), methods: "safe", compare: { ignore: [] } } as const;
    const mirrored = ({ split, pools }: Route): Route => ({ split: { ...split, mirror }, pools });
    await shop.apply(await route("shop", 0), call());
    await cart.apply(mirrored(await route("cart", 0)), call());
    expect([await who("/"), await who("/cart"), await who("/cart/2")]).toEqual([
      "shop-stable",
      "cart-stable",
      "cart-stable",
    ]);
    await expect.poll(() => counted(cart)).toMatchObject({ "1-canary 1-canary-0": 2 });
    // What answers says who it is: the body differs.
    expect(await cart.comparison?.(call())).toMatchObject({
      kind: "value",
      value: { candidate: 2, noise: 0, fields: [{ path: "body", candidate: 2 }] },
    });
    expect(await shop.comparison?.(call())).toEqual({ kind: "absent" });
    expect((await value(cart)).split.mirror).toEqual(mirror);
    const metrics = await (await fetch(`${control().url}/metrics`)).text();
    expect(metrics).toContain('serin_mirror_sent_total{section="cart",role="canary"} 2');
    expect(metrics).toContain('serin_mirror_sent_total{role="canary"} 0');
    await cart.remove(call());
    expect(await cart.comparison?.(call())).toEqual({ kind: "absent" });
    await shop.remove(call());
  });

  test.each([1, 2])("come back after the proxy was killed (%i workers)", async (workers) => {
    const config = { workers };
    const [shop, cart, pay] = [
      adapter(undefined, config),
      adapter(section("cart"), config),
      adapter(section("pay"), config),
    ];
    await shop.apply(
      await route("shop", 0, [{ when: [{ on: "query", name: "beta", is: { present: true } }], to: "canary" }]),
      call(),
    );
    await cart.apply(await route("cart", 1), call());
    await pay.apply(await route("pay", 0), call());
    const before = [await value(shop), await value(cart)];
    const { pid } = control();
    process.kill(pid, "SIGKILL");
    await expect.poll(() => isAlive(pid)).toBe(false);
    // Nobody runs: what the next one would serve is all there is to take away.
    await pay.remove(call());
    const child = spawn(process.execPath, [MAIN, "--config", join(dir, "config.json")], { stdio: "ignore" });
    started.push(child.pid ?? 0);
    await expect.poll(async () => (await shop.observe(call())).kind).toBe("value");
    expect([await value(shop), await value(cart)]).toEqual(before);
    expect(await pay.observe(call())).toEqual({ kind: "absent" });
    for (let sent = 0; sent < 8; sent += 1) {
      expect([await who("/?beta"), await who("/"), await who("/cart"), await who("/pay")]).toEqual([
        "shop-canary",
        "shop-stable",
        "cart-canary",
        "shop-stable",
      ]);
    }
    await shop.remove(call());
  });

  test("change their routes at the same time, and none takes another's away", async () => {
    const names = ["cart", "pay", "account"];
    const adapters = names.map((name) => adapter(section(name), { workers: 2 }));
    const routes = await Promise.all(names.map((name) => route(name, 0)));
    const split = (share: number) => ({ weights: { canary: weightOf(share), stable: weightOf(1 - share) } });
    await Promise.all(
      adapters.map(async (proxy, at) => {
        const own = routes[at] as Route;
        for (let step = 0; step <= 20; step += 1) {
          await proxy.apply({ ...own, split: split(step / 20) }, call());
          expect((await value(proxy)).split).toEqual(split(step / 20));
        }
      }),
    );
    for (const [at, name] of names.entries()) {
      expect((await value(adapters[at] as (typeof adapters)[number])).split).toEqual(split(1));
      expect(await who(`/${name}`)).toBe(`${name}-canary`);
    }
    await adapter(undefined, { workers: 2 }).remove(call());
  });

  test.skipIf(!isLinux)("what is accepted while the proxy hands over is not forgotten", async () => {
    const shop = await route("shop", 0);
    await adapter().apply(shop, call());
    const first = control().epoch;
    const cart = await backends.pool("cart/stable", 1);
    const share = (step: number) => ({ canary: weightOf(step / 1_000), stable: weightOf(1 - step / 1_000) });
    const body = (step: number) => ({
      split: { weights: share(step) },
      pools: { stable: cart, canary: { pool: "cart/canary", backends: [] } },
      section: section("cart"),
    });
    const over = new AbortController();
    const refused: string[] = [];
    const changing = async (): Promise<void> => {
      for (let step = 1; !over.signal.aborted; step = (step % 999) + 1) {
        const question = { method: "PUT", path: "/route", body: body(step), signal: call().signal } as const;
        const asked = await inquire(dir, question);
        if (asked.kind !== "answered" || asked.answer.status !== 200) continue;
        const { split } = await value(adapter(section("cart")));
        if (split.weights.canary !== share(step).canary) refused.push(`${step}: ${JSON.stringify(split)}`);
      }
    };
    const changed = changing();
    for (const retries of [2, 3, 4, 5]) {
      await adapter(undefined, { retries }).apply(shop, call());
      control();
    }
    over.abort();
    await changed;
    expect(control().epoch).not.toBe(first);
    expect(refused).toEqual([]);
    await adapter(undefined, { retries: 5 }).remove(call());
  });

  test("a route that is refused changes nothing", async () => {
    const cart = adapter(section("cart"));
    const good = await route("cart", 0);
    await cart.apply(good, call());
    const before = await value(cart);
    const nobody = { ...good, split: { ...good.split, matches: [PREVIEW] }, pools: {} };
    await expect(cart.apply(nobody, call())).rejects.toMatchObject({ trouble: { code: "SERIN_ROUTE_REFUSED" } });
    expect(await value(cart)).toEqual(before);
    await adapter().remove(call());
  });
});

describe("the second address", () => {
  test.each([1, 2])("is told, and its requests are those of the preview (%i workers)", async (workers) => {
    const proxy = adapter(undefined, { workers, preview: { host: "127.0.0.1", port: preview } });
    await proxy.apply(await route("shop", 0, [PREVIEW]), call());
    expect(await value(proxy)).toMatchObject({
      address: `http://127.0.0.1:${port}`,
      preview: `http://127.0.0.1:${preview}`,
    });
    // Each on a connection of its own: every worker gets some.
    for (let sent = 0; sent < 20; sent += 1) {
      expect([await who("/"), await who("/", preview)]).toEqual(["shop-stable", "shop-canary"]);
    }
    await proxy.apply({ ...(await route("shop", 0)), split: { weights: all("stable") } }, call());
    expect(await who("/", preview)).toBe("shop-stable");
    await proxy.remove(call());
  });

  test.skipIf(!isLinux)("is handed over, comes and goes, and may change places with the first one", async () => {
    const second = { host: "127.0.0.1", port: preview };
    const wanted = await route("shop", 0, [PREVIEW]);
    const changes: readonly Partial<ProxyConfig>[] = [
      {},
      { preview: second },
      { preview: second, retries: 3 },
      { port: preview, preview: { host: "127.0.0.1", port } },
      { preview: { host: "127.0.0.1", port: 0 } },
      { preview: { host: "127.0.0.1", port: 0 }, retries: 4 },
    ];
    const answers: string[] = [];
    const free: (string | undefined)[] = [];
    for (const change of changes) {
      const proxy = adapter(undefined, change);
      await proxy.apply(wanted, call());
      const { address, preview: told } = await value(proxy);
      control();
      expect(await who("/", Number(new URL(address).port))).toBe("shop-stable");
      answers.push(told === undefined ? "none" : await who("/", Number(new URL(told).port)));
      if (change.preview?.port === 0) free.push(told);
    }
    expect(answers).toEqual(changes.map((change) => (change.preview ? "shop-canary" : "none")));
    // A free port that clients know already stays.
    expect(free[1]).toBe(free[0]);
    await adapter(undefined, changes.at(-1)).remove(call());
  });

  test("on another program's port, or on the first one's, is refused before anything starts", async () => {
    const holder = await backends.pool("holder", 1);
    const held = { host: "127.0.0.1", port: holder.backends[0]?.port ?? 0 };
    const config = { ...PROXY_DEFAULTS, host: "127.0.0.1", port };
    const check = (place: { host: string; port: number }) =>
      checkProxy({ name: "shop", dir, config: { ...config, preview: place } });
    await expect(check(held)).rejects.toMatchObject({ trouble: { code: "SERIN_PORT_IN_USE" } });
    await expect(check({ host: "127.0.0.1", port })).rejects.toMatchObject({ trouble: { code: "SERIN_PORT_TWICE" } });
    await check({ host: "127.0.0.1", port: preview });
    const refused = adapter(undefined, { preview: held }).apply(await route("shop", 0), call());
    await expect(refused).rejects.toMatchObject({ trouble: { code: "SERIN_PORT_IN_USE" } });
    expect(readControl(dir)).toBeUndefined();
  });
});
