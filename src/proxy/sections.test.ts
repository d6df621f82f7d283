// Does each request follow the rules of its route, and the route of its section?
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { answer, get, RawClient, replica, started, type RawReplica, type Started } from "../../test/support/proxy.ts";
import type { Condition, Match } from "../core/match.ts";
import { all, type Role, type RoutePool, type Section, type Split } from "../core/split.ts";
import { weight } from "../core/units.ts";
import type { ServedRoute } from "./served.ts";

const names = ["stable", "canary", "cart/stable", "cart/canary", "pay/stable"] as const;
type Name = (typeof names)[number];
const ups = new Map<Name, RawReplica>();
let proxy: Started | undefined;

beforeAll(async () => {
  for (const name of names) {
    ups.set(
      name,
      await replica(`${name}-0`, (socket, bytes) => {
        for (const _ of bytes.matchAll(/ HTTP\/1\.1\r\n/g)) socket.write(answer(`<${name}>`));
      }),
    );
  }
});
afterAll(async () => {
  await Promise.all([...ups.values()].map((up) => up.close()));
});
afterEach(async () => {
  await proxy?.plane.drain(0 as never);
  proxy = undefined;
});

const pool = (name: Name): RoutePool => ({ pool: name, backends: [ups.get(name)?.backend ?? never()] });
const never = (): never => {
  throw new Error("no such replica");
};
const beta: Condition = { on: "header", name: "x-beta", is: { exact: "1" } };
const under = (prefix: string): Condition => ({ on: "path", is: { prefix } });
const preview: Condition = { on: "listener", is: "preview" };
const toCanary = (...when: readonly Condition[]): Match => ({ when, to: "canary" });
const route = (split: Partial<Split> = {}): ServedRoute => ({
  split: { weights: all("stable"), ...split },
  pools: { stable: pool("stable"), canary: pool("canary") },
});
const cart = (split: Partial<Split> = {}, order = 1): ServedRoute => ({
  split: { weights: all("stable"), ...split },
  pools: { stable: pool("cart/stable"), canary: pool("cart/canary") },
  section: { name: "cart", order, when: [[under("/cart")], [{ on: "query", name: "cart", is: { present: true } }]] },
});
const pay = (section: Partial<Section> = {}): ServedRoute => ({
  split: { weights: all("stable") },
  pools: { stable: pool("pay/stable") },
  section: { name: "pay", order: 2, when: [[under("/cart/pay")]], ...section },
});

async function start(...routes: readonly ServedRoute[]): Promise<Started> {
  const [first, ...others] = routes;
  proxy = await started(first ?? never(), { rest: { preview: { host: "127.0.0.1", port: 0 } } });
  for (const other of others) proxy.plane.setRoute(other);
  return proxy;
}

/** All that comes back for one request. */
async function asked(head: string, port = proxy?.port ?? 0): Promise<string> {
  const client = new RawClient(port).send(head);
  const text = await client.got(/\r\n\r\n(?:<|\d)/);
  client.socket.destroy();
  return text;
}
const who = async (head: string, port?: number): Promise<string | undefined> =>
  /<(.*)>/.exec(await asked(head, port))?.[1];

describe("a rule", () => {
  it("sends requests to its role whatever the weights, and others follow the weights", async () => {
    await start(route({ matches: [toCanary(beta)] }));
    expect(await who(get("/", "X-Beta: 1\r\n"))).toBe("canary");
    expect(await who(get("/", "X-Beta: 0\r\nx-BETA: 1\r\n"))).toBe("canary");
    expect(await who(get("/", "X-Beta: 2\r\n"))).toBe("stable");
    expect(await who(get("/"))).toBe("stable");
  });

  it("forgets what the request before had, on one connection", async () => {
    const { port } = await start(route({ matches: [toCanary(beta)] }));
    const client = new RawClient(port).send(get("/", "X-Beta: 1\r\n") + get("/"));
    const text = await client.got("<stable>");
    expect(text.indexOf("<canary>")).toBeLessThan(text.indexOf("<stable>"));
    expect(text).toContain("<canary>");
    client.socket.destroy();
  });

  it.each<[string, Condition, string]>([
    ["a cookie", { on: "cookie", name: "who", is: { exact: "me" } }, get("/", "Cookie: a=b\r\nCookie: who=me\r\n")],
    ["a query field", { on: "query", name: "v", is: { exact: "a b" } }, get("/?v=1&v=a+b")],
    ["a path", under("/admin"), get("/cart/../%61dmin/x")],
    ["the path of a whole URI", under("/admin"), get("http://h/admin")],
    ["a method", { on: "method", is: ["PURGE"] }, get("/").replace("GET", "PURGE")],
    ["the host", { on: "header", name: "host", is: { exact: "h" } }, get("/")],
    [
      "a header that means something",
      { on: "header", name: "connection", is: { regex: "keep-.*" } },
      get("/", "Connection: keep-alive\r\n"),
    ],
    ["two things", { on: "header", name: "x-a", is: { present: true } }, get("/", "X-A:\r\n")],
  ])("looks at %s", async (_, condition, head) => {
    await start(route({ matches: [toCanary(condition)] }));
    expect(await who(head)).toBe("canary");
    expect(await who("GET /other HTTP/1.1\r\nHost: other\r\n\r\n")).toBe("stable");
  });

  it("comes before stickiness, and gives no cookie", async () => {
    const sticky = { key: { kind: "cookie", name: "serin" }, salt: "s" } as const;
    await start(route({ sticky, matches: [toCanary(beta)] }));
    expect(await asked(get("/", "X-Beta: 1\r\n"))).not.toContain("Set-Cookie");
    const text = await asked(get("/"));
    expect(text).toContain("<stable>");
    const cookie = /Set-Cookie: (serin=[^;]+)/.exec(text)?.[1] ?? "";
    expect(await who(get("/", `Cookie: ${cookie}\r\nX-Beta: 1\r\n`))).toBe("canary");
  });

  it("leaves a sticky header to do its work beside it", async () => {
    const sticky = { key: { kind: "header", name: "X-Beta" }, salt: "s" } as const;
    const half = { canary: weight(500_000), stable: weight(500_000) };
    await start(route({ weights: half, sticky, matches: [toCanary(beta)] }));
    for (const user of ["a", "b", "c", "d", "e", "f"]) {
      const seen = new Set<string | undefined>();
      for (let time = 0; time < 4; time += 1) seen.add(await who(get("/", `X-Beta: ${user}\r\n`)));
      expect(seen.size).toBe(1);
    }
    expect(await who(get("/", "X-Beta: 1\r\n"))).toBe("canary");
  });

  it.each<[string, ServedRoute["pools"]]>([
    ["no pool", {}],
    ["no replica", { canary: { pool: "canary", backends: [] } }],
  ])("of a role that has %s leaves the request to stable", async (_, pools) => {
    await start({ ...route({ matches: [toCanary(beta)] }), pools: { stable: pool("stable"), ...pools } });
    expect(await who(get("/", "X-Beta: 1\r\n"))).toBe("stable");
  });

  it("is gone with the route that had it", async () => {
    const { plane } = await start(route({ matches: [toCanary(beta)] }));
    plane.setRoute(route());
    expect(await who(get("/", "X-Beta: 1\r\n"))).toBe("stable");
  });

  it("keeps a role's share of the others", async () => {
    await start(route({ weights: { canary: weight(100_000), stable: weight(900_000) }, matches: [toCanary(beta)] }));
    let hits = 0;
    for (let sent = 0; sent < 100; sent += 1) {
      expect(await who(get("/", "X-Beta: 1\r\n"))).toBe("canary");
      hits += (await who(get("/"))) === "canary" ? 1 : 0;
    }
    expect(Math.abs(hits - 10)).toBeLessThanOrEqual(2);
  });
});

