// Do Envoys speak TLS to clients, replicas and Serin as the file says, with certificates that are replaced while they run?
import { connect as connectHttp2 } from "node:http2";
import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { connect, type PeerCertificate } from "node:tls";
import { Agent, request } from "node:https";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SystemClockAhead } from "../envoy/clock.ts";
import { Authority } from "../envoy/certificates.ts";
import { Edge, statOf, whole } from "../envoy/edge.ts";
import { NO_ENVOY, startEnvoy, until } from "../envoy/place.ts";
import { poolOf, Replica, speaking } from "../envoy/replicas.ts";

let edge: Edge;
let clock: SystemClockAhead;
let authority: Authority;
let replicas: Replica[] = [];

beforeEach(async () => {
  clock = new SystemClockAhead();
  edge = await Edge.open(clock);
  authority = new Authority(join(edge.dir, "pki"));
});

afterEach(async () => {
  for (const replica of replicas) replica.close();
  replicas = [];
  await edge.close();
});

async function start(name: string, make?: ConstructorParameters<typeof Replica>[1]): Promise<Replica> {
  const one = await new Replica(name, make).listen();
  replicas.push(one);
  return one;
}

/** What a new connection is shown. */
function shown(port: number, servername: string): Promise<PeerCertificate> {
  const { promise, resolve, reject } = Promise.withResolvers<PeerCertificate>();
  const socket = connect({ port, host: "127.0.0.1", servername, ca: readFileSync(authority.ca) }, () => {
    resolve(socket.getPeerCertificate());
    socket.end();
  });
  socket.on("error", reject);
  return promise;
}

interface Shown {
  readonly text: string;
  readonly serial: string;
}

/** A request on a connection that may be kept. */
function ask(port: number, servername: string, agent: Agent): Promise<Shown> {
  const { promise, resolve, reject } = Promise.withResolvers<Shown>();
  const headers = { host: servername };
  const asked = request({ host: "127.0.0.1", port, servername, headers, agent }, (answer) => {
    const { serialNumber } = (answer.socket as ReturnType<typeof connect>).getPeerCertificate();
    let text = "";
    answer.on("data", (part: Buffer) => (text += part.toString()));
    answer.on("end", () =>
      answer.statusCode === 200 ? resolve({ text, serial: serialNumber }) : reject(new Error(text)),
    );
  });
  asked.on("error", reject);
  asked.end();
  return promise;
}

describe.skipIf(NO_ENVOY)("to clients", () => {
  test("certificates are told apart by name, and a new one is shown without a lost request", async () => {
    const [one, two] = [authority.issue("one.example.org"), authority.issue("two.example.org")];
    const listen = (await edge.service("unused")).port;
    const first = await edge.service("one", { listen, hosts: ["one.example.org"], tls: one });
    const second = await edge.service("two", { listen, hosts: ["two.example.org"], tls: two });
    const envoy = await edge.envoy();
    await first.apply(whole(await edge.backends.pool("one", 1)));
    await second.apply(whole(await edge.backends.pool("two", 1)));
    expect((await first.carried()).address).toBe(`https://127.0.0.1:${listen}`);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(authority.ca) });
    const before = await ask(listen, "one.example.org", agent);
    expect(before.text).toBe("one-0");
    expect((await shown(listen, "two.example.org")).subject.CN).toBe("two.example.org");
    await expect(shown(listen, "three.example.org")).rejects.toThrow(/ECONNRESET|disconnected|hang up|closed/u);

    const running = new AbortController();
    const failures: unknown[] = [];
    const fresh = new Agent({ keepAlive: false, ca: readFileSync(authority.ca) });
    const load = (async () => {
      while (!running.signal.aborted)
        await ask(listen, "one.example.org", fresh).catch((error: unknown) => failures.push(error));
    })();
    // One file after the other, as they are replaced in life: no pair in between.
    const next = authority.issue("one.example.org", "next");
    renameSync(next.cert, one.cert);
    clock.ahead(3_000);
    await first.carried();
    renameSync(next.key, one.key);
    clock.ahead(3_000);
    await first.carried();
    await until(async () => (await shown(listen, "one.example.org")).serialNumber !== before.serial, "the new one");
    running.abort();
    await load;
    expect(failures).toEqual([]);
    expect((await ask(listen, "one.example.org", agent)).serial).toBe(before.serial);
    expect((await first.carried()).split).toBeDefined();
    expect(await statOf(envoy, "listener_manager.listener_modified")).toBe(1);
    agent.destroy();
  });

  test("a file that is gone leaves the certificate, and is told when it lasts", async () => {
    const pair = authority.issue("one.example.org");
    const service = await edge.service("one", { tls: pair });
    await edge.envoy();
    await service.apply(whole(await edge.backends.pool("one", 1)));
    rmSync(pair.cert);
    clock.ahead(3_000);
    await service.carried();
    clock.ahead(11_000);
    const { serialNumber } = await shown(service.port, "one.example.org");
    expect(await service.router.observe({ signal: AbortSignal.timeout(1_000) })).toMatchObject({
      kind: "unreadable",
      why: expect.stringContaining(pair.cert) as string,
    });
    // The next controller finds it gone, too: others and the Envoy itself go on.
    const other = await edge.service("other");
    await other.apply(whole(await edge.backends.pool("other", 1)));
    await edge.again();
    const again = await edge.service("other", { listen: other.port });
    await until(
      async () => (await again.router.observe({ signal: AbortSignal.timeout(1_000) })).kind === "value",
      "other",
    );
    expect((await shown(service.port, "one.example.org")).serialNumber).toBe(serialNumber);
  });

  test("HTTP/2 is spoken with whoever asks for it", async () => {
    const service = await edge.service("one", { tls: authority.issue("one.example.org") });
    await edge.envoy();
    await service.apply(whole(await edge.backends.pool("one", 1)));
    const at = `https://127.0.0.1:${service.port}`;
    const session = connectHttp2(at, { servername: "one.example.org", ca: readFileSync(authority.ca) });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    session.on("error", reject);
    const stream = session.request({ ":path": "/", ":authority": "one.example.org" });
    stream.on("response", (headers) => resolve(headers[":status"]));
    stream.on("error", reject);
    expect(await promise).toBe(200);
    expect(session.alpnProtocol).toBe("h2");
    session.close();
  });
});

