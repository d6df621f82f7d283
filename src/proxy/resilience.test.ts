// Do clients notice when a replica fails, leaves or is overloaded?
import { afterEach, describe, expect, it } from "vitest";
import type { Route } from "../core/split.ts";
import type { DataPlane } from "./data-plane.ts";
import {
  answer,
  echoPath,
  get,
  RawClient,
  replica,
  route,
  started,
  until,
  type RawReplica,
  type Settings,
  type Started,
} from "../../test/support/proxy.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});

async function up(name: string, behave?: RawReplica["behave"]): Promise<RawReplica> {
  const made = await replica(name, behave);
  opened.push(made);
  return made;
}

async function proxied(initial: Route, settings?: Settings): Promise<Started> {
  const made = await started(initial, settings);
  opened.push({ close: () => made.plane.drain(0 as never) });
  return made;
}

/** An address where nobody listens. */
async function nowhere(name: string): Promise<RawReplica["backend"]> {
  const gone = await replica(name);
  await gone.close();
  return gone.backend;
}

const counts = (plane: DataPlane): Record<string, readonly [requests: number, failed: number]> =>
  Object.fromEntries(plane.counters().map((s) => [`${s.pool}/${s.replica}`, [s.requests, s.failed]]));

/** One request on a connection of its own; the status. */
async function status(port: number, request = get()): Promise<string> {
  const client = new RawClient(port).send(request);
  await client.got(/^HTTP\/1\.1 [2-5].*\r\n\r\n/s);
  client.socket.destroy();
  return client.statuses[0] ?? "";
}

const post = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
const dies: RawReplica["behave"] = (socket) => socket.destroy();
const broken: RawReplica["behave"] = (socket) => socket.write(answer("x", "HTTP/1.1 500 Oops"));
const silent: RawReplica["behave"] = () => undefined;

describe("a request", () => {
  it("goes to another replica when one refuses, even with a body", async () => {
    const good = await up("s2", (socket) => socket.write(answer("ok")));
    const { plane, port } = await proxied(route([await nowhere("s1"), good.backend]));
    for (let i = 0; i < 4; i += 1) expect(await status(port, i % 2 ? post : get())).toBe("200");
    expect(counts(plane)["v1/s2"]).toEqual([4, 0]);
    const [requests, failed] = counts(plane)["v1/s1"] ?? [0, 0];
    expect(requests).toBe(failed);
  });

  it("goes to another replica when one dies, if it may be sent twice", async () => {
    const [bad, good] = [await up("s1", dies), await up("s2", (socket) => socket.write(answer("ok")))];
    const { port } = await proxied(route([bad.backend, good.backend]));
    for (let i = 0; i < 4; i += 1) expect(await status(port)).toBe("200");
    const posts = await Promise.all(Array.from({ length: 4 }, () => status(port, post)));
    expect(posts.filter((one) => one === "502").length).toBeGreaterThan(0);
    expect(good.seen.match(/POST \/p/g)?.length).toBe(posts.filter((one) => one === "200").length);
  });

  it("is stable's when the canary cannot answer, and counts against the canary", async () => {
    const good = await up("s1");
    const { plane, port } = await proxied(route([good.backend], [await nowhere("c1")], 100));
    expect(await status(port)).toBe("200");
    expect(counts(plane)).toMatchObject({ "v2/c1": [1, 1], "v1/s1": [1, 0] });
    plane.setRoute(route([good.backend], [], 100));
    expect(await status(port)).toBe("200");
    expect(counts(plane)).toMatchObject({ "v2/-": [1, 1], "v1/s1": [2, 0] });
  });

  it("that nobody can answer gets 503, and may be tried again", async () => {
    const { plane, port } = await proxied(route([]));
    const client = new RawClient(port).send(get());
    expect(await client.got("\r\n\r\n")).toMatch(/^HTTP\/1\.1 503 .*Retry-After: 1\r\n/s);
    client.socket.destroy();
    expect(counts(plane)).toMatchObject({ "v1/-": [1, 1] });
  });

  it("that nobody can answer does not end the connection, however many wait", async () => {
    const { port } = await proxied(route([]));
    const client = new RawClient(port).send(get().repeat(1_500));
    await until(() => client.statuses.length === 1_500);
    expect(new Set(client.statuses)).toEqual(new Set(["503"]));
    client.socket.destroy();
  });

  it("on a reused connection that just died is sent again", async () => {
    const one = await up("s1");
    const { plane, port } = await proxied(route([one.backend]));
    const client = new RawClient(port);
    await client.send(get("/1")).got("\r\n\r\n/1");
    one.behave = (socket, bytes, self) => {
      self.behave = echoPath;
      void bytes;
      socket.destroy();
    };
    await client.send(get("/2")).got("\r\n\r\n/2");
    expect(counts(plane)).toMatchObject({ "v1/s1": [2, 0] });
    client.socket.destroy();
  });

  it("is counted by its outcome", async () => {
    const one = await up("s1", (socket, bytes) =>
      socket.write(answer("x", `HTTP/1.1 ${/\/(\d+)/.exec(bytes)?.[1] ?? 200} Any`)),
    );
    const { plane, port } = await proxied(route([one.backend]));
    for (const path of ["/200", "/404", "/429", "/500", "/302"]) await status(port, get(path));
    const series = plane.counters().find((s) => s.replica === "s1");
    expect(series).toMatchObject({ requests: 5, failed: 1, clientErrors: 2 });
    expect(Object.values(series?.latency ?? {}).reduce((a, b) => a + b, 0)).toBe(5);
  });
});

