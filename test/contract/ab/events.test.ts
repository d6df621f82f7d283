// Are events taken from those who may send them, and is all that is wrong with others said?
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openEventStore, type EventStore } from "../../../src/adapters/events/store.ts";
import { createVirtualClock } from "../../../src/adapters/memory/clock.ts";
import { openEvents, type EventsOptions, type OpenEvents } from "../../../src/api/events.ts";
import { runningTest } from "../../../src/core/ab/running.ts";
import { SerinError } from "../../../src/core/issues.ts";
import { ms } from "../../../src/core/units.ts";
import { stateOf, testOf } from "./place.ts";

const HOST = "127.0.0.1";
const LOCAL = { listen: { host: HOST, port: 0 }, origins: [] };
const PAGE = "https://shop.example";
const TOKEN = "0123456789abcdef";

const clock = createVirtualClock();
const SHOP = stateOf("shop", clock.now());
const STATES = [
  SHOP,
  stateOf("later", clock.now(), { op: "scale" }),
  stateOf("counted", clock.now(), { conversions: { kind: "metric", users: "a", converted: "b" } }),
];

let dir: string;
let store: EventStore;
let door: OpenEvents;

async function open(over: Partial<EventsOptions> = {}): Promise<void> {
  door = await openEvents(
    { ...LOCAL, ...over },
    {
      clock,
      states: () => STATES,
      state: (service) => {
        const found = STATES.find((state) => state.service === service);
        if (found) return found;
        throw new SerinError({ code: "SERIN_UNKNOWN_SERVICE", what: `there is no service "${service}"` });
      },
      events: async () => store,
    },
  );
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "serin-ab-"));
  store = openEventStore(join(dir, "events.db"));
});
afterEach(async () => {
  await door.close();
  store.close();
  await rm(dir, { recursive: true });
});

