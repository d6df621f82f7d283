// Does the proxy serve TLS, take a new certificate without a stop, and speak HTTP/2?
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createProxyAdapter } from "../../src/adapters/proxy/index.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { all, type Route } from "../../src/core/split.ts";
import { ms, type Ms } from "../../src/core/units.ts";
import { PROXY_DEFAULTS, type ProxyConfig } from "../../src/proxy/config.ts";
import { find } from "../../src/proxy/control-client.ts";
import { freePort } from "../proxy/parts.ts";

const call = () => ({ signal: AbortSignal.timeout(20_000) });
let home: string;
let port: number;
let backend: Server;
let answer: (asked: IncomingMessage, answered: ServerResponse) => void;
let made: ReturnType<typeof adapter> | undefined;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "serin-tls-"));
  for (const name of ["one", "two"]) {
    const files = ["-keyout", join(home, `${name}.key`), "-out", join(home, `${name}.crt`)];
    const about = ["-subj", `/CN=${name}.test`, "-days", "2"];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    execFileSync("openssl", ["req", "-x509", "-nodes", ...curve, ...files, ...about], { stdio: "ignore" });
  }
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
beforeEach(async () => {
  port = await freePort();
  use("one");
  answer = (_, answered) => answered.end("hello");
  backend = createServer((asked, answered) => answer(asked, answered));
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await made?.remove(call());
  made = undefined;
  backend.close();
  backend.closeAllConnections();
});

/** Puts a pair in the place of the files that the proxy was given. */
function use(name: string): void {
  copyFileSync(join(home, `${name}.key`), join(home, "tls.key"));
  copyFileSync(join(home, `${name}.crt`), join(home, "tls.crt"));
}

const adapter = (config: Partial<ProxyConfig> = {}) =>
  createProxyAdapter({
    name: "shop",
    dir: join(home, "proxy"),
    clock: systemClock(),
    config: {
      ...PROXY_DEFAULTS,
      host: "127.0.0.1",
      port,
      drainMs: ms(5_000),
      tls: { cert: join(home, "tls.crt"), key: join(home, "tls.key") },
      ...config,
    },
  });

const route = (): Route => ({
  split: { weights: all("stable") },
  pools: {
    stable: {
      pool: "stable",
      backends: [{ replica: "stable-0", host: "127.0.0.1", port: (backend.address() as AddressInfo).port }],
    },
  },
});

async function start(config: Partial<ProxyConfig> = {}): Promise<void> {
  made = adapter(config);
  await made.apply(route(), call());
}

async function subject(): Promise<string> {
  const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

async function totals(): Promise<{ requests: number; failed: number }> {
  const read = await made?.read(call());
  const series = (read?.kind === "value" ? read.value : { series: [] }).series;
  const sum = (pick: (one: (typeof series)[number]) => number) => series.reduce((total, one) => total + pick(one), 0);
  return { requests: sum((one) => one.requests), failed: sum((one) => one.failed) };
}

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly text: string;
  /** How the stream ended: 0 is well. */
  readonly code: number;
}

function fetch2(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Got> {
  const { promise, resolve } = Promise.withResolvers<Got>();
  const stream = session.request({ ":path": "/", ...headers }, { endStream: body === undefined });
  let [got, trailers, text]: [IncomingHttpHeaders, IncomingHttpHeaders | undefined, string] = [{}, undefined, ""];
  stream.on("response", (response) => (got = response));
  stream.on("trailers", (sent) => (trailers = sent));
  stream.setEncoding("utf8");
  stream.on("data", (part: string) => (text += part));
  stream.on("error", () => undefined);
  stream.on("close", () => resolve({ headers: got, trailers, text, code: stream.rstCode }));
  if (body !== undefined) stream.end(body);
  return promise;
}

function h2(): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on("error", () => undefined);
  return session;
}

function https(agent: Agent): Promise<{ text: string; socket: TLSSocket }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ text: string; socket: TLSSocket }>();
  const asked = request({ host: "127.0.0.1", port, agent, rejectUnauthorized: false }, (got) => {
    let text = "";
    got.on("data", (part: Buffer) => (text += part.toString()));
    got.on("end", () => resolve({ text, socket: asked.socket as TLSSocket }));
  });
  asked.on("error", reject);
  asked.end();
  return promise;
}

