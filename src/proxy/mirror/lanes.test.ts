// Does each route have its own requests copied, and no others?
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  answer,
  get,
  RawClient,
  replica,
  started,
  until,
  type RawReplica,
  type Started,
} from "../../../test/support/proxy.ts";
import type { Condition, Match } from "../../core/match.ts";
import type { Mirror } from "../../core/mirror.ts";
import { all, type RoutePool, type Split } from "../../core/split.ts";
import { weightOf } from "../../core/units.ts";
import type { ServedRoute } from "../served.ts";
import type { MirroredIn } from "./messages.ts";

const NAMES = ["stable", "canary", "cart/stable", "cart/canary"] as const;
type Name = (typeof NAMES)[number];
const ups = new Map<Name, RawReplica>();
let proxy: Started;
let news: MirroredIn[];

beforeAll(async () => {
  for (const name of NAMES) {
    const made = await replica(`${name}-0`, (socket, bytes) => {
      for (const _ of bytes.matchAll(/ HTTP\/1\.1\r\n/g)) socket.write(answer(`<${name}>`));
    });
    ups.set(name, made);
  }
});
afterAll(async () => {
  await Promise.all([...ups.values()].map((one) => one.close()));
});
afterEach(async () => {
  await proxy.plane.drain(0 as never);
  for (const one of ups.values()) one.clear();
});

function up(name: Name): RawReplica {
  const found = ups.get(name);
  if (!found) throw new Error(`no replica ${name}`);
  return found;
}

const pool = (name: Name): RoutePool => ({ pool: name, backends: [up(name).backend] });
const everything: Mirror = { to: ["canary"], share: weightOf(1), methods: "safe" };
const beta: Condition = { on: "header", name: "x-beta", is: { exact: "1" } };
const everybody = (split: Partial<Split> = {}): ServedRoute => ({
  split: { weights: all("stable"), ...split },
  pools: { stable: pool("stable"), canary: pool("canary") },
});
const cart = (split: Partial<Split> = {}): ServedRoute => ({
  split: { weights: all("stable"), ...split },
  pools: { stable: pool("cart/stable"), canary: pool("cart/canary") },
  section: { name: "cart", order: 1, when: [[{ on: "path", is: { prefix: "/cart" } }]] },
});

async function start(...[first, ...others]: readonly [ServedRoute, ...ServedRoute[]]): Promise<void> {
  news = [];
  proxy = await started(first, { rest: { preview: { host: "127.0.0.1", port: 0 } } });
  for (const other of others) proxy.plane.setRoute(other);
}

/** Who answers one request. */
async function who(head: string, port = proxy.port): Promise<string | undefined> {
  const client = new RawClient(port).send(head);
  const text = await client.got(/<.*>/);
  client.socket.destroy();
  return /<(.*)>/.exec(text)?.[1];
}

/** Paths of the requests that a replica got. */
const paths = (name: Name): string[] =>
  [...new Set([...up(name).seen.matchAll(/^GET (\S+)/gm)].map(([, path = ""]) => path))].toSorted();

/** Asks until the replica has got requests of these paths; more than once, since copies are left out when there is no time. */
async function untilGot(name: Name, wanted: readonly string[], ask: () => Promise<unknown>): Promise<void> {
  const asked = async (): Promise<string[]> => {
    await ask();
    return paths(name);
  };
  await expect.poll(asked).toEqual(wanted);
}

/** The sections and replicas that copies were counted for. */
function counted(): string[] {
  news.push(...proxy.plane.mirrored());
  return [
    ...new Set(news.flatMap(({ section, counts }) => counts.map((one) => `${section}: ${one.replica}`))),
  ].toSorted();
}

test("a section's copies go to its own pool and are told under its name", async () => {
  await start(everybody(), cart({ mirror: everything }));
  const ask = async (): Promise<void> => {
    await who(get("/a"));
    await who(get("/cart/a"));
  };
  await untilGot("cart/canary", ["/cart/a"], ask);
  await until(() => counted().length > 0);
  expect(counted()).toEqual(["cart: cart/canary-0"]);
  proxy.plane.setRoute(everybody({ mirror: everything }));
  await untilGot("canary", ["/a"], ask);
  await until(() => counted().length > 1);
  expect(counted()).toEqual([": canary-0", "cart: cart/canary-0"]);
  expect(paths("cart/canary")).toEqual(["/cart/a"]);
});

test("a section that is dropped has no more copied; what is under way is still counted", async () => {
  const open: (() => void)[] = [];
  await start(everybody(), cart({ mirror: everything }));
  const { behave } = up("cart/canary");
  up("cart/canary").behave = (socket, bytes, self) => void open.push(() => behave(socket, bytes, self));
  await untilGot("cart/canary", ["/cart/a"], () => who(get("/cart/a")));
  proxy.plane.dropRoute("cart");
  expect(await who(get("/cart/b"))).toBe("stable");
  expect(proxy.plane.busy()).toContain("cart/canary-0");
  expect(counted()).toEqual([]);
  up("cart/canary").behave = behave;
  for (const answerIt of open) answerIt();
  await until(() => !proxy.plane.busy().includes("cart/canary-0"));
  expect(counted()).toEqual(["cart: cart/canary-0"]);
  expect(paths("cart/canary")).toEqual(["/cart/a"]);
});

test("what a rule gives to the candidate, and what comes in at the second address, is not copied", async () => {
  const matches: readonly Match[] = [
    { when: [beta], to: "canary" },
    { when: [{ on: "query", name: "old", is: { present: true } }], to: "stable" },
  ];
  await start(everybody({ mirror: everything, matches }));
  await untilGot("canary", ["/?old", "/rule", "/user"], async () => {
    expect(await who(get("/rule", "X-Beta: 1\r\n"))).toBe("canary");
    expect(await who(get("/preview"), proxy.preview)).toBe("stable");
    expect(await who(get("/?old"))).toBe("stable");
    expect(await who(get("/user"))).toBe("stable");
  });
  const copies = up("canary")
    .seen.split("GET ")
    .filter((text) => text.includes("x-serin-mirror"));
  expect(copies.filter((text) => text.startsWith("/rule"))).toEqual([]);
});

test("only requests that are meant are copied, by headers and cookies too", async () => {
  const pro: Condition = { on: "cookie", name: "plan", is: { regex: "pr." } };
  await start(everybody({ mirror: { ...everything, when: [[beta], [pro]] } }));
  const fields = ["X-Beta: 1", "X-Beta: 2", "Cookie: a=b; plan=pro", "Cookie: plan=pr", "X-Other: 1"];
  await untilGot("canary", ["/0", "/2"], async () => {
    for (const [at, field] of fields.entries()) expect(await who(get(`/${at}`, `${field}\r\n`))).toBe("stable");
  });
});
