// Who may connect to the xDS server, when is anything sent, and what does a bad or slow client cost?
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TlsFiles } from "../../src/adapters/envoy/xds/credentials.ts";
import { openXdsServer, type XdsServer } from "../../src/adapters/envoy/xds/server.ts";
import { makeCertificate } from "../support/certificates.ts";
import { cluster, runtime } from "../support/envoy-resources.ts";
import { DeltaClient, namesIn, type Introduction } from "../support/xds-client.ts";
import { acknowledged, standing } from "../support/envoy-standing.ts";

const servers: XdsServer[] = [];
const clients: DeltaClient[] = [];
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-xds-"));
});

afterEach(async () => {
  for (const one of clients.splice(0)) one.close();
  for (const one of servers.splice(0)) await one.close();
  rmSync(dir, { recursive: true, force: true });
});

async function open(tls?: TlsFiles): Promise<XdsServer> {
  const server = await openXdsServer({ host: "127.0.0.1", port: 0, tls });
  servers.push(server);
  return server;
}

function connect({ port }: XdsServer, who: Introduction = {}): DeltaClient {
  const client = new DeltaClient(port, who);
  clients.push(client);
  return client;
}

const LIMIT = { timeout: 30_000, interval: 2 };
const within = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(30_000) });

test("nothing is sent before the fleet is opened, not even that there is nothing", async () => {
  const { discovery, ...server } = await open();
  const fleet = discovery.fleet("edge");
  const client = connect({ discovery, ...server });
  client.ask("cluster");
  await vi.waitFor(() => expect(discovery.envoys("edge")).toHaveLength(1), LIMIT);
  expect(client.responses).toEqual([]);
  fleet.set("cluster", "a", cluster("a"));
  expect(discovery.isOpen("edge")).toBe(false);
  discovery.open("edge");
  expect(namesIn(await client.take("cluster"))).toEqual(["a"]);
});

test("an Envoy of a fleet that nobody looks after gets nothing and is named; it is served once somebody does", async () => {
  const server = await open();
  const strangers: string[] = [];
  server.discovery.listen({ stranger: ({ node }) => strangers.push(`${node.id} ${node.fleet}`) });
  server.discovery.fleet("edge").set("cluster", "a", cluster("a"));
  server.discovery.open("edge");
  const client = connect(server, { id: "x", fleet: "elsewhere" });
  client.ask("cluster");
  const known = connect(server);
  known.ask("cluster");
  await known.take("cluster");
  await vi.waitFor(() => expect(strangers).toEqual(["x elsewhere"]), LIMIT);
  expect(client.responses).toEqual([]);
  server.discovery.fleet("elsewhere").set("cluster", "b", cluster("b"));
  server.discovery.open("elsewhere");
  expect(namesIn(await client.take("cluster"))).toEqual(["b"]);
});

test("who is connected is known, and that they left", async () => {
  const server = await open();
  const told: string[] = [];
  server.discovery.listen({
    connected: ({ node }) => told.push(`+${node.id}`),
    disconnected: ({ node }) => told.push(`-${node.id}`),
  });
  const client = connect(server, { id: "one" });
  client.ask("cluster");
  await vi.waitFor(() => expect(told).toEqual(["+one"]), LIMIT);
  expect(server.discovery.envoys("edge")).toMatchObject([{ node: { id: "one", fleet: "edge" }, protocol: "delta" }]);
  client.close();
  await vi.waitFor(() => expect(told).toEqual(["+one", "-one"]), LIMIT);
  expect(server.discovery.envoys()).toEqual([]);
});

test("a wait ends when all Envoys have it, and not before; who leaves is not waited for", async () => {
  const server = await open();
  const fleet = server.discovery.fleet("edge");
  server.discovery.open("edge");
  const version = fleet.set("runtime", "shares", runtime("shares", { a: 1 }));
  const wanted = [{ type: "runtime", name: "shares", version }] as const;
  let done = false;
  const wait = acknowledged(server.discovery, wanted, within()).then(() => (done = true));
  const [one, two] = [connect(server, { id: "one" }), connect(server, { id: "two" })] as const;
  for (const client of [one, two]) client.subscribe("runtime", "shares");
  await one.take("runtime");
  await two.next("runtime");
  await vi.waitFor(() => expect(standing(server.discovery, wanted).holding).toHaveLength(1), LIMIT);
  expect(standing(server.discovery, wanted).waiting.map(({ node }) => node.id)).toEqual(["two"]);
  expect(done).toBe(false);
  two.close();
  await wait;
});

test("a wait ends with the signal's reason", async () => {
  const server = await open();
  const { signal } = { signal: AbortSignal.abort(new Error("called off")) };
  await expect(acknowledged(server.discovery, [], { signal })).rejects.toThrow("called off");
  const later = new AbortController();
  const wait = acknowledged(server.discovery, [], { signal: later.signal });
  later.abort(new Error("called off later"));
  await expect(wait).rejects.toThrow("called off later");
});