describe("the certificate", () => {
  test("is replaced without a stop; connections that stand go on", async () => {
    await start({ workers: 2 });
    expect(await subject()).toBe("one.test");
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await https(agent);
    const session = h2();
    expect((await fetch2(session, {})).text).toBe("hello");
    use("two");
    await expect.poll(subject).toBe("two.test");
    const second = await https(agent);
    expect(second.text).toBe("hello");
    expect(second.socket).toBe(first.socket);
    expect((await fetch2(session, {})).text).toBe("hello");
    session.close();
    agent.destroy();
  });

  test("that does not belong to its key leaves the last good one in force, and says so", async () => {
    await start();
    copyFileSync(join(home, "two.crt"), join(home, "tls.crt"));
    const tls = async () => {
      const found = await find(join(home, "proxy"), call().signal);
      return found.kind === "running" ? found.state.tls : undefined;
    };
    await expect.poll(async () => (await tls())?.trouble).toContain("does not belong");
    expect(await tls()).toMatchObject({ subject: "CN=one.test" });
    expect(await subject()).toBe("one.test");
    use("two");
    await expect.poll(subject).toBe("two.test");
    expect((await tls())?.trouble).toBeUndefined();
  });

  test("that does not parse is a clear error at the start, with the file", async () => {
    writeFileSync(join(home, "tls.crt"), "not a certificate");
    await expect(adapter().apply(route(), call())).rejects.toMatchObject({
      trouble: { code: "SERIN_BAD_CERTIFICATE", what: expect.stringContaining("tls.crt"), exitCode: 2 },
    });
    rmSync(join(home, "tls.key"));
    use("one");
    rmSync(join(home, "tls.key"));
    await expect(adapter().apply(route(), call())).rejects.toMatchObject({
      trouble: { code: "SERIN_BAD_CERTIFICATE", what: expect.stringContaining("tls.key") },
    });
  });
});

