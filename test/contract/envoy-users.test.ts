// Do users stay where they are, and do rules find their requests, as an Envoy sees them?
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Condition, Match } from "../../src/core/match.ts";
import type { RoutePool, Stickiness } from "../../src/core/split.ts";
import { Edge, shared, type Service } from "../envoy/edge.ts";
import { NO_ENVOY } from "../envoy/place.ts";
import { Client, freePort } from "../proxy/parts.ts";

let edge: Edge;
let service: Service;
let preview: Client;
let pools: { readonly stable: RoutePool; readonly canary: RoutePool };

beforeEach(async () => {
  if (NO_ENVOY !== undefined) return;
  edge = await Edge.open();
  const port = await freePort();
  preview = new Client(port);
  service = await edge.service("shop", { preview: port });
  await edge.envoy();
  pools = { stable: await edge.backends.pool("stable", 1), canary: await edge.backends.pool("canary", 1) };
});

afterEach(async () => {
  preview.close();
  await edge.close();
});

const cookie = (salt: string): Stickiness => ({ key: { kind: "cookie", name: "user" }, salt });
const role = (text: string): string => text.replace(/-\d+$/u, "");

describe.skipIf(NO_ENVOY)("users", () => {
  /** Those of the keys who are answered by the canary. */
  async function onCanary(keys: readonly string[], header: (key: string) => Record<string, string>) {
    const there = new Set<string>();
    for (const key of keys) if (role((await service.get("/", header(key))).text) === "canary") there.add(key);
    return there;
  }

  test("stay with the version of their first answer, and only join when the share grows", async () => {
    await service.apply(shared(pools, 0.3, { sticky: cookie("shop 1") }));
    const users: { key: string; role: string }[] = [];
    for (let user = 0; user < 300; user += 1) {
      const { headers, text } = await service.get("/");
      const [given = ""] = headers["set-cookie"] ?? [];
      expect(given).toMatch(/^user=[0-9a-f-]{36}; Path=\/; HttpOnly; SameSite=Lax$/u);
      users.push({ key: given.slice("user=".length, given.indexOf(";")), role: role(text) });
    }
    const header = (key: string) => ({ cookie: `a=b; user=${key}` });
    const first = new Set(users.filter((user) => user.role === "canary").map(({ key }) => key));
    const keys = users.map(({ key }) => key);
    expect(Math.abs(first.size - 90)).toBeLessThanOrEqual(5 * Math.sqrt(300 * 0.3 * 0.7));
    expect(await onCanary(keys, header)).toEqual(first);
    expect((await service.get("/", header(keys[0] ?? ""))).headers["set-cookie"]).toBeUndefined();
    let before = first;
    for (const share of [0.5, 0.9]) {
      await service.apply(shared(pools, share, { sticky: cookie("shop 1") }));
      const now = await onCanary(keys, header);
      expect([...before].filter((key) => !now.has(key))).toEqual([]);
      expect(now.size).toBeGreaterThan(before.size);
      before = now;
    }
  });

  test("of another rollout are others, also by header", async () => {
    const keys = Array.from({ length: 400 }, (_, user) => `u${user}`);
    const header = (key: string) => ({ "x-user": key });
    const by = (salt: string): Stickiness => ({ key: { kind: "header", name: "x-user" }, salt });
    const sets: ReadonlySet<string>[] = [];
    for (const salt of ["shop 1", "shop 2"]) {
      await service.apply(shared(pools, 0.5, { sticky: by(salt) }));
      sets.push(await onCanary(keys, header));
    }
    const [one = new Set<string>(), two = new Set<string>()] = sets;
    // Independent halves: their correlation is 0 but for chance, whose deviation is 1/√400.
    const both = [...one].filter((key) => two.has(key)).length / 400;
    const [p, q] = [one.size / 400, two.size / 400];
    const correlation = (both - p * q) / Math.sqrt(p * (1 - p) * q * (1 - q));
    expect(Math.abs(correlation)).toBeLessThanOrEqual(4 / Math.sqrt(400));
  });
});