test("what is no request ends its stream, and no other", async () => {
  const server = await open();
  const told: string[] = [];
  server.discovery.listen({ malformed: ({ fleet, from, why }) => told.push(`${fleet} ${from}: ${why}`) });
  server.discovery.fleet("edge").set("cluster", "a", cluster("a"));
  server.discovery.open("edge");
  const good = connect(server, { id: "good" });
  good.ask("cluster");
  await good.take("cluster");
  const bad = connect(server, { id: "bad" });
  bad.ask("cluster");
  await bad.take("cluster");
  bad.send(Buffer.from([0xff, 0xff, 0xff]));
  await vi.waitFor(() => expect(bad.ended).toContain("not a discovery request"), LIMIT);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/^edge bad: not a discovery request/u);
  server.discovery.fleet("edge").set("cluster", "b", cluster("b"));
  expect(namesIn(await good.take("cluster"))).toEqual(["b"]);
});

test("a client that reads nothing costs names, not copies; the others are served", async () => {
  const server = await open();
  const fleet = server.discovery.fleet("edge");
  server.discovery.open("edge");
  const names = Array.from({ length: 1_000 }, (_, at) => `cluster-${at}-${"x".repeat(900)}`);
  const fill = (timeoutMs: number): void => {
    for (const name of names) fleet.set("cluster", name, cluster(name, timeoutMs));
  };
  fill(1_000);
  const slow = connect(server, { id: "slow" });
  slow.pause();
  slow.ask("cluster");
  const quick = connect(server, { id: "quick" });
  quick.ask("cluster");
  await quick.take("cluster");
  for (let round = 1; round <= 8; round += 1) {
    fill(1_000 + round);
    expect((await quick.take("cluster")).resources).toHaveLength(1_000);
  }
  slow.resume();
  await slow.take("cluster");
  const newest = await slow.take("cluster");
  const wanted = names.map((name) => ({ name, version: fleet.version("cluster", name) }));
  expect(newest.resources.map(({ name, version }) => ({ name, version }))).toEqual(wanted);
  // Of nine versions of 2 MB none was kept for it but the first and the last.
  slow.subscribe("secret", "nothing");
  await slow.take("secret");
  expect(slow.responses).toEqual([]);
});

const certificate = (name: string, ca: string): void => makeCertificate(dir, name, ca);
const bytes = (file: string): Buffer => readFileSync(join(dir, file));
const secure = (ca: string, own?: string) =>
  own === undefined
    ? credentials.createSsl(bytes(`${ca}.pem`))
    : credentials.createSsl(bytes(`${ca}.pem`), bytes(`${own}.key`), bytes(`${own}.pem`));

test("with a certificate authority only its clients come in; renewed files are used, and streams that are open stay", async () => {
  for (const name of ["ca", "foreign"]) certificate(name, name);
  certificate("server", "ca");
  certificate("envoy", "ca");
  certificate("renewed", "foreign");
  const at = (file: string): string => join(dir, file);
  const server = await open({ cert: at("server.pem"), key: at("server.key"), ca: at("ca.pem") });
  const fleet = server.discovery.fleet("edge");
  fleet.set("cluster", "a", cluster("a"));
  server.discovery.open("edge");
  const good = connect(server, { secure: secure("ca", "envoy") });
  good.ask("cluster");
  await good.take("cluster");
  const nobody = connect(server, { secure: secure("ca") });
  nobody.ask("cluster");
  const stranger = connect(server, { secure: secure("ca", "foreign") });
  stranger.ask("cluster");
  for (const refused of [nobody, stranger]) await vi.waitFor(() => expect(refused.ended).toBeDefined(), LIMIT);
  cpSync(at("renewed.pem"), at("server.pem"));
  cpSync(at("renewed.key"), at("server.key"));
  await vi.waitFor(async () => {
    const later = connect(server, { secure: secure("foreign", "envoy") });
    later.ask("cluster");
    await vi.waitFor(() => expect(later.ended ?? later.responses[0]).toBeDefined(), LIMIT);
    expect(later.ended).toBeUndefined();
  }, LIMIT);
  fleet.set("cluster", "b", cluster("b"));
  expect(namesIn(await good.take("cluster"))).toEqual(["b"]);
});

test("files that cannot be used any more are told, and so is that they can again", async () => {
  certificate("server", "server");
  const [cert, key] = [join(dir, "server.pem"), join(dir, "server.key")];
  const server = await open({ cert, key });
  const told: (string | undefined)[] = [];
  server.discovery.listen({ certificate: (why) => told.push(why) });
  const before = bytes("server.key");
  rmSync(key);
  await vi.waitFor(() => expect(told).toEqual([expect.stringContaining("server.key")]), LIMIT);
  writeFileSync(key, before);
  await vi.waitFor(() => expect(told.slice(1)).toEqual([undefined]), LIMIT);
});

test("files that cannot be used are refused at the start, and named", async () => {
  certificate("server", "server");
  await expect(open({ cert: join(dir, "server.pem"), key: join(dir, "absent.key") })).rejects.toThrow("absent.key");
});

test("a port that is taken is named", async () => {
  const { port } = await open();
  await expect(openXdsServer({ host: "127.0.0.1", port })).rejects.toThrow(`127.0.0.1:${port}`);
});
