// Is a Prometheus that asks who one is read with the right papers, and refused in words without?
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAlertSource } from "../../src/adapters/alerts/source.ts";
import { Secrets } from "../../src/adapters/secrets.ts";
import { createPrometheusFigures } from "../../src/adapters/prometheus/figures.ts";
import { createWeb } from "../../src/adapters/web/web.ts";
import type { Connection } from "../../src/core/spec/connection.ts";
import { ms } from "../../src/core/units.ts";
import { call } from "./process/place.ts";
import { clock, hubOf } from "./prometheus/place.ts";
import { HAS_PROMETHEUS, PrometheusServer } from "../support/prometheus.ts";

/** The bcrypt of `s3cret`. */
const HASH = "$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG";
const UP = { selector: "up", isHistogram: false };
const WHOSE = [{ instance: "nobody:1" }];

let dir = "";
let server: PrometheusServer;
const at = (name: string): string => join(dir, name);
const openssl = (...args: readonly string[]) => execFileSync("openssl", args, { stdio: "pipe" });

/** An authority, and certificates by it for the server and for a client. */
function certificates(): void {
  openssl(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "1",
    "-subj",
    "/CN=authority",
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.pem"),
  );
  for (const name of ["server", "client"]) {
    openssl(
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      at(`${name}.key`),
      "-out",
      at(`${name}.csr`),
    );
    openssl(
      "x509",
      "-req",
      "-in",
      at(`${name}.csr`),
      "-CA",
      at("ca.pem"),
      "-CAkey",
      at("ca.key"),
      "-CAcreateserial",
      "-days",
      "1",
      "-extfile",
      at("names"),
      "-out",
      at(`${name}.pem`),
    );
  }
}

beforeAll(async () => {
  if (!HAS_PROMETHEUS) return;
  dir = await mkdtemp(join(tmpdir(), "serin-access-"));
  await writeFile(at("names"), "subjectAltName=IP:127.0.0.1,DNS:prometheus.test\n");
  await writeFile(at("password"), "s3cret\n");
  certificates();
  server = new PrometheusServer({
    webConfig: {
      basic_auth_users: { serin: HASH },
      tls_server_config: {
        cert_file: at("server.pem"),
        key_file: at("server.key"),
        client_ca_file: at("ca.pem"),
        client_auth_type: "RequireAndVerifyClientCert",
      },
    },
  });
  await server.start();
});

afterAll(async () => {
  await server?.close();
  if (dir !== "") await rm(dir, { recursive: true, force: true });
});

const login = (): Connection => ({ basic: { user: "serin", password: { file: at("password") } } });
const tls = (more: Connection["tls"] = {}): Connection => ({
  tls: { ca: at("ca.pem"), cert: at("client.pem"), key: at("client.key"), ...more },
});

describe.skipIf(!HAS_PROMETHEUS)("a Prometheus with users, a certificate, and an eye on its clients'", () => {
  const why = async (connection: Connection) => (await hubOf(server.url, connection).of(UP, WHOSE))[0]?.why;

  test("is read with all of it, by whoever asks", async () => {
    const connection = { ...login(), ...tls({ serverName: "prometheus.test" }) };
    expect(await why(connection)).toBeUndefined();
    const web = createWeb({ connection, secrets: () => new Secrets() });
    const figures = createPrometheusFigures({ url: server.url, web, timeoutMs: ms(5_000) });
    const asked = { query: "1 + 1", as: "level", fromMs: ms(0), toMs: clock.now() } as const;
    expect(await figures.ask([asked], call())).toEqual([{ ok: true, value: 2 }]);
    expect(await createAlertSource({ url: server.url, clock, web }).read(call())).toEqual({ kind: "value", value: [] });
    web.close();
  });

  test("takes no certificate that it does not know, and shows none that is not known here", async () => {
    expect(await why({ ...login(), tls: { ca: at("ca.pem") } })).toMatch(/certificate required|closed before|alert/u);
    expect(await why({ ...login(), tls: { cert: at("client.pem"), key: at("client.key") } })).toMatch(/certificate/u);
    expect(await why({ ...login(), ...tls({ ca: undefined, insecure: true }) })).toBeUndefined();
    expect(await why({ ...login(), ...tls({ serverName: "other.test" }) })).toMatch(/other\.test/u);
    expect(await why({ ...login(), ...tls({ cert: at("gone.pem") }) })).toMatch(/gone\.pem cannot be read/u);
  });

  test("without the password, with a wrong one or with none there: in words, without the password", async () => {
    expect(await why(tls())).toMatch(/^answered 401: "Unauthorized"$/u);
    await writeFile(at("wrong"), "hunter2");
    const wrong = await why({ ...tls(), basic: { user: "serin", password: { file: at("wrong") } } });
    expect(wrong).toMatch(/^answered 401/u);
    expect(wrong).not.toContain("hunter2");
    expect(await why({ ...tls(), bearer: { env: "SERIN_NO_SUCH" } })).toBe(
      "the environment variable SERIN_NO_SUCH is not set",
    );
  });
});
