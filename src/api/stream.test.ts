// Does whoever follows get everything once, however often the connection is cut, and cost next to nothing when slow?
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { request, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testKeeper } from "../../test/support/keeper.ts";
import { groupOfNothing, viewOfNothing } from "../../test/support/view.ts";
import type { DecisionRecord } from "../core/engine/state.ts";
import { SerinError } from "../core/issues.ts";
import { ms } from "../core/units.ts";
import { connect, type FollowOptions } from "./client.ts";
import type { GroupView, ServiceView, StreamEvent } from "./contract.ts";
import type { Desk } from "./desk.ts";
import { Feed } from "./feed.ts";
import { openDoor, type OpenDoor } from "./server.ts";
import { eventsHere, streamOf } from "./stream.ts";
import { pageOf, summaryOf } from "./summary.ts";

const views = new Map<string, ServiceView>();
let groups: readonly GroupView[] = [];

function show(service: string, version: number, more: Partial<ServiceView> = {}): void {
  views.set(service, viewOfNothing(service, { version, nowMs: ms(version), ...more }));
}

const decision = (version: number): DecisionRecord => ({
  atMs: ms(version),
  version,
  rollout: 1,
  kind: "note",
  text: `decision ${version}`,
});

/** A controller that decides something. */
function decide(feed: Feed, service: string, version: number): void {
  show(service, version);
  feed.told({ kind: "decided", service, records: [decision(version)] });
}

function viewOf(service: string): ServiceView {
  const view = views.get(service);
  if (!view) throw new Error(`there is no ${service}`);
  return view;
}

function deskWith(feed: Feed): Desk {
  const never = (): never => {
    throw new Error("nobody asks for this here");
  };
  return {
    feed,
    places: { environmentOf: () => "default", servicesOf: (name) => [name] },
    page: (query) => ({ ...pageOf([...views.values()].map(summaryOf), query), position: feed.name(feed.last) }),
    get: async (service) => viewOf(service),
    list: never,
    groups: async () => groups,
    group: async (name) => {
      const group = groups.find((one) => one.group === name);
      if (!group) throw new SerinError({ code: "SERIN_UNKNOWN_SERVICE", what: `there is no ${name}`, exitCode: 2 });
      return group;
    },
    apply: never,
    command: never,
    records: never,
    remove: never,
    revisions: never,
    logs: never,
    plan: never,
    planFile: never,
    rehearse: never,
    close: async () => feed.close(),
  };
}

let feed: Feed;
let door: OpenDoor;

async function open(mostBytes?: number): Promise<void> {
  feed = new Feed(
    {
      names: () => views.keys(),
      row: (name) => summaryOf(viewOf(name)),
      view: viewOf,
      groups: async () => groups,
      placesOf: (service) => [{ service }],
    },
    mostBytes,
  );
  door = await openDoor(deskWith(feed), testKeeper());
}

async function openAgain(mostBytes: number): Promise<void> {
  feed.close();
  await door.close(async () => undefined);
  await open(mostBytes);
}

beforeEach(async () => {
  views.clear();
  groups = [];
  await open();
});
afterEach(async () => {
  feed.close();
  await door.close(async () => undefined);
});

const versionsOf = (events: readonly StreamEvent[]): readonly number[] =>
  events.flatMap((event) => (event.type === "record" ? [event.data.version] : []));

/** Follows until the events are enough. */
async function follow(
  enough: (events: readonly StreamEvent[]) => boolean,
  options: FollowOptions = {},
): Promise<readonly StreamEvent[]> {
  const events: StreamEvent[] = [];
  const ended = new AbortController();
  for await (const event of connect(door).events({ ...options, signal: ended.signal })) {
    events.push(event);
    if (enough(events)) break;
  }
  ended.abort();
  return events;
}

