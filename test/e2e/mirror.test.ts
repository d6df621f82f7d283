// Do copies tell what a new version would answer, without its users noticing?
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { foundDifferences } from "../../src/core/compare/found.ts";
import { weightOf } from "../../src/core/units.ts";
import { json, MirrorPlace, type Handler } from "./mirror-place.ts";

let place: MirrorPlace;
beforeEach(async () => {
  place = await new MirrorPlace({ workers: 2 }).open();
});
afterEach(() => place.close());

const all = (handle: Handler): void => {
  for (const service of place.services.values()) service.handle = handle;
};
const compared = async (count: number): Promise<void> => {
  await expect.poll(async () => (await place.comparison()).candidate).toBe(count);
};

/** A body of what differs by nature, and the things that it lists in any order. */
const shop = (asked: { url?: string | undefined }, price: number): unknown => ({
  at: Date.now() + Math.random(),
  request: crypto.randomUUID(),
  path: asked.url,
  price,
  sessions: { [crypto.randomUUID()]: { user: 1 } },
  items: [1, 2, 3, 4, 5].map((id) => ({ id, name: `item ${id}` })).toSorted(() => Math.random() - 0.5),
});

describe("copies", () => {
  test("go to the roles that are named, with the host and without their users' connection", async () => {
    const hosts = new Set<string>();
    place.of("canary").handle = (asked, answer) => {
      const { host, "x-forwarded-for": client, "x-mine": mine, "x-hop": hop } = asked.headers;
      hosts.add([host, client, mine, hop].map(String).join(" "));
      answer.end();
    };
    await place.apply({ to: ["canary", "baseline"] });
    let asked = 0;
    // Asked more often where copies are left out: on a machine with much to do.
    await expect
      .poll(async () => {
        for (let sent = 0; sent < 10; sent += 1) expect((await place.ask(`/${(asked += 1)}`)).by).toBe("stable");
        return Math.min(place.of("canary").seen.length, place.of("baseline").seen.length);
      })
      .toBeGreaterThan(50);
    const headers = { "x-mine": "1", connection: "x-hop, keep-alive", "x-hop": "1" };
    await expect
      .poll(async () => {
        await place.ask(`/${(asked += 1)}`, { headers });
        return [...hosts];
      })
      .toContain(`127.0.0.1:${place.port} 127.0.0.1 1 undefined`);
    for (const role of ["canary", "baseline"] as const) {
      const told = async (what: string): Promise<number> =>
        Number(
          new RegExp(`serin_mirror_${what}_total\\{role="${role}"\\} (\\d+)`, "u").exec(await place.metrics())?.[1],
        );
      await expect.poll(async () => (await told("sent")) + (await told("shed"))).toBe(asked);
      const { seen } = place.of(role);
      expect(await told("sent")).toBe(seen.length);
      expect(new Set(seen.map(({ mirror }) => mirror))).toEqual(new Set([role]));
      expect(new Set(seen.map(({ what }) => what)).size).toBe(seen.length);
      await expect.poll(() => place.counted(role)).toEqual([seen.length, 0]);
    }
    expect(await place.counted("stable")).toEqual([asked, 0]);
  });

  test("of what changes something are sent only when that is asked for, with the whole body", async () => {
    await place.apply({});
    await place.ask("/order", { method: "POST", body: "one" });
    await place.ask("/seen");
    await expect.poll(() => place.of("canary").seen.map(({ what }) => what)).toEqual(["GET /seen"]);
    await place.apply({ methods: "all" });
    await place.ask("/order", { method: "POST", body: "two" });
    await place.ask("/order", { method: "POST", body: "three", headers: { "transfer-encoding": "chunked" } });
    await place.ask("/order", { method: "DELETE" });
    await place.ask("/large", { method: "PUT", body: "x".repeat(70_000) });
    await expect.poll(() => place.of("canary").seen.length).toBe(4);
    const bodies = place
      .of("canary")
      .seen.slice(1)
      .map(({ what, body }) => `${what} ${body}`);
    expect(bodies.toSorted()).toEqual(["DELETE /order ", "POST /order three", "POST /order two"]);
    await expect.poll(() => place.metrics()).toContain('serin_mirror_shed_total{role="canary"} 1');
  });

  test("of what has to be agreed with a replica first are not sent", async () => {
    await place.apply({ methods: "all" });
    const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    await place.ask("/socket", { headers: upgrade });
    await place.ask("/expects", { method: "PUT", body: "x", headers: { expect: "100-continue" } });
    await place.ask("/last");
    await expect.poll(() => place.of("canary").seen.map(({ what }) => what)).toEqual(["GET /last"]);
    expect(place.of("stable").seen).toHaveLength(3);
  });

  test("are made of those requests that are meant, and stop with the mirror", async () => {
    await place.apply({
      when: [[{ on: "path", is: { prefix: "/cart" } }], [{ on: "query", name: "beta", is: { exact: "1" } }]],
    });
    const copied = (): string[] => [...new Set(place.of("canary").seen.map(({ what }) => what))].toSorted();
    const meant = ["GET /a?beta=1", "GET /cart", "GET /cart/1?x=2"];
    // Asked more than once: on a machine with much to do, copies are left out.
    const ask = async (): Promise<string[]> => {
      for (const path of ["/cart", "/carts", "/cart/1?x=2", "/a?beta=1", "/a?beta=2"]) await place.ask(path);
      return copied();
    };
    await expect.poll(ask).toEqual(meant);
    await place.apply();
    await place.many(20, (nth) => `/cart/late/${nth}`);
    expect(copied()).toEqual(meant);
    expect(await place.proxy.comparison?.({ signal: AbortSignal.timeout(20_000) })).toEqual({ kind: "absent" });
  });

  test("keep a replica busy until they end", async () => {
    const open: (() => void)[] = [];
    place.of("canary").handle = (_asked, answer) => void open.push(() => answer.end());
    await place.apply({});
    await place.ask("/");
    await expect.poll(() => open.length).toBe(1);
    const { pools, split } = place.route();
    await place.proxy.apply(
      { split, pools: { stable: pools.stable } as typeof pools },
      { signal: AbortSignal.timeout(20_000) },
    );
    const busy = async () => {
      const seen = await place.proxy.observe({ signal: AbortSignal.timeout(20_000) });
      return seen.kind === "value" ? seen.value.busy : [];
    };
    expect(await busy()).toContain("canary-0");
    open[0]?.();
    await expect.poll(busy).toEqual(["stable-0"]);
    await expect.poll(() => place.counted("canary")).toEqual([1, 0]);
  });
});

