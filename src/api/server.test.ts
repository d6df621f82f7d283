// Does a controller answer those who may ask, and refuse the rest in its own words?
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileOf } from "../../test/sim/specs.ts";
import { testKeeper } from "../../test/support/keeper.ts";
import { groupOfNothing, viewOfNothing } from "../../test/support/view.ts";
import { SerinError } from "../core/issues.ts";
import { ms } from "../core/units.ts";
import { connect } from "./client.ts";
import type { CommandRequest, Link } from "./contract.ts";
import type { Desk } from "./desk.ts";
import { Feed } from "./feed.ts";
import { openDoor, type OpenDoor } from "./server.ts";
import { pageOf, summaryOf } from "./summary.ts";

const VIEW = viewOfNothing("app", { version: 7, nowMs: ms(1_000) });

const GROUP = groupOfNothing("release/app", { version: 3, nowMs: ms(1_000), startedMs: ms(500) });

const FILE = fileOf("app", 2, { strategy: "{ canary: { steps: [{ weight: 50%, hold: 10s }] } }" });

const asked: (readonly [service: string, request: CommandRequest])[] = [];

const link: Link = {
  list: async () => [summaryOf(VIEW)],
  get: async (service) => {
    if (service === "app") return VIEW;
    throw new SerinError({ code: "SERIN_UNKNOWN_SERVICE", what: `there is no service "${service}"`, exitCode: 2 });
  },
  groups: async () => [GROUP],
  group: async (name) => ({ ...GROUP, group: name }),
  apply: async ({ reason }) => {
    if (reason === "broken") throw new Error("a mistake of ours");
    throw new SerinError({ code: "SERIN_BAD_FILE", what: "the rollout file has mistakes", found: "1:1", exitCode: 2 });
  },
  command: async (service, request) => {
    asked.push([service, request]);
    if (request.expected === 3) throw new SerinError({ code: "SERIN_STALE", what: "it moved on", exitCode: 1 });
    return { service, text: "goes on", version: 8 };
  },
  records: async (_service, after, limit) => [
    { atMs: ms(1), version: after + limit, rollout: 1, kind: "note", text: "seen" },
  ],
  remove: async () => undefined,
  close: async () => undefined,
};

const desk: Desk = {
  ...link,
  places: { environmentOf: () => "default", servicesOf: (name) => [name] },
  feed: new Feed({
    names: () => ["app"],
    row: () => summaryOf(VIEW),
    view: () => VIEW,
    groups: () => link.groups(),
    placesOf: (service) => [{ service }],
  }),
  page: (query) => pageOf([summaryOf(VIEW)], query),
  revisions: () => [],
  logs: async () => ({ items: [] }),
  plan: () => {
    throw new SerinError({ code: "SERIN_NOTHING_PLANNED", what: "no rollout of app is under way", exitCode: 2 });
  },
  planFile: async () => ({ ok: true, issues: [] }),
  rehearse: async () => ({ ok: true, issues: [] }),
};

let door: OpenDoor;
beforeEach(async () => {
  asked.length = 0;
  door = await openDoor(desk, testKeeper());
});
const nothing = async (): Promise<void> => undefined;
afterEach(() => door.close(nothing));

const asking = { actor: "ana", reason: "looks fine" };

async function refusal(call: Promise<unknown>): Promise<SerinError["trouble"]> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof SerinError) return error.trouble;
  throw new Error("it was not refused", { cause: error });
}

test("what the link says goes through as it is", async () => {
  const client = connect(door);
  expect(await client.list()).toEqual([JSON.parse(JSON.stringify(summaryOf(VIEW)))]);
  expect(await client.get("app")).toEqual(VIEW);
  expect(await client.command("app", { ...asking, kind: "promote", expected: 7, full: true })).toMatchObject({
    version: 8,
  });
  expect(asked).toEqual([["app", { ...asking, kind: "promote", expected: 7, full: true }]]);
  expect(await client.records("app", 5, 10)).toMatchObject([{ version: 15, text: "seen" }]);
  expect(await client.remove("app", asking)).toBeUndefined();
  // The slash in a group's name is no step of the path.
  expect(await client.groups()).toEqual([GROUP]);
  expect(await client.group("facade/shop")).toEqual({ ...GROUP, group: "facade/shop" });
  await client.command("facade/shop", { ...asking, kind: "pause" });
  expect(asked.at(-1)).toEqual(["facade/shop", { ...asking, kind: "pause" }]);
});

