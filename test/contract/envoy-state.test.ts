// Does the state-of-the-world form of the discovery protocol hold its promises?
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fromBinary } from "@bufbuild/protobuf";
import { ClusterSchema } from "../../src/adapters/envoy/protos/envoy/config/cluster/v3/cluster_pb.ts";
import type { DiscoveryResponse } from "../../src/adapters/envoy/protos/envoy/service/discovery/v3/discovery_pb.ts";
import { openXdsServer, type XdsServer } from "../../src/adapters/envoy/xds/server.ts";
import type { Snapshot } from "../../src/adapters/envoy/xds/snapshot.ts";
import { cluster, endpoints, routes, runtime } from "../support/envoy-resources.ts";
import { StateClient } from "../support/xds-client.ts";
import { acknowledged, standing } from "../support/envoy-standing.ts";

let server: XdsServer;
let fleet: Snapshot;
const clients: StateClient[] = [];

beforeEach(async () => {
  server = await openXdsServer({ host: "127.0.0.1", port: 0 });
  fleet = server.discovery.fleet("edge");
  server.discovery.open("edge");
});

afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  await server.close();
});

function connect(): StateClient {
  const client = new StateClient(server.port);
  clients.push(client);
  return client;
}

const LIMIT = { timeout: 30_000, interval: 2 };
const clusters = ({ resources }: DiscoveryResponse): string[] =>
  resources.map(({ value }) => fromBinary(ClusterSchema, value).name).toSorted();

/** Everything that was sent before has been handled when this is answered. */
async function handled(client: StateClient, name: string): Promise<void> {
  fleet.set("endpoints", name, endpoints(name, 1));
  client.ask("endpoints", { resourceNames: [name] });
  await client.take("endpoints", name);
}

test("each answer of clusters lists all", async () => {
  fleet.set("cluster", "a", cluster("a"));
  const client = connect();
  client.ask("cluster");
  expect(clusters(await client.take("cluster"))).toEqual(["a"]);
  fleet.set("cluster", "b", cluster("b"));
  expect(clusters(await client.take("cluster"))).toEqual(["a", "b"]);
  fleet.remove("cluster", "a");
  expect(clusters(await client.take("cluster"))).toEqual(["b"]);
  await vi.waitFor(() => expect(server.discovery.envoys("edge")[0]?.held("cluster", "a")).toBeUndefined(), LIMIT);
});

test("the same content has the same version, on another stream and another server too", async () => {
  const other = await openXdsServer({ host: "127.0.0.1", port: 0 });
  const seen: DiscoveryResponse[] = [];
  for (const { port, discovery } of [server, server, other]) {
    for (const name of ["a", "b"]) discovery.fleet("edge").set("cluster", name, cluster(name));
    discovery.open("edge");
    const client = new StateClient(port);
    clients.push(client);
    client.ask("cluster", { versionInfo: seen[0]?.versionInfo ?? "" });
    seen.push(await client.take("cluster"));
  }
  expect(new Set(seen.map(({ versionInfo }) => versionInfo)).size).toBe(1);
  expect(seen[2]?.resources).toEqual(seen[0]?.resources);
  await other.close();
});

test("of the other types only what changed is sent", async () => {
  fleet.set("runtime", "a", runtime("a", { x: 1 }));
  fleet.set("runtime", "b", runtime("b", { x: 1 }));
  const client = connect();
  client.ask("runtime", { resourceNames: ["a", "b"] });
  expect((await client.take("runtime", "a", "b")).resources).toHaveLength(2);
  fleet.set("runtime", "b", runtime("b", { x: 2 }));
  expect((await client.take("runtime", "a", "b")).resources).toHaveLength(1);
});