describe("the comparison", () => {
  test("finds one wrong field in 500 answers, among times, ids and lists in any order", async () => {
    all(json((_nth, asked) => shop(asked, 10)));
    place.of("canary").handle = json((nth, asked) => shop(asked, nth % 500 === 0 ? 11 : 10));
    await place.apply({ to: ["canary", "baseline"], compare: { ignore: [] } });
    let asked = 0;
    let found: ReturnType<typeof foundDifferences> = [];
    while (found.length === 0 && asked < 40_000) {
      await place.many(200);
      asked += 200;
      found = foundDifferences(await place.settled(2 * asked), { alpha: 0.05, baseline: true });
    }
    console.log(`found after ${asked} requests`);
    expect(found.map(({ path }) => path)).toEqual(["body.price"]);
    expect(found[0]?.examples[0]).toMatchObject({
      request: expect.stringMatching(/^GET \/\d+$/),
      stable: "10",
      candidate: "11",
    });
  });

  test("finds nothing in a version that answers as stable does", async () => {
    all(json((_nth, asked) => shop(asked, 10)));
    await place.apply({ to: ["canary", "baseline"], compare: { ignore: [] } });
    let seen = await place.comparison();
    // On a busy machine many copies are left out.
    for (let asked = 200; seen.candidate < 3_000; asked += 200) {
      await place.many(200);
      seen = await place.settled(2 * asked);
      expect(foundDifferences(seen, { alpha: 0.05, baseline: true })).toEqual([]);
    }
    const { candidate, noise, shed, fields } = seen;
    console.log(`compared ${candidate} and ${noise}, left out ${shed}: ${fields.map(({ path }) => path).join(" ")}`);
    expect(fields.map(({ path }) => path).toSorted()).toEqual([
      "body.at",
      "body.request",
      "body.sessions.{}",
      "header.x-by",
    ]);
    await place.apply({
      to: ["canary"],
      compare: { ignore: ["body.at", "body.request", "body.sessions.{}", "header.x-by"] },
    });
    await place.many(200);
    expect(await place.settled(200)).toMatchObject({ noise: 0, failed: 0, fields: [] });
  });

  test("sees through codings, and of large answers compares status and headers", async () => {
    const large = "x".repeat(300_000);
    const coded: Handler = (asked, answer) => {
      answer.setHeader("content-type", asked.url === "/large" ? "text/plain" : "application/json");
      if (asked.url !== "/large") answer.setHeader("content-encoding", "gzip");
      answer.end(asked.url === "/large" ? large : gzipSync(`{"a":${asked.headers["x-serin-mirror"] ? 2 : 1}}`));
    };
    all(coded);
    await place.apply({ compare: { ignore: ["header.x-by"] } });
    await place.ask("/small");
    await compared(1);
    expect((await place.comparison()).fields).toEqual([
      { path: "body.a", candidate: 1, noise: 0, examples: [{ request: "GET /small", stable: "1", candidate: "2" }] },
    ]);
    place.of("canary").handle = (_asked, answer) => void answer.writeHead(201).end("y".repeat(300_000));
    await place.ask("/large");
    await compared(2);
    expect((await place.comparison()).fields.map(({ path }) => path)).toEqual([
      "body.a",
      "header.content-type",
      "status",
    ]);
  });

  test("begins anew with another mirror, not with other replicas", async () => {
    await place.apply({ compare: { ignore: ["header.x-by"] } });
    await place.many(10);
    const { epoch, candidate } = await place.settled(10);
    await place.apply({ compare: { ignore: ["header.x-by"] } });
    await place.many(10);
    const more = await place.settled(20);
    expect(more.epoch).toBe(epoch);
    expect(more.candidate).toBeGreaterThan(candidate);
    await place.apply({ compare: { ignore: [] } });
    expect(await place.comparison()).toMatchObject({ candidate: 0, fields: [] });
    expect((await place.comparison()).epoch).not.toBe(epoch);
  });
});

