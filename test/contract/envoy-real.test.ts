// Does the real Envoy follow the xDS server, in both forms of the protocol?
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openXdsServer, type XdsServer } from "../../src/adapters/envoy/xds/server.ts";
import type { ConnectedEnvoy } from "../../src/adapters/envoy/xds/node.ts";
import type { ResourceVersion } from "../../src/adapters/envoy/xds/types.ts";
import type { AccessEntry } from "../../src/adapters/envoy/xds/access-entry.ts";
import type { EnvoyMetric } from "../../src/adapters/envoy/xds/metrics-stream.ts";
import { freePort } from "../proxy/parts.ts";
import { HAS_ENVOY, RealEnvoy } from "../support/envoy.ts";
import { cluster, endpoints, listener, routes, runtime, secret } from "../support/envoy-resources.ts";
import { makeCertificate } from "../support/certificates.ts";
import { acknowledged } from "../support/envoy-standing.ts";

const LIMIT = { timeout: 25_000, interval: 20 };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));

/** Answers with its name. */
async function backend(name: string): Promise<number> {
  const server = createServer((_request, response) => response.end(name));
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return listen(server);
}

interface World {
  server: XdsServer;
  readonly stable: number;
  readonly canary: number;
  readonly front: number;
}

let world: World;

async function open(port = 0): Promise<XdsServer> {
  const server = await openXdsServer({ host: "127.0.0.1", port });
  closers.push(() => server.close());
  return server;
}

beforeEach(async () => {
  if (!HAS_ENVOY) return;
  world = {
    server: await open(),
    stable: await backend("stable"),
    canary: await backend("canary"),
    front: await freePort(),
  };
});

/** One service with two clusters; the versions of what was set. */
function fill(server: XdsServer, parts: World): readonly ResourceVersion[] {
  const fleet = server.discovery.fleet("edge");
  for (const role of ["stable", "canary"] as const) {
    fleet.set("cluster", `shop-${role}`, cluster(`shop-${role}`));
    fleet.set("endpoints", `shop-${role}`, endpoints(`shop-${role}`, parts[role]));
  }
  fleet.set("routes", "main", routes("main", [{ service: "shop", domain: "*", canary: 0 }]));
  const http = listener("http", { port: parts.front, routes: "main", logTo: RealEnvoy.controlPlane });
  fleet.set("listener", "http", http);
  fleet.set("runtime", "shares", runtime("shares", {}));
  server.discovery.open("edge");
  return (["cluster", "endpoints", "listener", "routes", "runtime"] as const).flatMap((type) =>
    fleet.names(type).map((name) => ({ type, name, version: fleet.version(type, name) })),
  );
}

function start(protocol: "delta" | "state-of-the-world", metricsEverySeconds?: number): RealEnvoy {
  const extra = metricsEverySeconds === undefined ? {} : { metricsEverySeconds };
  const envoy = new RealEnvoy({ xdsPort: world.server.port, protocol, runtime: ["shares"], ...extra });
  closers.push(() => envoy.close());
  return envoy;
}

const within = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(25_000) });
const get = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text();

async function answers(port: number, count: number): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  for (let at = 0; at < count; at += 1) seen.add(await get(port));
  return seen;
}

const read = (dir: string, file: string): Buffer => readFileSync(join(dir, file));

/** Whom the certificate that is shown there names. */
async function subject(port: number): Promise<unknown> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerCertificate().subject.CN;
  } finally {
    socket.destroy();
  }
}

const only = (server: XdsServer): ConnectedEnvoy => {
  const [envoy, ...more] = server.discovery.envoys("edge");
  if (!envoy || more.length > 0) throw new Error(`${more.length + (envoy ? 1 : 0)} Envoys`);
  return envoy;
};