describe.skipIf(NO_ENVOY)("rules", () => {
  const rule = (...when: readonly Condition[]): Match => ({ when, to: "canary" });
  const apply = (...matches: readonly Match[]): Promise<void> => service.apply(shared(pools, 0, { matches }));

  /** As it is written, for a client would tidy it up. */
  function raw(path: string, more: { method?: string; headers?: Record<string, string> } = {}): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const asked = request({ host: "127.0.0.1", port: service.port, path, ...more }, (answer) => {
      let text = "";
      answer.on("data", (part: Buffer) => (text += part.toString()));
      answer.on("end", () => resolve(role(text)));
    });
    asked.on("error", reject);
    asked.end();
    return promise;
  }

  test("look at the path as it is meant, without its query", async () => {
    await apply(rule({ on: "path", is: { prefix: "/cart" } }), rule({ on: "path", is: { exact: "/exact" } }));
    for (const path of ["/cart", "/cart?x=1", "/cart/1?x=/other", "/a/../cart/1", "/./cart", "/exact?x=1"])
      expect(await raw(path), path).toBe("canary");
    for (const path of ["/carts", "/x?/cart", "/cart/../other", "/exact/", "/Cart"]) {
      expect(await raw(path), path).toBe("stable");
    }
  });

  test("may have several conditions on the path, each of which must hold", async () => {
    const suffix: Condition = { on: "path", is: { regex: ".*[.]json" } };
    await apply(
      rule({ on: "path", is: { prefix: "/api" } }, suffix),
      rule({ on: "path", is: { exact: "/a.b" } }, suffix),
    );
    for (const path of ["/api/a.json", "/api/a.json?v=1"]) expect(await raw(path), path).toBe("canary");
    for (const path of ["/api/a.xml", "/api/a.xml?v=.json", "/other/a.json", "/api/a.jsonx", "/a.b"]) {
      expect(await raw(path), path).toBe("stable");
    }
  });

  test("may name several methods, and nothing like them", async () => {
    await apply(rule({ on: "method", is: ["PUT", "DELETE"] }));
    for (const method of ["PUT", "DELETE"]) expect(await raw("/", { method })).toBe("canary");
    for (const method of ["GET", "PATCH", "POST"]) expect(await raw("/", { method })).toBe("stable");
  });

  test("hold for any of a header's or a query's values, and for what is there but empty", async () => {
    const value = (name: string): Condition => ({ on: "header", name, is: { exact: "two" } });
    await apply(
      rule(value("x-many")),
      rule({ on: "header", name: "x-there", is: { present: true } }),
      rule({ on: "query", name: "q", is: { exact: "two" } }),
      rule({ on: "query", name: "there", is: { present: true } }),
      rule({ on: "cookie", name: "c", is: { prefix: "" } }),
    );
    const of = (headers: Record<string, unknown>) => raw("/", { headers: headers as Record<string, string> });
    expect(await of({ "x-there": "" })).toBe("canary");
    expect(await of({ cookie: "b=1; c=" })).toBe("canary");
    expect(await raw("/?there")).toBe("canary");
    expect(await raw("/?q=one&q=two")).toBe("canary");
    expect(await of({ "x-many": ["one", "two"] })).toBe("canary");
    expect(await of({ "x-many": "twofold" })).toBe("stable");
    for (const path of ["/?q=one", "/?qq=two", "/?q=twofold", "/?q", "/?a=?q=two", "/q=two", "/?q=two%20"])
      expect(await raw(path), path).toBe("stable");
    await apply(
      rule({ on: "query", name: "a b", is: { exact: "c&d é" } }),
      rule({ on: "query", name: "r", is: { regex: ".*x" } }),
      rule({ on: "query", name: "p", is: { prefix: "v1" } }),
      rule({ on: "query", name: "e", is: { exact: "" } }),
    );
    for (const path of ["/?a+b=c%26d+%c3%A9", "/?r=1&r=zx&s=1", "/?p=v12&x=1", "/?e", "/?e=&x"])
      expect(await raw(path), path).toBe("canary");
    for (const path of ["/?r=1&s=x", "/?p=v2", "/?e=1", "/?a%20b=c%26d"]) expect(await raw(path), path).toBe("stable");
  });

  test("for the second address take nothing at the first, and go before the shares there", async () => {
    await apply({ when: [{ on: "listener", is: "preview" }], to: "canary" });
    expect(role((await preview.get("/")).text)).toBe("canary");
    expect(await raw("/")).toBe("stable");
    expect((await service.carried()).preview).toBe(`http://127.0.0.1:${service.spec.preview?.port}`);
    await apply({
      when: [
        { on: "listener", is: "preview" },
        { on: "path", is: { prefix: "/new" } },
      ],
      to: "canary",
    });
    expect(role((await preview.get("/new")).text)).toBe("canary");
    expect(role((await preview.get("/old")).text)).toBe("stable");
  });
});