test("a request about an answer that a later one has replaced is not followed", async () => {
  fleet.set("runtime", "a", runtime("a", { x: 1 }));
  const client = connect();
  client.ask("runtime", { resourceNames: ["a"] });
  const first = await client.take("runtime", "a");
  const version = fleet.set("runtime", "a", runtime("a", { x: 2 }));
  const second = await client.next("runtime");
  client.acknowledge(first);
  await handled(client, "one");
  const [envoy] = server.discovery.envoys("edge");
  expect(envoy?.wants("runtime", "a")).toBe(true);
  expect(envoy?.held("runtime", "a")).not.toBe(version);
  client.acknowledge(second, "a");
  await vi.waitFor(() => expect(envoy?.held("runtime", "a")).toBe(version), LIMIT);
});

test("a name more is answered with that name; a name less is forgotten", async () => {
  fleet.set("runtime", "a", runtime("a", { x: 1 }));
  const added = fleet.set("runtime", "b", runtime("b", { x: 1 }));
  const client = connect();
  client.ask("runtime", { resourceNames: ["a"] });
  const first = await client.take("runtime", "a");
  client.acknowledge(first, "a", "b");
  const second = await client.next("runtime");
  expect(second.resources).toHaveLength(1);
  client.acknowledge(second, "b");
  const [envoy] = server.discovery.envoys("edge");
  await vi.waitFor(() => expect(envoy?.held("runtime", "b")).toBe(added), LIMIT);
  expect(envoy?.held("runtime", "a")).toBeUndefined();
  fleet.set("runtime", "a", runtime("a", { x: 2 }));
  await handled(client, "one");
  expect(client.responses).toEqual([]);
});

test("a refusal changes nothing, and is told with Envoy's words", async () => {
  const good = fleet.set("runtime", "a", runtime("a", { x: 1 }));
  const client = connect();
  client.ask("runtime", { resourceNames: ["a"] });
  await client.take("runtime", "a");
  const bad = fleet.set("runtime", "a", runtime("a", { x: 2 }));
  client.refuse(await client.next("runtime"), "never", "a");
  const [envoy] = server.discovery.envoys("edge");
  await vi.waitFor(() => expect(envoy?.refusal("runtime", "a")).toEqual({ version: bad, why: "never" }), LIMIT);
  expect(envoy?.held("runtime", "a")).toBe(good);
  expect(standing(server.discovery, [{ type: "runtime", name: "a", version: bad }]).refusing).toEqual([
    { envoy, why: "never" },
  ]);
  const next = fleet.set("runtime", "a", runtime("a", { x: 3 }));
  await client.take("runtime", "a");
  await vi.waitFor(() => expect(envoy?.held("runtime", "a")).toBe(next), LIMIT);
});

test("a cluster that is gone stays in the list until the routes without it were taken", async () => {
  fleet.set("cluster", "shop-canary", cluster("shop-canary"));
  fleet.set("cluster", "shop-stable", cluster("shop-stable"));
  fleet.set("routes", "main", routes("main", [{ service: "shop", domain: "*", canary: 10 }]));
  const client = connect();
  client.ask("cluster");
  await client.take("cluster");
  client.ask("routes", { resourceNames: ["main"] });
  await client.take("routes", "main");
  fleet.remove("cluster", "shop-canary");
  fleet.set("cluster", "new", { ...cluster("new"), edsClusterConfig: undefined });
  fleet.set("routes", "main", routes("main", []));
  expect(clusters(await client.take("cluster"))).toEqual(["new", "shop-canary", "shop-stable"]);
  const without = await client.next("routes");
  await handled(client, "one");
  expect(client.responses).toEqual([]);
  client.acknowledge(without, "main");
  expect(clusters(await client.take("cluster"))).toEqual(["new", "shop-stable"]);
});

test("what is gone of a type that has no word for it no longer counts as held", async () => {
  fleet.set("runtime", "a", runtime("a", { x: 1 }));
  const client = connect();
  client.ask("runtime", { resourceNames: ["a"] });
  await client.take("runtime", "a");
  const [envoy] = server.discovery.envoys("edge");
  await vi.waitFor(() => expect(envoy?.held("runtime", "a")).toBeDefined(), LIMIT);
  fleet.remove("runtime", "a");
  const wanted = [{ type: "runtime", name: "a", version: undefined }] as const;
  await acknowledged(server.discovery, wanted, { signal: AbortSignal.timeout(30_000) });
});
