// Does the incremental form of the discovery protocol hold its promises?
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openXdsServer, type XdsServer } from "../../src/adapters/envoy/xds/server.ts";
import type { Snapshot } from "../../src/adapters/envoy/xds/snapshot.ts";
import { cluster, endpoints, listener, routes, runtime } from "../support/envoy-resources.ts";
import { DeltaClient, namesIn, type Introduction } from "../support/xds-client.ts";
import { acknowledged } from "../support/envoy-standing.ts";

let server: XdsServer;
let fleet: Snapshot;
const clients: DeltaClient[] = [];

beforeEach(async () => {
  server = await openXdsServer({ host: "127.0.0.1", port: 0 });
  fleet = server.discovery.fleet("edge");
  server.discovery.open("edge");
});

afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  await server.close();
});

function connect(who: Introduction = {}): DeltaClient {
  const client = new DeltaClient(server.port, who);
  clients.push(client);
  return client;
}

const LIMIT = { timeout: 30_000, interval: 2 };
const within = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(30_000) });

test("who asks for all clusters gets those there are, and then only what changed", async () => {
  fleet.set("cluster", "a", cluster("a"));
  fleet.set("cluster", "b", cluster("b"));
  const client = connect();
  client.ask("cluster");
  const first = await client.take("cluster");
  expect(namesIn(first)).toEqual(["a", "b"]);
  const version = fleet.set("cluster", "b", cluster("b", 2_000));
  const second = await client.take("cluster");
  expect(second.resources.map(({ name, version: sent }) => [name, sent])).toEqual([["b", version]]);
  expect(second.nonce).not.toBe(first.nonce);
});

test("the same content again is no change, in another process neither", async () => {
  const version = fleet.set("runtime", "shares", runtime("shares", { a: 1 }));
  expect(fleet.set("runtime", "shares", runtime("shares", { a: 1 }))).toBe(version);
  const other = await openXdsServer({ host: "127.0.0.1", port: 0 });
  expect(other.discovery.fleet("edge").set("runtime", "shares", runtime("shares", { a: 1 }))).toBe(version);
  await other.close();
  expect(fleet.set("runtime", "shares", runtime("shares", { a: 2 }))).not.toBe(version);
});

test("who comes back with the versions that are in force gets nothing, and counts as holding them", async () => {
  const versions = {
    a: fleet.set("cluster", "a", cluster("a")),
    b: fleet.set("cluster", "b", cluster("b")),
  };
  const old = { shares: fleet.set("runtime", "shares", runtime("shares", { a: 1 })) };
  const client = connect();
  client.ask("cluster", { initialResourceVersions: versions });
  client.ask("runtime", { resourceNamesSubscribe: ["shares"], initialResourceVersions: old });
  await vi.waitFor(() => expect(server.discovery.envoys("edge")[0]?.held("runtime", "shares")).toBe(old.shares), LIMIT);
  fleet.set("runtime", "shares", runtime("shares", { a: 2 }));
  const response = await client.take("runtime");
  expect(namesIn(response)).toEqual(["shares"]);
  expect(server.discovery.envoys("edge")[0]?.held("cluster", "a")).toBe(versions.a);
  expect(client.responses).toEqual([]);
});

test("who comes back with something that is gone is told so, and gets what changed", async () => {
  fleet.set("cluster", "a", cluster("a"));
  fleet.set("routes", "main", routes("main", []));
  const client = connect();
  client.ask("cluster", { initialResourceVersions: { a: "old", gone: "old" } });
  const first = await client.take("cluster");
  expect(namesIn(first)).toEqual(["a"]);
  expect(first.removedResources).toEqual([]);
  client.ask("routes", { resourceNamesSubscribe: ["main"], initialResourceVersions: { main: "old" } });
  const changed = await client.next("routes");
  expect(client.responses).toEqual([]);
  client.acknowledge(changed);
  expect((await client.take("cluster")).removedResources).toEqual(["gone"]);
});

