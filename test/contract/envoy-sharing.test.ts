// Do services that share Envoys leave one another alone, and move where they are told?
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RoutePool } from "../../src/core/split.ts";
import { call, Edge, shared, statOf, whole, type Service } from "../envoy/edge.ts";
import { NO_ENVOY, until } from "../envoy/place.ts";
import { Client, freePort, Load } from "../proxy/parts.ts";

let edge: Edge;
let clients: Client[] = [];

beforeEach(async () => {
  edge = await Edge.open();
});

afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await edge.close();
});

/** Who answers at an address, for a host. */
async function who(port: number, host?: string, path = "/"): Promise<string> {
  const client = new Client(port);
  clients.push(client);
  const { status, text } = await client.get(path, host === undefined ? {} : { host });
  return status === 200 ? text : String(status);
}

const pool = (name: string): Promise<RoutePool> => edge.backends.pool(name, 1);

async function refused(service: Service, route: Parameters<Service["apply"]>[0]): Promise<string> {
  const error = await service.apply(route).then(
    () => undefined,
    (found: unknown) => found,
  );
  if (error instanceof Error) return error.message;
  throw new Error("it was not refused");
}

describe.skipIf(NO_ENVOY)("one address", () => {
  test("is shared by host, and a service that goes leaves the other", async () => {
    const listen = await freePort();
    const a = await edge.service("a", { listen, hosts: ["a.example.org", "*.a.example.org"] });
    const b = await edge.service("b", { listen, hosts: ["*"] });
    await edge.envoy();
    await a.apply(whole(await pool("pa")));
    await b.apply(whole(await pool("pb")));
    const found = async () => [
      await who(listen, "a.example.org"),
      await who(listen, `a.example.org:${listen}`),
      await who(listen, "x.a.example.org"),
      await who(listen, "other.example.org"),
    ];
    expect(await found()).toEqual(["pa-0", "pa-0", "pa-0", "pb-0"]);
    const load = new Load(listen, 2);
    await a.router.remove(call());
    await until(async () => (await who(listen, "a.example.org")) === "pb-0", "a is gone");
    const { bad, lost } = await load.stop();
    expect([bad, lost]).toEqual([[], []]);
  });

  test("has sections in their order, each with a split of its own", async () => {
    const listen = await freePort();
    const part = (name: string, order: number, prefix: string) => ({
      front: "shop",
      section: { name, order, when: [[{ on: "path" as const, is: { prefix } }]] },
    });
    const cart = await edge.service("cart", { listen }, part("cart", 1, "/shop/cart"));
    const shop = await edge.service("shop-pages", { listen }, part("shop", 2, "/shop"));
    const rest = await edge.service("rest", { listen }, { front: "shop" });
    await edge.envoy();
    await rest.apply(whole(await pool("rest")));
    await shop.apply(whole(await pool("shop")));
    await cart.apply(whole(await pool("cart")));
    const found = async () =>
      Promise.all(["/shop/cart/1", "/shop/carts", "/other"].map((path) => who(listen, undefined, path)));
    expect(await found()).toEqual(["cart-0", "shop-0", "rest-0"]);
    const pools = { stable: await pool("shop2"), canary: await pool("new") };
    await shop.apply(shared(pools, 1));
    expect(await found()).toEqual(["cart-0", "new-0", "rest-0"]);
    await cart.router.remove(call());
    await until(async () => (await found())[0] === "new-0", "the next section takes it");
  });

  test("is refused with words to whoever cannot share it", async () => {
    const listen = await freePort();
    const a = await edge.service("a", { listen, hosts: ["a.example.org"], timeouts: { keepAlive: "10s" } });
    await edge.envoy();
    await a.apply(whole(await pool("pa")));
    const cases: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
      [
        { hosts: ["a.example.org"], timeouts: { keepAlive: "10s" } },
        `both have the host a.example.org at 127.0.0.1:${listen}`,
      ],
      [{ hosts: ["b.example.org"] }, "they differ in timeouts.keepAlive"],
      [
        { hosts: ["b.example.org"], timeouts: { keepAlive: "10s" }, trustForwarded: true },
        "they differ in trustForwarded",
      ],
      [{ hosts: ["b.example.org"], timeouts: { keepAlive: "10s" }, evidence: "admin" }, "they differ in evidence"],
      [{ hosts: ["b.example.org"], timeouts: { keepAlive: "10s" }, preview: 9 }, "not the same two addresses"],
      [{ hosts: ["b.example.org"], timeouts: { keepAlive: "10s" }, tls: { cert: "c", key: "k" } }, "one speaks TLS"],
    ];
    for (const [written, words] of cases) {
      const b = await edge.service("b", { listen, ...written });
      const message = await refused(b, whole(await pool("pb")));
      expect(message).toContain("SERIN_ENVOY_SHARED");
      expect(message).toContain(words);
      expect(await b.router.observe(call())).toEqual({ kind: "absent" });
    }
    expect(await who(listen, "a.example.org")).toBe("pa-0");
  });
});

