// Is the right part of the requests copied, and the rest left out before anything else suffers?
import { afterEach, describe, expect, test } from "vitest";
import { answer, replica, until, type RawReplica } from "../../../test/support/proxy.ts";
import type { Mirror } from "../../core/mirror.ts";
import { all, type Route } from "../../core/split.ts";
import { ms, weightOf } from "../../core/units.ts";
import { addSums, noSums, type Mirrored } from "./messages.ts";
import { Mirroring } from "./mirroring.ts";
import type { Asked } from "../sight.ts";
import type { Copy } from "./copy.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});

async function up(name: string, behave?: RawReplica["behave"]): Promise<RawReplica> {
  const made = await replica(name, behave);
  opened.push(made);
  return made;
}

function mirroring(isStrained = (): boolean => false, timeoutMs = 60_000): Mirroring {
  const made = new Mirroring({ timeoutMs: ms(timeoutMs), start: 0.3, isStrained });
  opened.push({ close: () => made.terminate() });
  return made;
}

function route(mirror: Partial<Mirror>, canary: readonly RawReplica[], baseline: readonly RawReplica[] = []): Route {
  const wanted: Mirror = { to: ["canary"], share: weightOf(1), methods: "safe", ...mirror };
  const pool = (name: string, replicas: readonly RawReplica[]) => ({
    pool: name,
    backends: replicas.map((one) => one.backend),
  });
  return {
    split: { weights: all("stable"), mirror: wanted },
    pools: { stable: pool("v1", []), canary: pool("v2", canary), baseline: pool("v1b", baseline) },
  };
}

/** A request begins; `fields` are lines of its head. */
function begin(of: Mirroring, { verb = "GET", path = "/", fields = "", now = 0 } = {}): Copy | undefined {
  const asked: Asked = { verb, target: path, cookies: undefined, field: () => [] };
  return of.begin(asked, `${verb} ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`, now);
}

/** A request that was answered; whether it is to be copied. */
function user(of: Mirroring, path = "/", body = "ok"): boolean {
  const copy = begin(of, { path, now: performance.now() });
  copy?.came(Buffer.from(answer(body)));
  copy?.complete();
  return copy !== undefined;
}

/** All news so far. */
function reader(of: Mirroring): () => { sums: ReturnType<typeof noSums>; news: readonly Mirrored[] } {
  const sums = noSums();
  const news: Mirrored[] = [];
  return () => {
    for (const one of of.news()) {
      addSums(sums, one.sums);
      news.push(one);
    }
    return { sums, news };
  };
}

describe("the share", () => {
  test("is even: within 2 of any 100 requests, and only of those that change nothing", () => {
    const of = mirroring();
    of.follow(route({ share: weightOf(0.1) }, []));
    const hits = Array.from({ length: 1_000 }, () => (begin(of) ? 1 : 0));
    for (let from = 0; from + 100 <= hits.length; from += 10) {
      const some = hits.slice(from, from + 100).reduce<number>((sum, hit) => sum + hit, 0);
      expect(Math.abs(some - 10)).toBeLessThanOrEqual(2);
    }
    of.follow(route({}, []));
    for (const verb of ["POST", "PUT", "DELETE", "PATCH", "TRACE"]) {
      expect(begin(of, { verb })).toBeUndefined();
    }
    of.follow(route({ methods: "all" }, []));
    expect(begin(of, { verb: "POST" })).toBeDefined();
  });

  test("is of the requests that are meant, as even among these", () => {
    const of = mirroring();
    const under = { on: "path", is: { prefix: "/a" } } as const;
    const beta = { on: "query", name: "beta", is: { present: true } } as const;
    of.follow(route({ share: weightOf(0.1), when: [[under], [beta]] }, []));
    const meant: number[] = [];
    for (let sent = 0; sent < 600; sent += 1) {
      expect(begin(of, { path: "/b" })).toBeUndefined();
      meant.push(begin(of, { path: "/a/b" }) ? 1 : 0, begin(of, { path: "/b?beta" }) ? 1 : 0);
    }
    for (let from = 0; from + 100 <= meant.length; from += 10) {
      const some = meant.slice(from, from + 100).reduce((sum, hit) => sum + hit, 0);
      expect(Math.abs(some - 10)).toBeLessThanOrEqual(2);
    }
  });
});