describe("the second address", () => {
  it("is another listener of the same routes", async () => {
    const { preview: second, port } = await start(route({ matches: [toCanary(preview)] }));
    expect(second).not.toBe(port);
    expect(await who(get("/"), second)).toBe("canary");
    expect(await who(get("/"))).toBe("stable");
  });

  it("follows the weights where no rule is for it", async () => {
    const { preview: second, plane } = await start(route({ weights: all("canary" satisfies Role) }));
    expect(await who(get("/"), second)).toBe("canary");
    plane.setRoute(route());
    expect(await who(get("/"), second)).toBe("stable");
  });

  it("ends when the data plane does", async () => {
    const { preview: second, plane } = await start(route());
    await plane.drain(100 as never);
    const client = new RawClient(second ?? 0).send(get("/"));
    await expect.poll(() => client.closed).toBe(true);
    expect(client.text).toBe("");
  });
});

describe("a section", () => {
  it("takes the requests that are its own, the lowest order first", async () => {
    await start(route(), cart(), pay());
    expect(await who(get("/cart/pay"))).toBe("cart/stable");
    expect(await who(get("/?cart"))).toBe("cart/stable");
    expect(await who(get("/cart/../"))).toBe("stable");
    proxy?.plane.setRoute(cart({}, 3));
    expect(await who(get("/cart/pay"))).toBe("pay/stable");
    expect(await who(get("/cart/other"))).toBe("cart/stable");
  });

  it("has rules and weights of its own", async () => {
    const half = { canary: weight(500_000), stable: weight(500_000) };
    await start(route({ matches: [toCanary(beta)] }), cart({ weights: half }));
    const seen = [];
    for (let sent = 0; sent < 40; sent += 1) seen.push(await who(get("/cart")), await who(get("/")));
    expect(seen.filter((name) => name === "stable")).toHaveLength(40);
    expect(Math.abs(seen.filter((name) => name === "cart/canary").length - 20)).toBeLessThanOrEqual(2);
    expect(await who(get("/", "X-Beta: 1\r\n"))).toBe("canary");
    proxy?.plane.setRoute(cart({ matches: [toCanary(beta)] }));
    expect(await who(get("/cart", "X-Beta: 1\r\n"))).toBe("cart/canary");
    expect(await who(get("/cart"))).toBe("cart/stable");
  });

  it("falls back to its own stable", async () => {
    await start(route(), { ...cart({ weights: all("canary") }), pools: { stable: pool("cart/stable") } });
    expect(await who(get("/cart"))).toBe("cart/stable");
  });

  it("is left to everybody's route when it is taken away, and its books go on", async () => {
    const { plane } = await start(route(), cart());
    await who(get("/cart"));
    plane.dropRoute("cart");
    plane.dropRoute("cart");
    expect(await who(get("/cart"))).toBe("stable");
    expect(plane.busy().toSorted()).toEqual(["canary-0", "stable-0"]);
    const counted = plane.counters().find(({ replica: name }) => name === "cart/stable-0");
    expect(counted?.requests).toBe(1);
    plane.setRoute(cart());
    await who(get("/cart"));
    expect(plane.counters().find(({ replica: name }) => name === "cart/stable-0")?.requests).toBe(2);
  });

  it("without anybody's route beside it leaves all other requests without an answer", async () => {
    await start(cart());
    expect(await who(get("/cart"))).toBe("cart/stable");
    expect(await asked(get("/"))).toMatch(/^HTTP\/1\.1 503 /);
  });
});