describe.skipIf(NO_ENVOY)("a service moves", () => {
  test("to another address: the old one ends when the new one is there", async () => {
    const first = await edge.service("a");
    const envoy = await edge.envoy();
    const stable = await pool("pa");
    await first.apply(whole(stable));
    const taken = await edge.service("b");
    await taken.apply(whole(await pool("pb")));
    const second = await edge.service("a");
    await second.apply(whole(stable));
    expect(await who(second.port)).toBe("pa-0");
    expect((await second.carried()).address).toBe(`http://127.0.0.1:${second.port}`);
    await until(
      async () => (await statOf(envoy, "listener_manager.total_listeners_active")) === 2,
      "the old one is gone",
    );
    await expect(who(first.port)).rejects.toThrow("ECONNREFUSED");
    expect(await who(taken.port)).toBe("pb-0");
  });

  test("to another fleet, and another channel: who carried it stops when the others have begun", async () => {
    const first = await edge.service("a", { fleet: "one" });
    const one = await edge.envoy({ id: "one-1", fleet: "one" });
    await edge.envoy({ id: "two-1", fleet: "two" });
    const stable = await pool("pa");
    await first.apply(whole(stable));
    const load = new Load(first.port, 1);
    const second = await edge.service("a", { fleet: "two" });
    await second.apply(whole(stable));
    await load.stop();
    expect([load.bad, load.lost]).toEqual([[], []]);
    expect(await who(second.port)).toBe("pa-0");
    await until(
      async () => (await statOf(one, "listener_manager.total_listeners_active")) === 0,
      "fleet one lets it go",
    );
    const other = await freePort();
    const third = await edge.service("a", { fleet: "three", xds: `127.0.0.1:${other}` });
    await edge.envoy({ id: "three-1", fleet: "three", control: { host: "127.0.0.1", port: other } });
    await third.apply(whole(stable));
    expect(await who(third.port)).toBe("pa-0");
    await until(async () => (await who(second.port).catch(() => "gone")) === "gone", "fleet two lets it go");
    await edge.again();
    const again = await edge.service("a", { listen: third.port, fleet: "three", xds: `127.0.0.1:${other}` });
    await until(async () => (await again.router.observe(call())).kind === "value", "it is carried where it was last");
  });

  test("two fleets have services of their own", async () => {
    const a = await edge.service("a", { fleet: "one" });
    const b = await edge.service("b", { fleet: "two" });
    const one = await edge.envoy({ id: "one-1", fleet: "one" });
    const two = await edge.envoy({ id: "two-1", fleet: "two" });
    await a.apply(whole(await pool("pa")));
    await b.apply(whole(await pool("pb")));
    expect([await who(a.port), await who(b.port)]).toEqual(["pa-0", "pb-0"]);
    for (const envoy of [one, two]) expect(await statOf(envoy, "listener_manager.total_listeners_active")).toBe(1);
    // One fleet's Envoy is away: the other's service does not notice.
    await one.end();
    await until(async () => (await a.router.observe(call())).kind === "unreadable", "a's Envoy is away");
    await b.apply(shared({ stable: await pool("pb2"), canary: await pool("pc") }, 1));
    expect(await who(b.port)).toBe("pc-0");
  });
});

describe.skipIf(NO_ENVOY)("settings of a service that runs", () => {
  test("are in force at once, without a lost request", async () => {
    const a = await edge.service("a", {});
    const envoy = await edge.envoy();
    const stable = await pool("pa");
    await a.apply(whole(stable));
    const load = new Load(a.port, 2);
    await until(() => load.ok > 20, "requests");
    const b = await edge.service("a", { listen: a.port, circuit: { connections: 7 }, timeouts: { connect: "2s" } });
    await b.apply(whole(stable));
    // An Envoy that waits for endpoints that nobody sends would hold the old cluster for 15 s.
    const warm = async () => (await statOf(envoy, "cluster_manager.warming_clusters")) === 0;
    await until(warm, "the new settings are in force", 10_000);
    await load.stop();
    expect([load.bad, load.lost]).toEqual([[], []]);
  });
});