test("a refusal keeps its code, its words and its exit code", async () => {
  const client = connect(door);
  expect(await refusal(client.get("other"))).toMatchObject({ code: "SERIN_UNKNOWN_SERVICE", exitCode: 2 });
  expect(await refusal(client.command("app", { ...asking, kind: "abort", expected: 3 }))).toMatchObject({
    code: "SERIN_STALE",
    what: "it moved on",
  });
  expect(await refusal(client.apply({ ...asking, text: FILE, origin: "/" }))).toMatchObject({ found: "1:1" });
  expect(await refusal(client.apply({ actor: "ana", reason: "broken", text: FILE, origin: "/" }))).toMatchObject({
    code: "SERIN_FAILED",
    what: "the call met a mistake in Serin",
  });
});

test("nobody is answered without the token", async () => {
  const stranger = connect({ url: door.url, token: "0".repeat(64) });
  expect(await refusal(stranger.list())).toMatchObject({ code: "SERIN_NOT_ALLOWED" });
  const bare = await fetch(`${door.url}/v1/services`);
  expect([bare.status, bare.headers.get("content-type")]).toEqual([401, "application/problem+json"]);
});

test("what is not understood is named, and changes nothing", async () => {
  const headers = { authorization: `Bearer ${door.token}`, "content-type": "application/json" };
  const post = (body: string): Promise<Response> =>
    fetch(`${door.url}/v1/services/app/commands`, { method: "POST", headers, body });
  const unknown = await post(JSON.stringify({ ...asking, kind: "explode" }));
  expect([unknown.status, await unknown.text()]).toEqual([400, expect.stringContaining("kind")]);
  expect((await post(JSON.stringify({ ...asking, kind: "pause", extra: 1 }))).status).toBe(400);
  expect((await post("{")).status).toBe(400);
  expect((await post(JSON.stringify({ ...asking, kind: "pause", reason: "x".repeat(5_000_000) }))).status).toBe(413);
  expect((await fetch(`${door.url}/v2/x`, { headers })).status).toBe(404);
  expect(asked).toEqual([]);
});

test("a controller that is gone is named, with what to do", async () => {
  const client = connect(door);
  await door.close(nothing);
  expect(await refusal(client.list())).toMatchObject({
    code: "SERIN_NO_ANSWER",
    next: expect.stringContaining("serin serve"),
  });
  door = await openDoor(desk, testKeeper());
});

test("a call under way when the door closes gets its answer; a later one finds nobody", async () => {
  const answer = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const reply = { service: "shop", text: "shop/1 goes back to stable", version: 7 };
  const slow: Desk = {
    ...desk,
    command: async () => {
      arrived.resolve();
      await answer.promise;
      return reply;
    },
  };
  const own = await openDoor(slow, testKeeper());
  const client = connect(own);
  const said = client.command("shop", { kind: "abort", actor: "ann", reason: "" });
  await arrived.promise;
  await own.close(async () => answer.resolve());
  expect(await said).toEqual(reply);
  await expect(client.list()).rejects.toMatchObject({ trouble: { code: "SERIN_NO_ANSWER" } });
});

test("another program on the door's old port is no controller", async () => {
  const other = createServer((_request, response) => response.end("<p>hello</p>"));
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const stranger = connect({ url: `http://127.0.0.1:${port}`, token: "0" });
  expect(await refusal(stranger.list())).toMatchObject({ code: "SERIN_NO_ANSWER" });
  other.closeAllConnections();
  await new Promise((resolve) => other.close(resolve));
});