interface Sent {
  readonly service?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(body: unknown, { service = "shop", type = "application/json", headers = {} }: Sent = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const url = `${door.url}/v1/events/${service}`;
  const answer = await fetch(url, { method: "POST", body: text, headers: { "content-type": type, ...headers } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown>, headers: answer.headers };
}

describe("what is taken", () => {
  beforeEach(() => open());

  test("one event, a list, lines, and what a beacon sends", async () => {
    expect(await send({ user: "a" })).toMatchObject({ status: 200, body: { taken: 1, repeated: 0, refused: [] } });
    expect((await send([{ user: "b" }, { user: "b", goal: "order", id: "7" }])).body).toMatchObject({ taken: 2 });
    const lines = '{"user": "c"}\n\n{"user": "b", "goal": "order", "id": "7"}\n';
    expect((await send(lines, { type: "application/x-ndjson" })).body).toMatchObject({ taken: 1, repeated: 1 });
    expect((await send({ user: "d" }, { type: "text/plain;charset=UTF-8" })).body).toMatchObject({ taken: 1 });
  });

  test("an event without a variant counts for the one that the proxy gives", async () => {
    const users = Array.from({ length: 400 }, (_, i) => `user-${i}`);
    expect((await send(users.map((user) => ({ user })))).body).toMatchObject({ taken: 400 });
    const running = runningTest(SHOP);
    const expected = users.filter((user) => running?.assign?.(user) === "green").length;
    let green = 0;
    store.settle(
      testOf({ startedMs: clock.now() }),
      { ms: ms(clock.now() + 3_600_000), most: 1_000 },
      ({ users: all }) => {
        green = all.filter(({ variant }) => variant === "treatment").length;
        return {};
      },
    );
    expect(green).toBe(expected);
    expect(Math.abs(green - 200)).toBeLessThan(50);
  });

  test("what is wrong is said line by line, and the rest is taken", async () => {
    const lines = ['{"user": "a"}', "{user}", '{"user": "b", "colour": "red"}', '{"user": "b", "goal": "cart"}'];
    expect(await send(lines.join("\n"), { type: "application/x-ndjson" })).toMatchObject({
      status: 200,
      body: {
        taken: 1,
        refused: [
          { line: 2, message: expect.stringContaining("JSON") },
          { line: 3, message: "colour: no such field; there are user, goal, variant, at, value and id" },
          { line: 4, message: "goal: found cart, the test counts order" },
        ],
      },
    });
    expect(await send([{ goal: "order" }])).toMatchObject({ status: 422, body: { taken: 0 } });
  });
});

describe("what is refused", () => {
  beforeEach(() => open());

  test.for([
    ["other", 404, "SERIN_UNKNOWN_SERVICE"],
    ["later", 409, "SERIN_NO_TEST"],
    ["counted", 409, "SERIN_TEST_COUNTS"],
  ] as const)("events of %s", async ([service, status, code]) => {
    const answer = await send({ user: "a" }, { service });
    expect(answer).toMatchObject({ status, body: { status, trouble: { code } } });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  test("bodies that are too long, too many, no JSON or something else", async () => {
    expect(await send(`"${"x".repeat(1_100_000)}"`)).toMatchObject({
      status: 413,
      body: { trouble: { code: "SERIN_TOO_LONG" } },
    });
    const many = Array.from({ length: 1_001 }, (_, i) => ({ user: `u${i}` }));
    expect(await send(many)).toMatchObject({ status: 413, body: { trouble: { code: "SERIN_TOO_MANY" } } });
    expect(await send("{")).toMatchObject({ status: 400, body: { trouble: { code: "SERIN_BAD_CALL" } } });
    expect(await send("user=a", { type: "application/x-www-form-urlencoded" })).toMatchObject({ status: 415 });
  });

  test("a page that nobody named, however it asks", async () => {
    const headers = { origin: PAGE };
    expect(await send({ user: "a" }, { type: "text/plain", headers })).toMatchObject({
      status: 403,
      body: { trouble: { code: "SERIN_FOREIGN_PAGE" } },
    });
    expect(store.kept(testOf({ startedMs: clock.now() }))).toBeUndefined();
  });
});

test("a page that was named may ask and send", async () => {
  await open({ origins: [PAGE] });
  const asked = await fetch(`${door.url}/v1/events/shop`, {
    method: "OPTIONS",
    headers: { origin: PAGE, "access-control-request-method": "POST" },
  });
  expect(asked.headers.get("access-control-allow-origin")).toBe(PAGE);
  const sent = await send({ user: "a" }, { headers: { origin: PAGE } });
  expect(sent).toMatchObject({ status: 200, body: { taken: 1 } });
  expect(sent.headers.get("access-control-allow-origin")).toBe(PAGE);
});

test("with a token, only who has it", async () => {
  await open({ token: TOKEN });
  expect(await send({ user: "a" })).toMatchObject({ status: 401, body: { trouble: { code: "SERIN_NOT_ALLOWED" } } });
  const wrong = { authorization: `Bearer ${TOKEN.replace("0", "1")}` };
  expect(await send({ user: "a" }, { headers: wrong })).toMatchObject({ status: 401 });
  const right = { authorization: `Bearer ${TOKEN}` };
  expect(await send({ user: "a" }, { headers: right })).toMatchObject({ status: 200 });
});

describe("what is not opened", () => {
  // The door that is closed after each test.
  beforeEach(() => open());

  test.for([
    [{ listen: { host: "0.0.0.0", port: 0 } }, "SERIN_EVENTS_OPEN"],
    [{ listen: { host: "127.shop.example", port: 0 } }, "SERIN_EVENTS_OPEN"],
    [{ listen: { host: "0.0.0.0", port: 0 }, token: "short" }, "SERIN_EVENTS_TOKEN"],
    [{ origins: ["shop.example"] }, "SERIN_EVENTS_ORIGIN"],
    [{ origins: ["*"] }, "SERIN_EVENTS_ORIGIN"],
  ] as const)("%j", async ([over, code]) => {
    const first = door;
    await expect(open(over)).rejects.toMatchObject({ trouble: { code, exitCode: 2 } });
    door = first;
  });

  test("an address that is taken", async () => {
    const first = door;
    const port = Number(new URL(first.url).port);
    await expect(open({ listen: { host: HOST, port } })).rejects.toMatchObject({
      trouble: { code: "SERIN_EVENTS_PORT" },
    });
    door = first;
  });
});