test("a name that does not exist is answered, and sent once it does", async () => {
  const client = connect();
  client.subscribe("runtime", "shares");
  expect((await client.take("runtime")).removedResources).toEqual(["shares"]);
  fleet.set("runtime", "shares", runtime("shares", { a: 1 }));
  expect(namesIn(await client.take("runtime"))).toEqual(["shares"]);
});

test("asking again is answered again; what is no longer wanted is not sent", async () => {
  fleet.set("runtime", "shares", runtime("shares", { a: 1 }));
  const client = connect();
  client.subscribe("runtime", "shares");
  await client.take("runtime");
  client.subscribe("runtime", "shares");
  expect(namesIn(await client.take("runtime"))).toEqual(["shares"]);
  client.ask("runtime", { resourceNamesUnsubscribe: ["shares"], resourceNamesSubscribe: ["other"] });
  await client.take("runtime");
  fleet.set("runtime", "shares", runtime("shares", { a: 2 }));
  fleet.set("runtime", "other", runtime("other", { b: 1 }));
  expect(namesIn(await client.take("runtime"))).toEqual(["other"]);
  expect(server.discovery.envoys("edge")[0]?.held("runtime", "shares")).toBeUndefined();
});

test("one answer at a time: what changes meanwhile is sent once, in its newest version", async () => {
  fleet.set("runtime", "shares", runtime("shares", { a: 1 }));
  const client = connect();
  client.subscribe("runtime", "shares");
  const first = await client.next("runtime");
  for (let value = 2; value < 50; value += 1) {
    fleet.set("runtime", "shares", runtime("shares", { a: value }));
    await Promise.resolve();
  }
  const newest = fleet.set("runtime", "shares", runtime("shares", { a: 50 }));
  client.subscribe("secret", "nothing");
  await client.next("secret");
  expect(client.responses).toEqual([]);
  client.acknowledge(first);
  const second = await client.take("runtime");
  expect(second.resources.map(({ version }) => version)).toEqual([newest]);
});

test("an acknowledgement of nothing that was sent changes nothing", async () => {
  fleet.set("runtime", "shares", runtime("shares", { a: 1 }));
  const client = connect();
  client.subscribe("runtime", "shares");
  const first = await client.next("runtime");
  client.acknowledge({ ...first, nonce: "never" });
  client.subscribe("secret", "nothing");
  await client.next("secret");
  expect(server.discovery.envoys("edge")[0]?.held("runtime", "shares")).toBeUndefined();
  client.acknowledge(first);
  await vi.waitFor(() => expect(server.discovery.envoys("edge")[0]?.held("runtime", "shares")).toBeDefined(), LIMIT);
});

test("a refusal is told with Envoy's words; the version before stays in force, and the next one is sent", async () => {
  const good = fleet.set("runtime", "shares", runtime("shares", { a: 1 }));
  const told: string[] = [];
  server.discovery.listen({
    rejected: ({ node }, type, { names, why }) => told.push(`${node.id} ${type} ${names.join()} ${why}`),
  });
  const client = connect();
  client.subscribe("runtime", "shares");
  await client.take("runtime");
  const bad = fleet.set("runtime", "shares", runtime("shares", { a: 2 }));
  client.refuse(await client.next("runtime"), "no such key");
  await vi.waitFor(() => expect(told).toEqual(["one runtime shares no such key"]), LIMIT);
  const [envoy] = server.discovery.envoys("edge");
  expect(envoy?.held("runtime", "shares")).toBe(good);
  expect(envoy?.refusals()).toEqual([{ type: "runtime", name: "shares", version: bad, why: "no such key" }]);
  await expect(
    acknowledged(server.discovery, [{ type: "runtime", name: "shares", version: bad }], within()),
  ).rejects.toThrow("no such key");
  fleet.set("runtime", "shares", runtime("shares", { a: 1 }));
  expect((await client.take("runtime")).resources[0]?.version).toBe(good);
  await acknowledged(server.discovery, [{ type: "runtime", name: "shares", version: good }], within());
  await vi.waitFor(() => expect(envoy?.refusals()).toEqual([]), LIMIT);
});