describe.skipIf(NO_ENVOY)("to replicas", () => {
  test("only one with the right name is talked to, and it is shown a certificate", async () => {
    const [own, wrong, client] = ["replica.local", "other.local", "serin-client"].map((name) => authority.issue(name));
    if (!own || !wrong || !client) throw new Error("no certificates");
    const tls = { ca: authority.ca, serverName: "replica.local", ...client };
    const service = await edge.service("shop", { upstream: { tls } });
    await edge.envoy();
    const good = await start("good", speaking.tls(own, authority.ca));
    await service.apply(whole(poolOf("good", good)));
    expect((await service.get()).text).toBe("good");
    expect(good.seen[0]).toMatchObject({ http: "1.1", client: "serin-client" });
    const bad = await start("bad", speaking.tls(wrong, authority.ca));
    await service.apply(whole(poolOf("bad", bad)));
    expect((await service.get()).status).toBe(503);
    const stranger = new Authority(join(edge.dir, "pki-2"), "stranger");
    const foreign = await start("foreign", speaking.tls(stranger.issue("replica.local"), authority.ca));
    await service.apply(whole(poolOf("foreign", foreign)));
    expect((await service.get()).status).toBe(503);
    expect([bad.requests, foreign.requests]).toEqual([0, 0]);
  });

  test("HTTP/2 is spoken where that is asked, with and without TLS, by health checks too", async () => {
    const own = authority.issue("replica.local");
    const healthCheck = { path: "/healthz", every: "100ms" };
    const plain = await edge.service("plain", { upstream: { http2: true }, healthCheck });
    const tls = { ca: authority.ca, serverName: "replica.local" };
    const secured = await edge.service("secured", { upstream: { http2: true, tls }, healthCheck });
    const envoy = await edge.envoy();
    const [one, two] = [await start("one", speaking.http2), await start("two", speaking.tls(own, authority.ca))];
    await plain.apply(whole(poolOf("one", one)));
    await secured.apply(whole(poolOf("two", two)));
    for (const [service, found] of [
      [plain, one],
      [secured, two],
    ] as const) {
      expect((await service.get()).text).toBe(found.name);
      await until(() => found.seen.some(({ path }) => path === "/healthz"), "it is looked at");
      expect(new Set(found.seen.map(({ http }) => http))).toEqual(new Set(["2.0"]));
    }
    await until(async () => (await statOf(envoy, "cluster.plain/one.health_check.success")) > 1, "it is well");
    expect(await statOf(envoy, "cluster.plain/one.health_check.failure")).toBe(0);
  });
});

describe.skipIf(NO_ENVOY)("to Serin", () => {
  test("an Envoy that shows no certificate, or one of somebody else, gets nothing", async () => {
    const [server, client] = [authority.issue("serin.local"), authority.issue("edge")];
    const stranger = new Authority(join(edge.dir, "pki-2"), "stranger").issue("edge");
    const listen = `127.0.0.1:${edge.xds}`;
    const service = await edge.service("shop", { xds: { listen, ...server, ca: authority.ca } });
    const serverName = "serin.local";
    const control = { host: "127.0.0.1", port: edge.xds };
    const ca = authority.ca;
    const envoy = await edge.envoy({ tls: { ca, serverName, ...client } });
    await service.apply(whole(await edge.backends.pool("one", 1)));
    expect((await service.get()).text).toBe("one-0");
    const strangers = [
      ["naked", { ca, serverName }],
      ["stranger", { ca, serverName, ...stranger }],
      ["elsewhere", { ca, serverName: "other.local", ...client }],
    ] as const;
    for (const [id, tls] of strangers) {
      const other = await startEnvoy({ dir: edge.dir, id, control, tls });
      await until(async () => (await statOf(other, "cluster.serin_control.upstream_cx_total")) > 1, "it tries again");
      expect(await statOf(other, "cluster_manager.cds.update_success")).toBe(0);
      expect(await statOf(other, "listener_manager.total_listeners_active")).toBe(0);
      await other.end();
    }
    expect(await statOf(envoy, "listener_manager.total_listeners_active")).toBe(1);
  });
});