describe.skipIf(!HAS_ENVOY).each(["delta", "state-of-the-world"] as const)("Envoy, %s", (protocol) => {
  test("takes a service, introduces itself and follows a change of shares", async () => {
    const wanted = fill(world.server, world);
    start(protocol);
    await acknowledged(world.server.discovery, wanted, within());
    const envoy = only(world.server);
    expect(envoy).toMatchObject({ protocol, node: { id: "one", fleet: "edge", locality: "eu/eu-1" } });
    expect(envoy.node.agent).toMatch(/^envoy 1\.\d+\.\d+$/u);
    expect(await vi.waitFor(() => answers(world.front, 20), LIMIT)).toEqual(new Set(["stable"]));
    const fleet = world.server.discovery.fleet("edge");
    const shares = runtime("shares", { "shop.shop-stable": 0, "shop.shop-canary": 100 });
    const version = fleet.set("runtime", "shares", shares);
    await acknowledged(world.server.discovery, [{ type: "runtime", name: "shares", version }], within());
    expect(await answers(world.front, 20)).toEqual(new Set(["canary"]));
    const back = fleet.set("runtime", "shares", runtime("shares", {}));
    await acknowledged(world.server.discovery, [{ type: "runtime", name: "shares", version: back }], within());
    expect(await answers(world.front, 20)).toEqual(new Set(["stable"]));
  });

  test("what Envoy refuses is told in its words, and it goes on with what it has", async () => {
    const wanted = fill(world.server, world);
    start(protocol);
    await acknowledged(world.server.discovery, wanted, within());
    const fleet = world.server.discovery.fleet("edge");
    const good = fleet.version("routes", "main");
    const twice = ["a", "b"].map((service) => ({ service, domain: "*", canary: 0 }));
    const bad = fleet.set("routes", "main", routes("main", twice));
    await expect(
      acknowledged(world.server.discovery, [{ type: "routes", name: "main", version: bad }], within()),
    ).rejects.toThrow(/Only a single wildcard domain/u);
    expect(only(world.server).held("routes", "main")).toBe(good);
    expect(await answers(world.front, 10)).toEqual(new Set(["stable"]));
    fleet.set("routes", "main", routes("main", [{ service: "shop", domain: "*", canary: 0 }]));
    await vi.waitFor(() => expect(only(world.server).refusals()).toEqual([]), LIMIT);
  });

  test("goes on without the server, and takes nothing again from one that came back with the same", async () => {
    fill(world.server, world);
    const envoy = start(protocol);
    const wanted = fill(world.server, world);
    await acknowledged(world.server.discovery, wanted, within());
    await world.server.close();
    expect(await answers(world.front, 10)).toEqual(new Set(["stable"]));
    const again = await open(world.server.port);
    const sent: string[] = [];
    again.discovery.listen({ acknowledged: (_envoy, type) => sent.push(type) });
    const updates = async (): Promise<string> =>
      (await envoy.admin("/stats?filter=(config_reload|cluster_updated|listener_modified)$")).trim();
    const before = await updates();
    expect(before).toContain("config_reload");
    fill(again, world);
    await acknowledged(again.discovery, wanted, within());
    expect(protocol === "delta" ? sent : []).toEqual([]);
    expect(await updates()).toBe(before);
    expect(await answers(world.front, 10)).toEqual(new Set(["stable"]));
  });

  test("a canary that goes away costs no request: its cluster stays until the routes are without it", async () => {
    const wanted = fill(world.server, world);
    start(protocol);
    await acknowledged(world.server.discovery, wanted, within());
    const fleet = world.server.discovery.fleet("edge");
    const statuses: Record<number, number> = {};
    const running = new AbortController();
    const load = (async () => {
      while (!running.signal.aborted) {
        const { status, body } = await fetch(`http://127.0.0.1:${world.front}/`);
        await body?.cancel();
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    })();
    for (let round = 0; round < 10; round += 1) {
      const service = `next${round}`;
      for (const role of ["stable", "canary"] as const) {
        fleet.set("cluster", `${service}-${role}`, cluster(`${service}-${role}`));
        fleet.set("endpoints", `${service}-${role}`, endpoints(`${service}-${role}`, world[role]));
      }
      for (const name of fleet.names("cluster")) if (!name.startsWith(service)) fleet.remove("cluster", name);
      for (const name of fleet.names("endpoints")) if (!name.startsWith(service)) fleet.remove("endpoints", name);
      fleet.set("routes", "main", routes("main", [{ service, domain: "*", canary: 50 }]));
      const gone = fleet.names("cluster").map((name) => {
        return { type: "cluster", name, version: fleet.version("cluster", name) } as const;
      });
      await acknowledged(world.server.discovery, gone, within());
      await vi.waitFor(() => expect(only(world.server).held("cluster", "shop-canary")).toBeUndefined(), LIMIT);
    }
    running.abort();
    await load;
    expect(Object.keys(statuses)).toEqual(["200"]);
  });

  test("requests are logged as they end, with who answered", async () => {
    const wanted = fill(world.server, world);
    const seen: AccessEntry[] = [];
    world.server.listenAccess(({ id }, log, entry) => {
      if (id === "one" && log === "http") seen.push({ ...entry });
    });
    start(protocol);
    await acknowledged(world.server.discovery, wanted, within());
    await vi.waitFor(() => get(world.front), LIMIT);
    await answers(world.front, 9);
    await vi.waitFor(() => expect(seen).toHaveLength(10), LIMIT);
    for (const entry of seen) {
      expect(entry).toMatchObject({
        cluster: "shop-stable",
        host: "127.0.0.1",
        port: world.stable,
        status: 200,
        flags: 0,
      });
      expect(entry.durationMs).toBeGreaterThan(0);
      expect(entry.durationMs).toBeLessThan(20_000);
    }
  });

  test("a certificate comes as a secret, and a renewed one without another listener", async () => {
    const dir = mkdtempSync(join(tmpdir(), "serin-sds-"));
    closers.push(async () => rmSync(dir, { recursive: true, force: true }));
    for (const name of ["first", "second"]) makeCertificate(dir, name, name);
    const of = (name: string) => secret("front", read(dir, `${name}.pem`), read(dir, `${name}.key`));
    const fleet = world.server.discovery.fleet("edge");
    fleet.set("secret", "front", of("first"));
    const wanted = fill(world.server, world);
    const http = listener("http", { port: world.front, routes: "main", secret: "front" });
    const version = fleet.set("listener", "http", http);
    start(protocol);
    const others = wanted.filter(({ type }) => type !== "listener");
    await acknowledged(world.server.discovery, [...others, { type: "listener", name: "http", version }], within());
    await vi.waitFor(async () => expect(await subject(world.front)).toBe("first"), LIMIT);
    const renewed = fleet.set("secret", "front", of("second"));
    await acknowledged(world.server.discovery, [{ type: "secret", name: "front", version: renewed }], within());
    await vi.waitFor(async () => expect(await subject(world.front)).toBe("second"), LIMIT);
  });

  test("metrics come with their cluster as a label", async () => {
    const wanted = fill(world.server, world);
    const counted = new Map<string, EnvoyMetric>();
    world.server.listenMetrics((_node, metrics) => {
      for (const metric of metrics) counted.set(`${metric.name} ${metric.labels["envoy.cluster_name"] ?? ""}`, metric);
    });
    start(protocol, 1);
    await acknowledged(world.server.discovery, wanted, within());
    await vi.waitFor(() => get(world.front), LIMIT);
    await answers(world.front, 4);
    await vi.waitFor(() => {
      expect(counted.get("cluster.upstream_rq_completed shop-stable")).toMatchObject({ kind: "counter", value: 5 });
      const times = counted.get("cluster.upstream_rq_time shop-stable");
      expect(times).toMatchObject({ kind: "histogram" });
    }, LIMIT);
  });
});

test.skipIf(!HAS_ENVOY)("Envoy and the server prove themselves to each other", async () => {
  const dir = mkdtempSync(join(tmpdir(), "serin-mtls-"));
  closers.push(async () => rmSync(dir, { recursive: true, force: true }));
  makeCertificate(dir, "ca", "ca");
  for (const name of ["server", "envoy"]) makeCertificate(dir, name, "ca");
  const at = (file: string): string => join(dir, file);
  const tls = { cert: at("server.pem"), key: at("server.key"), ca: at("ca.pem") };
  const server = await openXdsServer({ host: "127.0.0.1", port: 0, tls });
  closers.push(() => server.close());
  const wanted = fill(server, world);
  const files = { ca: at("ca.pem"), cert: at("envoy.pem"), key: at("envoy.key") };
  const envoy = new RealEnvoy({ xdsPort: server.port, protocol: "delta", runtime: ["shares"], tls: files });
  closers.push(() => envoy.close());
  await acknowledged(server.discovery, wanted, within());
  expect(await vi.waitFor(() => answers(world.front, 5), LIMIT)).toEqual(new Set(["stable"]));
});