test("a stream that is cut again and again goes on with nothing lost or doubled", async () => {
  const { position = "" } = await connect(door).page();
  const last = 2_000;
  let version = 0;
  const deciding = setInterval(() => {
    for (let count = 0; count < 10 && version < last; count += 1) {
      version += 1;
      decide(feed, `s${version % 7}`, version);
    }
  }, 2);
  const seen: number[] = [];
  let place: string | undefined = position;
  let cuts = 0;
  while (seen.at(-1) !== last) {
    // Each connection is cut after some events, in the middle of what comes.
    const some = 1 + ((seen.length * 7) % 90);
    const events = await follow((all) => all.length >= some || versionsOf(all).at(-1) === last, { from: place });
    seen.push(...versionsOf(events));
    place = events.at(-1)?.id;
    cuts += 1;
  }
  clearInterval(deciding);
  expect(seen).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  expect(cuts).toBeGreaterThan(20);
});

test("how something is, is told as it is now, and removals in their order", async () => {
  show("shop", 1);
  const { position = "" } = await connect(door).page();
  for (let version = 2; version <= 50; version += 1) decide(feed, "shop", version);
  decide(feed, "cart", 51);
  views.delete("cart");
  feed.told({ kind: "removed", service: "cart" });
  const events = await follow((all) => all.some(({ type }) => type === "service") && all.length >= 52, {
    from: position,
  });
  expect(versionsOf(events)).toEqual(Array.from({ length: 50 }, (_, index) => index + 2));
  const rows = events.filter((event) => event.type === "service");
  // Nobody read meanwhile: one row, and not fifty.
  expect(rows.map(({ data }) => data.version)).toEqual([50]);
  expect(events.filter(({ type }) => type === "gone").map(({ data }) => data)).toEqual([{ service: "cart" }]);
});

test("a stream of one service begins with its whole view, and has nothing of others", async () => {
  show("shop", 1, { address: "http://127.0.0.1:8080" });
  show("cart", 1);
  const got = follow((all) => versionsOf(all).length === 2, { service: "shop" });
  await expect.poll(() => feed.viewOf("shop")?.text).toBeDefined();
  decide(feed, "cart", 2);
  decide(feed, "shop", 2);
  decide(feed, "shop", 3);
  const events = await got;
  expect(events[0]).toMatchObject({ type: "view", data: { service: "shop", address: "http://127.0.0.1:8080" } });
  expect(events.filter(({ type }) => type === "service")).toEqual([]);
  expect(versionsOf(events)).toEqual([2, 3]);
  // What nobody watches any more is looked at no more.
  await expect.poll(() => feed.viewOf("shop")).toBeUndefined();
});

/** A controller that decides something about a group. */
function decideGroup(group: string, version: number, more: Partial<GroupView> = {}): void {
  groups = groups.map((one) => (one.group === group ? groupOfNothing(group, { version, ...more }) : one));
  feed.told({ kind: "decided", service: group, records: [decision(version)] });
}

const groupVersions = (events: readonly StreamEvent[]): readonly number[] =>
  events.flatMap((event) => (event.type === "group" ? [event.data.version] : []));

/** Follows one group, over a connection and in this process. */
const ways = [
  ["over a connection", (service: string, signal: AbortSignal) => connect(door).events({ service, signal })],
  ["in this process", (service: string, signal: AbortSignal) => eventsHere(feed, { service, signal })],
] as const;

test.each(ways)("a stream of one group, %s, begins with how it is, and has nothing of others", async (_name, way) => {
  show("app", 1);
  groups = [groupOfNothing("release/app", { version: 3 }), groupOfNothing("release/other", { version: 8 })];
  const ended = new AbortController();
  const events: StreamEvent[] = [];
  const got = (async () => {
    for await (const event of way("release/app", ended.signal)) events.push(event);
  })();
  await expect.poll(() => groupVersions(events)).toEqual([3]);
  decideGroup("release/other", 9);
  decide(feed, "app", 2);
  decideGroup("release/app", 4);
  await expect.poll(() => groupVersions(events)).toEqual([3, 4]);
  // What its members do is told by it, although nobody has decided anything about it.
  groups = [groupOfNothing("release/app", { version: 4, why: "a member is further" })];
  await expect.poll(() => groupVersions(events), { timeout: 10_000 }).toEqual([3, 4, 4]);
  groups = [];
  feed.told({ kind: "removed", service: "release/app" });
  await expect.poll(() => events.at(-1)?.type).toBe("gone");
  expect(versionsOf(events)).toEqual([4]);
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(["group", "record", "gone"]));
  ended.abort();
  await got;
});