test("one bad cluster of many does not hold up the others", async () => {
  const told: (readonly string[])[] = [];
  server.discovery.listen({ rejected: (_envoy, _type, { names }) => told.push(names) });
  const names = Array.from({ length: 9 }, (_, at) => `c${at}`);
  for (const name of names) fleet.set("cluster", name, cluster(name));
  const client = connect();
  client.ask("cluster");
  const [envoy] = await vi.waitFor(() => {
    expect(server.discovery.envoys("edge")).toHaveLength(1);
    return server.discovery.envoys("edge");
  }, LIMIT);
  const good = names.filter((name) => name !== "c5");
  while (told.length === 0 || !good.every((name) => envoy?.held("cluster", name) !== undefined)) {
    const response = await client.next("cluster");
    if (namesIn(response).includes("c5")) client.refuse(response, "c5 is wrong");
    else client.acknowledge(response);
    client.subscribe("secret", "nothing");
    await client.take("secret");
  }
  expect(told).toEqual([["c5"]]);
});

test("clusters and their endpoints are there before the routes that name them", async () => {
  const client = connect();
  client.ask("cluster");
  await client.take("cluster");
  client.ask("listener");
  await client.take("listener");
  client.subscribe("routes", "main");
  await client.take("routes");
  fleet.set("routes", "main", routes("main", [{ service: "shop", domain: "*", canary: 10 }]));
  fleet.set("listener", "http", listener("http", { port: 1, routes: "main" }));
  fleet.set("endpoints", "shop-canary", endpoints("shop-canary", 1));
  fleet.set("cluster", "shop-canary", cluster("shop-canary"));
  await client.take("cluster");
  client.subscribe("secret", "nothing");
  await client.take("secret");
  expect(client.responses).toEqual([]);
  client.subscribe("endpoints", "shop-canary");
  const warm = await client.next("endpoints");
  expect(client.responses).toEqual([]);
  client.acknowledge(warm);
  await client.take("listener");
  expect(namesIn(await client.take("routes"))).toEqual(["main"]);
});

test("a cluster goes only after this Envoy took the routes without it", async () => {
  fleet.set("cluster", "shop-canary", cluster("shop-canary"));
  fleet.set("routes", "main", routes("main", [{ service: "shop", domain: "*", canary: 10 }]));
  const client = connect();
  client.ask("cluster");
  await client.take("cluster");
  client.subscribe("routes", "main");
  await client.take("routes");
  fleet.remove("cluster", "shop-canary");
  fleet.set("routes", "main", routes("main", []));
  const without = await client.next("routes");
  client.subscribe("secret", "nothing");
  await client.take("secret");
  expect(client.responses).toEqual([]);
  client.refuse(without, "not now");
  client.subscribe("secret", "nothing");
  await client.take("secret");
  expect(client.responses).toEqual([]);
  fleet.set("routes", "main", routes("main", [{ service: "other", domain: "*", canary: 0 }]));
  await client.take("routes");
  expect((await client.take("cluster")).removedResources).toEqual(["shop-canary"]);
});

test("what is set and taken away again within a turn is never sent", async () => {
  const client = connect();
  client.ask("cluster");
  await client.take("cluster");
  fleet.set("cluster", "a", cluster("a"));
  fleet.remove("cluster", "a");
  fleet.set("cluster", "b", cluster("b"));
  const response = await client.take("cluster");
  expect(namesIn(response)).toEqual(["b"]);
  expect(response.removedResources).toEqual([]);
});

test("a name may be wanted beside all of them, and no longer", async () => {
  const client = connect();
  client.subscribe("cluster", "*", "a");
  fleet.set("cluster", "a", cluster("a"));
  fleet.set("cluster", "b", cluster("b"));
  await vi.waitFor(() => expect(server.discovery.envoys("edge")[0]?.wants("cluster", "b")).toBe(true), LIMIT);
  client.ask("cluster", { resourceNamesUnsubscribe: ["*"] });
  await vi.waitFor(() => expect(server.discovery.envoys("edge")[0]?.wants("cluster", "b")).toBe(false), LIMIT);
  expect(server.discovery.envoys("edge")[0]?.wants("cluster", "a")).toBe(true);
});