describe("HTTP/2", () => {
  let session: ClientHttp2Session;
  const begin = async (config: Partial<ProxyConfig> = {}): Promise<void> => {
    await start(config);
    session = h2();
  };
  afterEach(() => session.destroy());

  test("and HTTP/1.1 share port, route and counters", async () => {
    await begin();
    const many = await Promise.all(Array.from({ length: 50 }, () => fetch2(session, {})));
    for (const got of many) expect(got).toMatchObject({ text: "hello", code: 0, headers: { ":status": 200 } });
    const agent = new Agent({ keepAlive: true });
    expect((await https(agent)).text).toBe("hello");
    agent.destroy();
    await expect.poll(totals).toEqual({ requests: 51, failed: 0 });
  });

  test("brings the request to the replica as HTTP/1.1, with what it must know and nothing that it must not believe", async () => {
    answer = (asked, answered) =>
      answered.end(JSON.stringify([asked.method, asked.url, asked.httpVersion, asked.headers]));
    await begin();
    const got = await fetch2(
      session,
      {
        ":method": "PUT",
        ":path": "/a?b=c",
        ":authority": "shop.test",
        "x-forwarded-for": "6.6.6.6",
        forwarded: "for=6.6.6.6",
        te: "trailers",
        cookie: "a=1; b=2",
        "x-own": "yes",
      },
      "body",
    );
    const [method, url, version, headers] = JSON.parse(got.text);
    expect([method, url, version]).toEqual(["PUT", "/a?b=c", "1.1"]);
    expect(headers).toMatchObject({
      host: "shop.test",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "shop.test",
      cookie: "a=1; b=2",
      "x-own": "yes",
    });
    for (const name of ["forwarded", "te", "http2-settings"]) expect(headers).not.toHaveProperty(name);
  });

  test("streams bodies both ways, and ends an answer with its trailers", async () => {
    answer = (asked, answered) => {
      answered.writeHead(200, { trailer: "x-sum", connection: "x-private", "x-private": "1" });
      let size = 0;
      asked.on("data", (part: Buffer) => {
        size += part.length;
        answered.write(part);
      });
      asked.on("end", () => {
        answered.addTrailers({ "x-sum": String(size) });
        answered.end();
      });
    };
    await begin();
    const body = "0123456789".repeat(300_000);
    const got = await fetch2(session, { ":method": "POST" }, body);
    expect(got.text.length).toBe(body.length);
    expect(got.text === body).toBe(true);
    expect(got.trailers).toMatchObject({ "x-sum": String(body.length) });
    expect(got.headers).not.toHaveProperty("x-private");
    expect(got.code).toBe(0);
  });

  test("answers HEAD, 204 and 304 without a body", async () => {
    answer = (asked, answered) => {
      answered.statusCode = Number(asked.url?.slice(1));
      answered.setHeader("x-was-here", "yes");
      answered.end(asked.method === "HEAD" ? undefined : "text");
    };
    await begin();
    const was = { "x-was-here": "yes" };
    expect(await fetch2(session, { ":path": "/204" })).toMatchObject({
      text: "",
      code: 0,
      headers: { ":status": 204, ...was },
    });
    expect(await fetch2(session, { ":path": "/304" })).toMatchObject({
      text: "",
      code: 0,
      headers: { ":status": 304, ...was },
    });
    const head = await fetch2(session, { ":method": "HEAD", ":path": "/200" });
    expect(head).toMatchObject({ text: "", code: 0, headers: { ":status": 200, ...was } });
    await expect.poll(totals).toEqual({ requests: 3, failed: 0 });
  });

  test("refuses what is too large or not to be understood", async () => {
    await begin({ limits: { ...PROXY_DEFAULTS.limits, bodyBytes: 1_000, headers: 20 } });
    const status = async (headers: OutgoingHttpHeaders, body?: string) =>
      (await fetch2(session, headers, body)).headers[":status"] ?? "reset";
    expect(await status({ ":method": "POST" }, "x".repeat(2_000))).toBe(413);
    expect(await status({ ":method": "POST", "content-length": 2_000 }, "x".repeat(2_000))).toBe(413);
    expect(await status({ ":path": "no-slash" })).toBe("reset");
    expect(await status({ ":authority": "a.test", host: "b.test" })).toBe(400);
    expect(await status({ content_length: "7" })).toBe(400);
    expect(await status(Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`x-${at}`, "1"])))).toBe(431);
    expect(await status({})).toBe(200);
    expect((await totals()).failed).toBe(0);
  });

  test("gives up the replica when the client gives up, and counts nothing", async () => {
    const closed = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    answer = (_, answered) => {
      answered.once("close", () => closed.resolve());
      asked.resolve();
    };
    await begin();
    const stream = session.request({ ":path": "/" });
    stream.on("error", () => undefined);
    await asked.promise;
    stream.close(8);
    await closed.promise;
    expect(await totals()).toEqual({ requests: 0, failed: 0 });
  });

  test("says when a replica fails before its answer (502), too late (504), or in the middle of it", async () => {
    let tries = 0;
    answer = (asked, answered) => {
      tries += 1;
      if (asked.url === "/reset") asked.socket.destroy();
      if (asked.url === "/half") {
        answered.writeHead(200, { "content-length": "10" });
        answered.write("half");
        setTimeout(() => asked.socket.destroy(), 20);
      }
    };
    const timeouts = { ...PROXY_DEFAULTS.timeouts, responseMs: 1_000 as Ms };
    await begin({ timeouts, circuit: { ...PROXY_DEFAULTS.circuit, consecutiveFailures: 100 } });
    expect((await fetch2(session, { ":path": "/reset" })).headers[":status"]).toBe(502);
    expect((await fetch2(session, { ":path": "/late", ":method": "POST" }, "x")).headers[":status"]).toBe(504);
    tries = 0;
    const half = await fetch2(session, { ":path": "/half" });
    expect(half).toMatchObject({ text: "half", headers: { ":status": 200 } });
    expect(half.code).not.toBe(0);
    expect(tries).toBe(1);
    await expect.poll(async () => (await totals()).failed).toBeGreaterThanOrEqual(3);
  });

  test("lets requests under way end when the proxy is stopped", async () => {
    let arrived = 0;
    answer = (_, answered) => {
      arrived += 1;
      setTimeout(() => answered.end("late but well"), 500);
    };
    await begin();
    const slow = Array.from({ length: 10 }, () => fetch2(session, {}));
    const gone = new Promise((resolve) => session.once("close", resolve));
    await expect.poll(() => arrived).toBe(10);
    await made?.remove(call());
    for (const got of await Promise.all(slow)) expect(got).toMatchObject({ text: "late but well", code: 0 });
    await gone;
  });
});