test("a stream of a group begins with how it is now, also when it was followed before", async () => {
  groups = [groupOfNothing("release/app", { version: 3 })];
  const first = (events: readonly StreamEvent[]): boolean => groupVersions(events).length === 1;
  expect(groupVersions(await follow(first, { service: "release/app" }))).toEqual([3]);
  decideGroup("release/app", 4);
  expect(groupVersions(await follow(first, { service: "release/app" }))).toEqual([4]);
  await expect(follow(first, { service: "release/none" })).rejects.toMatchObject({
    trouble: { code: "SERIN_UNKNOWN_SERVICE" },
  });
});

test("whoever may see everything is sent the same bytes, and nobody what is not theirs", async () => {
  const isFirst = ({ name }: { readonly name: string }): boolean => name === "s1";
  const sees = [isFirst, () => true, () => true, isFirst];
  const readers = sees.map((each) =>
    streamOf(feed, { from: feed.name(0), sees: each, isOver: () => false, ended: () => undefined }).getReader(),
  );
  for (const reader of readers) await reader.read();
  const look = async () => {
    const read = await Promise.all(readers.map((reader) => reader.read()));
    return read.map(({ value }) => ({ value, text: new TextDecoder().decode(value) }));
  };
  for (const from of [0, 70]) {
    for (let version = from + 1; version <= from + 70; version += 1) decide(feed, `s${version % 7}`, version);
    const [first, second, third, last] = await look();
    expect(third?.value).toBe(second?.value);
    expect([...(second?.text.matchAll(/"service":"s\d"/gu) ?? [])].length).toBeGreaterThanOrEqual(70);
    expect(new Set(first?.text.match(/"service":"s\d"/gu))).toEqual(new Set(['"service":"s1"']));
    expect(last?.text).toBe(first?.text);
  }
  for (const reader of readers) await reader.cancel();
});

test("a place of another controller, or one that is too old, is told as such, with a place to go on from", async () => {
  const [other] = await follow((all) => all.length === 1, { from: "0123456789ab-5" });
  expect(other).toMatchObject({ type: "reset", data: { why: expect.stringContaining("another controller") } });
  await openAgain(10_000);
  const { position = "" } = await connect(door).page();
  for (let version = 1; version <= 500; version += 1) decide(feed, "shop", version);
  const [old] = await follow((all) => all.length === 1, { from: position });
  expect(old).toMatchObject({ type: "reset", data: { why: expect.stringContaining("too much") } });
  decide(feed, "shop", 501);
  const place = old?.id ?? "";
  expect(versionsOf(await follow((all) => versionsOf(all).length > 0, { from: place }))).toEqual([501]);
});

/** Bytes outside the heap that are in use: what is only not collected yet does not count. */
function bytesKept(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { arrayBuffers, external } = process.memoryUsage();
  return arrayBuffers + external;
}

test("a client that does not read costs nothing that grows, and learns what it missed", async () => {
  await openAgain(100_000);
  const slow = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: `Bearer ${door.token}` };
    request(`${door.url}/v1/events`, { headers }, resolve).on("error", reject).end();
  });
  slow.pause();
  // More than all buffers between hold: 40 MB.
  let version = 0;
  const before = bytesKept();
  for (let turn = 0; turn < 400; turn += 1) {
    for (let count = 0; count < 1_000; count += 1) decide(feed, `s${(version += 1) % 100}`, version);
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Memory is given back by and by, beside everything else.
  await expect.poll(() => bytesKept() - before).toBeLessThan(8 * 1024 ** 2);
  let text = "";
  slow.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  slow.resume();
  await expect.poll(() => text.includes("event: reset"), { timeout: 10_000 }).toBe(true);
  // It goes on from there.
  decide(feed, "s1", (version += 1));
  await expect.poll(() => text.includes(`decision ${version}"`), { timeout: 10_000 }).toBe(true);
  slow.destroy();
});
