// Do rules and sections hold for requests that come by HTTP/2, too?
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type ClientHttp2Session, type OutgoingHttpHeaders } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { answer, configOf, replica, type RawReplica } from "../../../test/support/proxy.ts";
import type { Condition } from "../../core/match.ts";
import { all } from "../../core/split.ts";
import type { DataPlane, Ports } from "../data-plane.ts";
import { createDataPlane } from "../plane.ts";
import { createHttp2Front } from "./front.ts";

let dir: string;
let plane: DataPlane;
let ports: Ports;
let ups: readonly RawReplica[];
const open: ClientHttp2Session[] = [];

const CONDITIONS: readonly Condition[] = [
  { on: "header", name: "x-beta", is: { exact: "1" } },
  { on: "header", name: "host", is: { prefix: "beta." } },
  { on: "cookie", name: "who", is: { exact: "me" } },
  { on: "query", name: "v", is: { exact: "a b" } },
  { on: "path", is: { prefix: "/admin" } },
  { on: "method", is: ["PURGE"] },
  { on: "listener", is: "preview" },
];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "serin-h2-"));
  const [key, cert] = [join(dir, "key"), join(dir, "crt")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...curve, "-subj", "/CN=h2", "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  const pair = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  const named = (name: string) => replica(name, (socket) => socket.write(answer(name)));
  ups = await Promise.all(["stable", "canary", "cart/stable"].map(named));
  const [stable, canary, cart] = ups.map(({ backend }) => ({ pool: backend.replica, backends: [backend] }));
  if (!stable || !canary || !cart) throw new Error("no replicas");
  plane = createDataPlane(configOf({ rest: { preview: { host: "127.0.0.1", port: 0 } } }), pair, createHttp2Front);
  const matches = CONDITIONS.map((condition) => ({ when: [condition], to: "canary" as const }));
  plane.setRoute({ split: { weights: all("stable"), matches }, pools: { stable, canary } });
  plane.setRoute({
    split: { weights: all("stable") },
    pools: { stable: cart },
    section: { name: "cart", order: 0, when: [[{ on: "path", is: { prefix: "/cart" } }]] },
  });
  ports = await plane.listen(false);
});
afterAll(async () => {
  for (const session of open) session.destroy();
  await plane.drain(0 as never);
  await Promise.all(ups.map((up) => up.close()));
  rmSync(dir, { recursive: true });
});

async function who(headers: OutgoingHttpHeaders, port = ports.port): Promise<string> {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  open.push(session);
  const stream = session.request({ ":path": "/", ...headers }, { endStream: true });
  let text = "";
  for await (const part of stream) text += String(part);
  session.close();
  return text;
}

it.each<[string, OutgoingHttpHeaders, string]>([
  ["nothing special", { "x-beta": "0" }, "stable"],
  ["a header", { "x-beta": "1" }, "canary"],
  ["one of a header's values", { "x-beta": ["0", "1"] }, "canary"],
  ["values that are only one when joined", { "x-beta": ["1, 0"] }, "stable"],
  ["the host", { ":authority": "beta.example.org" }, "canary"],
  ["a cookie", { cookie: ["a=b", "who=me"] }, "canary"],
  ["a query field", { ":path": "/?v=1&v=a+b" }, "canary"],
  ["a path in disguise", { ":path": "/x/..//%61dmin/" }, "canary"],
  ["a method", { ":method": "PURGE" }, "canary"],
  ["a section's path", { ":path": "/cart/1", "x-beta": "1" }, "cart/stable"],
  ["a path that leaves a section", { ":path": "/cart/../" }, "stable"],
])("%s", async (_, headers, expected) => {
  expect(await who(headers)).toBe(expected);
});

it("the second address", async () => {
  expect(await who({}, ports.preview)).toBe("canary");
  expect(await who({ ":path": "/cart" }, ports.preview)).toBe("cart/stable");
});