describe("what is left out", () => {
  test("is everything while the worker has no time, and it is counted", async () => {
    let strained = true;
    const of = mirroring(() => strained);
    const read = reader(of);
    const one = await up("c1");
    of.follow(route({ when: [[{ on: "path", is: { exact: "/a" } }]] }, [one]));
    expect(user(of, "/a")).toBe(false);
    expect(user(of, "/b")).toBe(false);
    expect(read().sums.canary).toMatchObject({ sent: 0, shed: 1 });
    strained = false;
    expect(user(of, "/a")).toBe(true);
    await until(() => read().sums.canary.sent === 1);
  });

  test("is what a replica that hangs has no room for, while the other role gets its copies", async () => {
    const of = mirroring();
    const read = reader(of);
    const [hangs, well] = [await up("c1", () => undefined), await up("b1")];
    of.follow(route({ to: ["canary", "baseline"] }, [hangs], [well]));
    // Of some requests neither gets a copy when the machine has no time for them.
    let taken = 0;
    await until(() => {
      if (of.busy().some((name) => name !== "c1")) return false;
      for (let burst = 0; burst < 50 && taken < 400; burst += 1) taken += user(of) ? 1 : 0;
      return taken === 400;
    });
    await until(() => read().sums.baseline.sent === 400 && of.busy().length === 128);
    const { canary, baseline } = read().sums;
    expect(baseline.failed).toBe(0);
    expect(canary.shed - baseline.shed).toBe(272);
  });

  test("is a request that is large, or whose body is not all there", async () => {
    const of = mirroring();
    const read = reader(of);
    const one = await up("c1");
    of.follow(route({ methods: "all" }, [one]));
    const post = { verb: "POST", fields: "Content-Length: 70000\r\n" };
    for (const bytes of [70_000, 10]) {
      const copy = begin(of, post);
      copy?.sent(Buffer.alloc(bytes));
      copy?.complete();
    }
    await until(() => read().sums.canary.shed === 2);
    expect(one.seen).toBe("");
  });

  test("is what came to no answer, which nobody counts", () => {
    const of = mirroring();
    const read = reader(of);
    of.follow(route({}, []));
    for (let sent = 0; sent < 1_000; sent += 1) begin(of)?.drop();
    expect(read().sums.canary.shed).toBe(0);
    expect(begin(of)).toBeDefined();
  });

  test("is all that a role without a ready replica would get", () => {
    const of = mirroring();
    const read = reader(of);
    of.follow(route({}, []));
    user(of);
    expect(read().sums.canary.shed).toBe(1);
  });
});

describe("a copy", () => {
  test("that takes too long is a failure, and is not waited for", async () => {
    const of = mirroring(() => false, 100);
    const read = reader(of);
    const stalls = await up("c1", (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"));
    of.follow(route({}, [stalls]));
    user(of);
    await until(() => read().sums.canary.failed === 1);
    expect(of.busy()).toEqual([]);
    expect(read().news.flatMap(({ counts }) => counts)).toMatchObject([
      { pool: "v2", replica: "c1", requests: 1, failed: 1 },
    ]);
  });

  test("goes to a replica once it is in the route, and not any more when it has left", async () => {
    const of = mirroring();
    const read = reader(of);
    const [one, two] = [await up("c1"), await up("c2")];
    of.follow(route({}, [one]));
    user(of, "/1");
    await until(() => read().sums.canary.sent === 1);
    of.follow(route({}, [two]));
    user(of, "/2");
    await until(() => two.seen.includes("GET /2") && one.seen.includes("GET /1"));
    expect(one.seen).not.toContain("GET /2");
    expect(two.seen).toContain("x-serin-mirror: canary");
  });

  test("is compared with what its user got, under the mirror that meant it", async () => {
    const of = mirroring();
    const read = reader(of);
    const one = await up("c1", (socket) => socket.write(answer("no")));
    of.follow(route({ compare: { ignore: [] } }, [one]));
    user(of, "/a", "no");
    user(of, "/b?token=t", "yes");
    await until(() => read().sums.canary.compared === 2);
    const examples = [{ request: "GET /b?token=***", stable: "yes", candidate: "no" }];
    expect(read().news.flatMap(({ fields }) => fields)).toEqual([{ path: "body", candidate: 1, noise: 0, examples }]);
    const late = begin(of);
    of.follow(route({ compare: { ignore: ["body"] } }, [one]));
    late?.came(Buffer.from(answer("x")));
    late?.complete();
    user(of, "/c");
    await until(() => read().sums.canary.compared === 3);
    expect(read().sums.canary).toMatchObject({ sent: 3, differing: 1, shed: 0 });
  });
});

test("a thread that dies is replaced; what was under way is counted as left out", async () => {
  const of = mirroring();
  const read = reader(of);
  const one = await up("c1", () => undefined);
  of.follow(route({}, [one]));
  for (let sent = 0; sent < 10; sent += 1) user(of);
  await until(() => one.opened === 10);
  await of.kill();
  expect(of.busy()).toEqual([]);
  expect(read().sums.canary.shed).toBe(10);
  one.behave = (socket) => socket.write(answer("ok"));
  let sent = 10;
  // Until the next thread is there, copies are left out.
  await until(() => {
    user(of);
    sent += 1;
    return read().sums.canary.sent > 0;
  });
  await until(() => read().sums.canary.sent + read().sums.canary.shed === sent);
});