describe("a replica that keeps failing", () => {
  it("gets no requests for a while, and then again", async () => {
    const [bad, good] = [await up("s1", broken), await up("s2")];
    const circuit = { consecutiveFailures: 3, ejectionMs: 2_000 };
    const { plane, port } = await proxied(route([bad.backend, good.backend]), {
      circuit,
      rest: { balance: "round-robin" },
    });
    for (let i = 0; i < 20; i += 1) await status(port);
    expect(counts(plane)["v1/s1"]).toEqual([3, 3]);
    bad.behave = echoPath;
    await until(() => {
      void status(port);
      return (counts(plane)["v1/s1"]?.[0] ?? 0) > 3;
    });
  });

  it("stays when it would leave too few", async () => {
    const bad = await up("s1", broken);
    const { port } = await proxied(route([bad.backend]), { circuit: { consecutiveFailures: 2 } });
    for (let i = 0; i < 5; i += 1) expect(await status(port)).toBe("500");
    const two = await up("s2", broken);
    const pair = await proxied(route([bad.backend, two.backend]), { circuit: { consecutiveFailures: 2 } });
    for (let i = 0; i < 12; i += 1) expect(await status(pair.port)).toBe("500");
  });
});

describe("a full replica", () => {
  it("makes requests wait, and refuses those that are too many", async () => {
    const one = await up("s1", silent);
    const { plane, port } = await proxied(route([one.backend]), { circuit: { connections: 1, pending: 1 } });
    const first = new RawClient(port).send(get("/1"));
    await until(() => one.seen.includes("/1"));
    const second = new RawClient(port).send(get("/2"));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await status(port, get("/3"))).toBe("503");
    expect(one.seen).not.toContain("/2");
    for (const socket of one.sockets) socket.write(answer("one"));
    await first.got("one");
    await until(() => one.seen.includes("/2"));
    for (const socket of one.sockets) socket.write(answer("two"));
    await second.got("two");
    expect(one.opened).toBe(1);
    expect(counts(plane)).toEqual({ "v1/s1": [2, 0], "v1/-": [1, 1], "v2/-": [0, 0] });
    for (const client of [first, second]) client.socket.destroy();
  });
});

