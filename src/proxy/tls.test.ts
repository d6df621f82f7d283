// Is TLS ended here, and may the certificate change under open connections?
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  answer,
  echoPath,
  get,
  replica,
  route,
  started,
  until,
  type RawReplica,
  type Started,
} from "../../test/support/proxy.ts";
import type { TlsPair } from "./data-plane.ts";

let up: RawReplica;
let proxy: Started;
let dir: string;

function pair(name: string): TlsPair {
  const [key, cert] = [join(dir, `${name}.key`), join(dir, `${name}.crt`)];
  const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync(
    "openssl",
    ["req", "-x509", ...algorithm, "-days", "1", "-subj", `/CN=${name}`, "-keyout", key, "-out", cert],
    { stdio: "ignore" },
  );
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "serin-tls-"));
  up = await replica("s1");
  proxy = await started(route([up.backend]), { tls: pair("first") });
});
afterAll(async () => {
  await proxy.plane.drain(0 as never);
  await up.close();
  rmSync(dir, { recursive: true });
});

class Secure {
  text = "";
  readonly socket: TLSSocket;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    this.socket.on("data", (data: Buffer) => (this.text += data.toString("latin1")));
    this.socket.on("error", () => undefined);
  }

  async ask(path: string): Promise<string> {
    this.socket.write(get(path));
    await until(
      () => this.text.endsWith(`\r\n\r\n${path}`),
      () => this.text,
    );
    return this.text;
  }

  get name(): string {
    return String(this.socket.getPeerCertificate().subject.CN);
  }
}

it("is ended here, and the replica is told", async () => {
  const client = new Secure(proxy.port);
  expect(await client.ask("/a")).toMatch(/^HTTP\/1\.1 200/);
  await client.ask("/b");
  expect(up.seen).toContain("X-Forwarded-Proto: https\r\n");
  expect(client.socket.alpnProtocol).toBe("http/1.1");
  client.socket.destroy();
});

it("carries long answers whole, to several at once", async () => {
  const bodies = ["a", "b", "c", "d"].map((name) => Array.from({ length: 90_000 }, (_, i) => `${name}${i}\n`).join(""));
  up.behave = (socket, bytes) => socket.write(answer(bodies[Number(/\/(\d)/.exec(bytes)?.[1])] ?? ""));
  const clients = bodies.map(() => new Secure(proxy.port));
  clients.forEach((client, i) => client.socket.write(get(`/${i}`)));
  await until(() => clients.every((client) => client.text.endsWith("89999\n")));
  expect(clients.map((client, i) => client.text.endsWith(`\r\n\r\n${bodies[i]}`))).toEqual([true, true, true, true]);
  for (const client of clients) client.socket.destroy();
  up.behave = echoPath;
});

it("takes a new certificate for new connections", async () => {
  const before = new Secure(proxy.port);
  await before.ask("/a");
  proxy.plane.setTls(pair("second"));
  const after = new Secure(proxy.port);
  await after.ask("/a");
  await before.ask("/b");
  expect([before.name, after.name]).toEqual(["first", "second"]);
  for (const client of [before, after]) client.socket.destroy();
});

it("keeps the last good certificate", async () => {
  expect(() => proxy.plane.setTls({ cert: "no", key: "no" })).toThrow(/PEM|pem|start line/);
  const client = new Secure(proxy.port);
  await client.ask("/a");
  expect(client.name).toBe("second");
  client.socket.destroy();
});