describe("users notice nothing", () => {
  const middle = (tooks: readonly number[]): number => tooks.toSorted((a, b) => a - b)[tooks.length >> 1] ?? 0;
  const chunk = Buffer.alloc(65_536);
  const bad: readonly (readonly [name: string, handle: Handler])[] = [
    ["hangs", () => undefined],
    ["resets", (asked) => void asked.socket.destroy()],
    ["answers garbage", (asked) => void asked.socket.end("\u0000\u0001 no HTTP at all\r\n\r\n")],
    [
      "answers 100 MB",
      (_asked, answer) => {
        let left = 1_600;
        const more = (): void => {
          while (left > 0 && answer.write(chunk)) left -= 1;
          if (left <= 0) answer.end();
          else if (!answer.destroyed) answer.once("drain", more);
        };
        more();
      },
    ],
  ];

  test.each(bad)("when the candidate %s", async (name, handle) => {
    await place.apply();
    await place.many(300);
    const before = await place.many(600);
    place.of("canary").handle = handle;
    const share = name === "answers 100 MB" ? weightOf(0.01) : weightOf(1);
    await place.apply({ to: ["canary", "baseline"], share, compare: { ignore: [] } });
    const during = await place.many(600);
    expect(during.every(({ status, by }) => status === 200 && by === "stable")).toBe(true);
    const ratio = middle(during.map(({ tookMs }) => tookMs)) / middle(before.map(({ tookMs }) => tookMs));
    console.log(`half of the users wait ${ratio.toFixed(2)} times as long when the candidate ${name}`);
    // The services that get the copies run on the same two cores, in one process: it may well take longer, but not wait.
    expect(ratio).toBeLessThan(6);
    await expect.poll(() => place.of("baseline").seen.length).toBeGreaterThan(3);
    await expect.poll(() => place.of("canary").seen.length).toBeGreaterThan(3);
  });

  test("and copies that are not answered are failures of the replica's", async () => {
    place.of("canary").handle = (asked) => void asked.socket.destroy();
    await place.apply({ compare: { ignore: [] } });
    for (let sent = 0; sent < 20; sent += 1) await place.ask("/");
    await expect.poll(() => place.counted("canary")).toEqual([20, 20]);
    expect(await place.comparison()).toMatchObject({ candidate: 0, failed: 20 });
  });
});