describe("time", () => {
  it("runs out for an answer: 504, a failure", async () => {
    const one = await up("s1", silent);
    const { plane, port } = await proxied(route([one.backend]), { timeouts: { responseMs: 60 } });
    expect(await status(port)).toBe("504");
    expect(counts(plane)).toMatchObject({ "v1/s1": [1, 1] });
    await until(() => one.sockets.size === 0);
  });

  it("runs out for a head: 408", async () => {
    const { port } = await proxied(route([]), { timeouts: { headMs: 60 } });
    expect(await status(port, "GET /a HTTP/1.1\r\nHo")).toBe("408");
  });

  it("runs out for an idle client: a plain end", async () => {
    const one = await up("s1");
    const { port } = await proxied(route([one.backend]), { timeouts: { keepAliveMs: 500 } });
    const client = new RawClient(port).send(get());
    await client.over();
    expect(client.statuses).toEqual(["200"]);
    expect(client.reset).toBe(false);
    await until(() => one.sockets.size === 0);
  });

  it("runs out for a body that does not come: 408, nobody's failure", async () => {
    const one = await up("s1", silent);
    const { plane, port } = await proxied(route([one.backend]), { timeouts: { idleMs: 60 } });
    expect(await status(port, post.replace("abc", "a"))).toBe("408");
    expect(counts(plane)).toMatchObject({ "v1/s1": [0, 0] });
  });

  it("runs out for an answer that stops: a failure", async () => {
    const one = await up("s1", (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    const { plane, port } = await proxied(route([one.backend]), { timeouts: { idleMs: 60 } });
    await new RawClient(port).send(get()).over();
    expect(counts(plane)).toMatchObject({ "v1/s1": [1, 1] });
  });
});

describe("limits", () => {
  it.each([
    ["a long head", get("/a", `X: ${"x".repeat(3_000)}\r\n`), "431"],
    ["a long head without an end", `GET /a HTTP/1.1\r\nX: ${"x".repeat(3_000)}`, "431"],
    ["a long target", `GET /${"x".repeat(3_000)}`, "414"],
    ["many fields", get("/a", "X: y\r\n".repeat(20)), "431"],
    ["a long body", post.replace("3", "101"), "413"],
    ["long chunks", "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", "413"],
  ])("refuse %s", async (_, request, expected) => {
    const one = await up("s1");
    const limits = { headBytes: 2_000, headers: 10, bodyBytes: 100 };
    const { port } = await proxied(route([one.backend]), { limits });
    expect(await status(port, request)).toBe(expected);
    expect(one.seen).toBe("");
  });

  it("refuse chunks that grow too long on the way", async () => {
    const one = await up("s1", silent);
    const { port } = await proxied(route([one.backend]), { limits: { bodyBytes: 4 } });
    const client = new RawClient(port).send(
      "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    );
    await until(() => one.seen.includes("abc"));
    expect(await client.send("3\r\nabc\r\n").over()).toMatch(/^HTTP\/1\.1 413/);
    await until(() => one.sockets.size === 0);
  });

  it("refuse more connections", async () => {
    const one = await up("s1");
    const { port } = await proxied(route([one.backend]), { limits: { connections: 1 } });
    const first = new RawClient(port);
    await first.send(get("/1")).got("/1");
    expect(await new RawClient(port).over()).toMatch(/^HTTP\/1\.1 503/);
    await first.send(get("/2")).got("\r\n\r\n/2");
    first.socket.destroy();
  });
});

describe("a new route", () => {
  it("lets requests end where they began, and closes what is idle", async () => {
    const [old, fresh] = [await up("s1", silent), await up("s2")];
    const { plane, port } = await proxied(route([old.backend]));
    const waiting = new RawClient(port).send(get("/1"));
    await until(() => old.seen.includes("/1"));
    plane.setRoute(route([fresh.backend]));
    expect([...plane.busy()].toSorted()).toEqual(["s1", "s2"]);
    expect(await status(port)).toBe("200");
    for (const socket of old.sockets) socket.write(answer("late"));
    await waiting.got("late");
    expect(plane.busy()).toEqual(["s2"]);
    await until(() => old.sockets.size === 0);
    plane.setRoute(route([old.backend]));
    await until(() => fresh.sockets.size === 0);
    waiting.socket.destroy();
  });

  it("loses no request under load", async () => {
    const ups = await Promise.all(["a", "b", "c", "d"].map((name) => up(name)));
    const all = ups.map((one) => one.backend);
    const { plane, port } = await proxied(route(all));
    const load = { over: false };
    let lost = 0;
    let done = 0;
    const clients = Array.from({ length: 8 }, async (_, worker) => {
      const client = new RawClient(port);
      while (!load.over) {
        const path = `/w${worker}n${done}`;
        await client.send(worker % 2 ? get(path) : get(path).replace("GET", "POST")).got(`\r\n\r\n${path}`);
        if (client.statuses.some((one) => one !== "200")) lost += 1;
        client.text = "";
        done += 1;
      }
      client.socket.destroy();
    });
    for (let i = 0; i < 200; i += 1) {
      plane.setRoute(route(all.slice(i % 3, (i % 3) + 2), all.slice(3), (i * 7) % 100));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    load.over = true;
    await Promise.all(clients);
    expect(done).toBeGreaterThan(100);
    expect(lost).toBe(0);
  });

  it("keeps the sequence of shares", async () => {
    const [one, two] = [await up("s1"), await up("c1")];
    const same = route([one.backend], [two.backend], 10);
    const { plane, port } = await proxied(same);
    const client = new RawClient(port);
    for (let i = 0; i < 100; i += 1) {
      plane.setRoute(same);
      client.text = "";
      await client.send(get(`/n${i}`)).got(`\r\n\r\n/n${i}`);
    }
    expect(Math.abs((counts(plane)["v2/c1"]?.[0] ?? 0) - 10)).toBeLessThanOrEqual(2);
    client.socket.destroy();
  });

  it("keeps users of a header with their role", async () => {
    const [one, two] = [await up("s1"), await up("c1")];
    const sticky = { key: { kind: "header", name: "X-User" } as const, salt: "shop/1" };
    const cohorts = (percent: number): Route => {
      const plain = route([one.backend], [two.backend], percent);
      return { ...plain, split: { ...plain.split, sticky } };
    };
    const { plane, port } = await proxied(cohorts(30));
    const ask = async (): Promise<string[]> => {
      two.clear();
      const asked = Array.from({ length: 60 }, (_, i) => status(port, get(`/u${i}`, `x-user: user-${i}\r\n`)));
      await Promise.all(asked);
      return [...two.seen.matchAll(/GET (\S+)/g)].map((match) => match[1] ?? "");
    };
    const before = await ask();
    expect((await ask()).toSorted()).toEqual(before.toSorted());
    plane.setRoute(cohorts(60));
    const after = await ask();
    expect(before.filter((user) => !after.includes(user))).toEqual([]);
    expect(after.length).toBeGreaterThan(before.length);
  });

  it("keeps users of a cookie with their role", async () => {
    const [one, two] = [await up("s1"), await up("c1")];
    const plain = route([one.backend], [two.backend], 50);
    const sticky = { key: { kind: "cookie", name: "serin" } as const, salt: "shop/1" };
    const { plane, port } = await proxied({ ...plain, split: { ...plain.split, sticky } });
    const cookies: string[] = [];
    for (let i = 0; i < 40; i += 1) {
      const client = new RawClient(port).send(get(`/n${i}`));
      const text = await client.got(`\r\n\r\n/n${i}`);
      cookies.push(/Set-Cookie: (serin=s[0-9a-f]{8}); Path=\/; HttpOnly; SameSite=Lax\r\n/.exec(text)?.[1] ?? "none");
      client.socket.destroy();
    }
    const before = counts(plane)["v2/c1"]?.[0];
    for (const cookie of cookies) {
      const client = new RawClient(port).send(get("/again", `Cookie: a=b; ${cookie}\r\n`));
      expect(await client.got("\r\n\r\n/again")).not.toContain("Set-Cookie");
      client.socket.destroy();
    }
    expect(counts(plane)["v2/c1"]?.[0]).toBe((before ?? 0) * 2);
  });
});

describe("draining", () => {
  it("lets requests end, tells clients, and accepts no more", async () => {
    const one = await up("s1", silent);
    const { plane, port } = await started(route([one.backend]));
    const [busy, idle] = [new RawClient(port).send(get("/1")), new RawClient(port)];
    await until(() => one.seen.includes("/1"));
    const drained = plane.drain(5_000 as never);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const late = new RawClient(port);
    await late.over();
    expect(late.reset).toBe(true);
    for (const socket of one.sockets) socket.write(answer("end"));
    expect(await busy.over()).toContain("Connection: close\r\n\r\nend");
    await idle.over();
    expect(idle.reset).toBe(false);
    await drained;
    expect(one.sockets.size).toBeLessThanOrEqual(1);
  });

  it("ends when its time is over", async () => {
    const one = await up("s1", silent);
    const { plane, port } = await started(route([one.backend]));
    const busy = new RawClient(port).send(get("/1"));
    await until(() => one.seen.includes("/1"));
    const before = performance.now();
    await plane.drain(100 as never);
    expect(performance.now() - before).toBeLessThan(10_000);
    await busy.over();
  });
});
