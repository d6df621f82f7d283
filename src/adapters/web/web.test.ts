// Are papers shown as they are now, and never told to anybody else?
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Connection } from "../../core/spec/connection.ts";
import { ms } from "../../core/units.ts";
import { Secrets } from "../secrets.ts";
import { createWeb } from "./web.ts";

let server: Server;
let url = "";
let dir = "";
let answer: RequestListener;
let asked: IncomingHttpHeaders[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "serin-web-"));
  await writeFile(join(dir, "token"), "s3cret\n");
  asked = [];
  answer = (_, response) => response.end("{}");
  server = createServer((request, response) => {
    asked.push(request.headers);
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  await rm(dir, { recursive: true, force: true });
});

const web = (connection: Connection = {}) => createWeb({ connection, secrets: () => new Secrets() });
const ask = (connection: Connection = {}) => web(connection).ask({ url, timeoutMs: ms(5_000), mostBytes: 1_048_576 });

test("a token is read for each request, for it may change", async () => {
  const one = web({ bearer: { file: join(dir, "token") }, headers: { "X-Scope-OrgID": "shop" } });
  const request = { url, timeoutMs: ms(5_000), mostBytes: 1_048_576 };
  expect(await one.ask(request)).toMatchObject({ ok: true, json: {} });
  await writeFile(join(dir, "token"), "n3w");
  await one.ask(request);
  expect(asked.map(({ authorization }) => authorization)).toEqual(["Bearer s3cret", "Bearer n3w"]);
  expect(asked[0]?.["x-scope-orgid"]).toBe("shop");
  one.close();
});

test("a name and a password are sent as one", async () => {
  await ask({ basic: { user: "me", password: { file: join(dir, "token") } } });
  expect(asked[0]?.authorization).toBe(`Basic ${Buffer.from("me:s3cret").toString("base64")}`);
});

test("whoever gives a secret back does not have it told", async () => {
  answer = (request, response) => {
    response.statusCode = 403;
    response.end(JSON.stringify({ error: `no ${request.headers.authorization ?? ""}` }));
  };
  const said = await ask({ bearer: { file: join(dir, "token") } });
  expect(said).toEqual({
    ok: false,
    status: 403,
    why: String.raw`answered 403: "{\"error\":\"no Bearer ***\"}"`,
    json: { error: "no Bearer ***" },
  });
});

test.each(["ops", "me", "a", "serin-reader"])(
  "the name %s and its password, as they are sent, are not told",
  async (user) => {
    answer = (request, response) => {
      response.statusCode = 403;
      response.end(JSON.stringify({ error: `no ${request.headers.authorization ?? ""}` }));
    };
    expect(await ask({ basic: { user, password: { file: join(dir, "token") } } })).toEqual({
      ok: false,
      status: 403,
      why: String.raw`answered 403: "{\"error\":\"no Basic ***\"}"`,
      json: { error: "no Basic ***" },
    });
  },
);

test("what cannot be sent is said without what it was", async () => {
  await writeFile(join(dir, "token"), "s3cret\nx: y");
  const said = await ask({ bearer: { file: join(dir, "token") } });
  expect(said.ok).toBe(false);
  expect(JSON.stringify(said)).not.toContain("s3cret");
  expect(asked).toEqual([]);
});

test("the moment of the answer, and what was packed", async () => {
  answer = (_, response) => {
    response.setHeader("content-encoding", "gzip");
    response.setHeader("date", "Wed, 04 Mar 2026 13:02:11 GMT");
    response.end(gzipSync('{"a":1}'));
  };
  expect(await ask()).toEqual({ ok: true, json: { a: 1 }, dateMs: Date.UTC(2026, 2, 4, 13, 2, 11) });
  answer = (_, response) => {
    response.setHeader("content-encoding", "gzip");
    response.end("not packed");
  };
  expect(await ask()).toMatchObject({ ok: false, why: expect.stringMatching(/header/u) });
});

test("a call that is called off ends", async () => {
  answer = () => undefined;
  const off = new AbortController();
  const asking = web().ask({ url, timeoutMs: ms(30_000), mostBytes: 1, signal: off.signal });
  off.abort(new Error("enough"));
  expect(await asking).toMatchObject({ ok: false });
});
