// Does a token let a browser in from our own page, for as long as it is one, and nobody from another page?
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OpenAPIHono } from "@hono/zod-openapi";
import { afterEach, beforeEach, expect, test } from "vitest";
import { testKeeper } from "../../../test/support/keeper.ts";
import type { Env } from "../http/call.ts";
import { accessOf, type Access, type Opening } from "./access.ts";
import { ownPath } from "./login.ts";
import { newToken } from "./tokens.ts";

const [ci, old] = [newToken(), newToken()];
const ORIGIN = "http://127.0.0.1:7070";
let dir: string;
let access: Access | undefined;
let keeper: ReturnType<typeof testKeeper>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-login-"));
  keeper = testKeeper();
});
afterEach(() => {
  access?.close();
  rmSync(dir, { recursive: true, force: true });
});

type Ask = (call: {
  method?: string;
  path?: string;
  json?: unknown;
  headers?: Record<string, string>;
}) => Promise<Response>;

async function opened(text: string, opening: Opening = {}): Promise<Ask> {
  const file = join(dir, "access.yaml");
  writeFileSync(file, text);
  const places = { environmentOf: () => undefined, servicesOf: (name: string) => [name] };
  access = await accessOf({ ...opening, ...keeper, access: file, places, browser: true, token: "d", actor: "here" });
  const app = new OpenAPIHono<Env>();
  access.addOpen(app);
  app.use(access.guard);
  access.addGuarded(app);
  app.all("/v1/x", (c) => c.json(c.get("caller").whoami));
  return async ({ method = "GET", path = "/v1/x", json, headers = {} }) => {
    const env = { incoming: { socket: { remoteAddress: "10.0.0.9" } } };
    const own = { host: "127.0.0.1:7070", ...(json === undefined ? {} : { "content-type": "application/json" }) };
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    return app.request(path, { method, headers: { ...own, ...headers }, ...body }, env);
  };
}

const TOKENS = `
tokens:
  - { actor: ci, sha256: ${ci.sha256}, groups: [robots] }
  - { actor: old, sha256: ${old.sha256}, expires: 2020-01-01 }
grants: [{ who: { groups: [robots] }, role: operate, services: shop }]
`;

const logIn = (ask: Ask, token: string, headers: Record<string, string> = { origin: ORIGIN }) =>
  ask({ method: "POST", path: "/v1/login", json: { token }, headers });
const cookieOf = (answer: Response): string => (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";

test("a token makes a session with its rights, which is left by logout", async () => {
  const ask = await opened(TOKENS);
  expect(await (await ask({ path: "/v1/logins" })).json()).toEqual({ oidc: false, token: true });
  const answer = await logIn(ask, ci.token);
  expect([answer.status, await answer.json()]).toEqual([200, { actor: "ci" }]);
  const line = answer.headers.get("set-cookie") ?? "";
  expect(line).toMatch(/^serin=[\w-]{43}; Max-Age=2\d{4}; Path=\/; HttpOnly; SameSite=Lax$/u);
  expect(line).not.toContain(ci.token);
  const cookie = cookieOf(answer);
  const who = (await (await ask({ headers: { cookie } })).json()) as { csrf: string };
  expect(who).toMatchObject({ actor: "ci", login: "token", roles: [{ role: "operate", services: "shop" }] });
  // What changes anything needs more than the cookie.
  const leave = (headers: Record<string, string>) =>
    ask({ method: "POST", path: "/v1/logout", json: {}, headers: { cookie, origin: ORIGIN, ...headers } });
  expect((await leave({})).status).toBe(403);
  expect((await leave({ "x-serin-csrf": who.csrf })).status).toBe(200);
  expect((await ask({ headers: { cookie } })).status).toBe(401);
  const kinds = keeper.audit.read(0, 10).map(({ kind, actor, login }) => [kind, actor, login]);
  expect(kinds).toEqual([
    ["login", "ci", "token"],
    ["logout", "ci", "token"],
  ]);
});

test("nobody is let in with another token, or from another page", async () => {
  const ask = await opened(TOKENS);
  for (const token of ["x", old.token, newToken().token]) expect((await logIn(ask, token)).status).toBe(401);
  const foreign = [{}, { origin: "https://evil.example" }, { origin: ORIGIN, "sec-fetch-site": "cross-site" }];
  for (const headers of foreign) expect((await logIn(ask, ci.token, headers)).status).toBe(403);
  expect(keeper.audit.read(0, 10).map(({ kind }) => kind)).toEqual(["denied", "denied", "denied"]);
  // Guesses are limited as they are elsewhere.
  const answers = new Set<number>();
  for (let at = 0; at < 40; at += 1) answers.add((await logIn(ask, `wrong${at}`)).status);
  expect([...answers]).toEqual([401, 429]);
  expect((await logIn(ask, ci.token)).status).toBe(200);
});

test("behind a proxy the origin must be known", async () => {
  const ask = await opened(TOKENS, { behindProxy: true });
  expect((await logIn(ask, ci.token)).status).toBe(404);
  access?.close();
  const known = await opened(`origin: https://serin.example.com\n${TOKENS}`, { behindProxy: true });
  const answer = await logIn(known, ci.token, { origin: "https://serin.example.com" });
  expect([answer.status, answer.headers.get("set-cookie")]).toEqual([
    200,
    expect.stringMatching(/^__Host-serin=.*Secure/u),
  ]);
});

test.each([
  ["/services/shop?tab=log#end", "/services/shop?tab=log#end"],
  ["/a/../b", "/b"],
  [undefined, "/"],
  ["https://evil.example/x", "/"],
  ["//evil.example/x", "/"],
  ["/\\evil.example/x", "/"],
  ["/.//evil.example/x", "/"],
  ["/./\\evil.example/x", "/"],
  ["/.\\/evil.example/x", "/"],
  ["/%2e//evil.example/x", "/"],
  ["/a/..//evil.example/x", "/"],
  ["/\t/evil.example/x", "/"],
])("a login that was to go on to %j goes on to %s", (to, on) => {
  const origin = "https://serin.example.com";
  const own = ownPath(to, origin);
  expect(own).toBe(on);
  expect(new URL(own, origin).origin).toBe(origin);
});
