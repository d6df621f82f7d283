// Is a call let in only by whom it should be, on this machine and behind a proxy?
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { testKeeper } from "../../../test/support/keeper.ts";
import { SerinError } from "../../core/issues.ts";
import { accessOf, checkOpening, type Access, type Opening } from "./access.ts";
import type { Caller } from "./caller.ts";
import { parseAccess, type AccessFile } from "./file.ts";
import { guard, wrongTokens, type AccessEnv } from "./guard.ts";
import { Refusals } from "./refusals.ts";
import { Sessions } from "./sessions.ts";
import { newToken } from "./tokens.ts";

const DOOR = "d".repeat(64);
const ci = newToken();
let dir: string;
let access: Access | undefined;
const keeper = testKeeper();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-guard-"));
  writeFileSync(join(dir, "access.yaml"), `tokens: [{ actor: ci, sha256: ${ci.sha256} }]\n`);
});

afterEach(() => {
  access?.close();
  rmSync(dir, { recursive: true, force: true });
});

type Ask = (method: string, headers?: Readonly<Record<string, string>>) => Promise<number>;

async function opened(opening: Opening, browser = true): Promise<Ask> {
  const places = { environmentOf: () => undefined, servicesOf: (name: string) => [name] };
  access = await accessOf({ ...opening, ...keeper, places, browser, token: DOOR, actor: "here" });
  const app = new Hono<AccessEnv>();
  app.use(access.guard);
  app.all("/v1/x", (c) => c.text(JSON.stringify(c.get("caller").whoami)));
  return async (method, headers = {}) => {
    const env = { incoming: { socket: { remoteAddress: "10.0.0.9" } } };
    const answer = await app.request("/v1/x", { method, headers: { host: "127.0.0.1:7070", ...headers } }, env);
    return answer.status;
  };
}

const refused = async (opening: Opening): Promise<string | undefined> => {
  const error = await checkOpening(opening).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof SerinError ? `${error.trouble.code} ${error.trouble.found}` : undefined;
};

describe("on this machine", () => {
  test("a browser is let in by this machine's name, and changes things only from our own page", async () => {
    const ask = await opened({});
    const page = { origin: "http://127.0.0.1:7070", "sec-fetch-site": "same-origin" };
    expect(await ask("GET")).toBe(200);
    expect(await ask("GET", { host: "localhost:7070" })).toBe(200);
    expect(await ask("GET", { host: "[::1]:7070" })).toBe(200);
    expect(await ask("GET", { host: "evil.example:7070" })).toBe(421);
    expect(await ask("GET", { host: "127.0.0.1.evil.example" })).toBe(421);
    expect(await ask("POST", page)).toBe(200);
    expect(await ask("POST")).toBe(403);
    expect(await ask("POST", { ...page, origin: "http://evil.example" })).toBe(403);
    expect(await ask("POST", { ...page, origin: "http://127.0.0.1:9" })).toBe(403);
    expect(await ask("POST", { ...page, "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await ask("POST", { ...page, origin: "null" })).toBe(403);
    expect(await ask("GET", { "sec-fetch-site": "cross-site" })).toBe(403);
  });

  test("a program shows the token, and no other one will do", async () => {
    const ask = await opened({});
    expect(await ask("POST", { authorization: `Bearer ${DOOR}` })).toBe(200);
    expect(await ask("POST", { authorization: `Bearer ${DOOR}d` })).toBe(401);
    expect(await ask("GET", { authorization: `Bearer ${DOOR.replace("d", "e")}` })).toBe(401);
    expect(await ask("GET", { authorization: "Basic ZDpk" })).toBe(401);
    expect(await ask("GET", { authorization: `Bearer ${ci.token}` })).toBe(401);
  });

  test("no browser is let in where none is wanted, or where there is an access file", async () => {
    expect(await (await opened({}, false))("GET")).toBe(401);
    access?.close();
    const ask = await opened({ access: join(dir, "access.yaml") });
    expect(await ask("GET")).toBe(401);
    expect(await ask("GET", { authorization: `Bearer ${ci.token}` })).toBe(200);
  });
});

test("behind a proxy a call comes from where the proxy itself has seen it, whatever else stands there", async () => {
  const ask = await opened({ access: join(dir, "access.yaml"), behindProxy: true });
  await ask("GET", { authorization: "Bearer wrong", "x-forwarded-for": "1.1.1.1, 2.2.2.2" });
  expect(keeper.audit.read(0, 1_000).at(-1)).toMatchObject({ kind: "denied", from: "2.2.2.2" });
});

test("wrong tokens are written down up to a number, and the right one is let in meanwhile", async () => {
  const ask = await opened({ access: join(dir, "access.yaml") });
  const before = keeper.audit.read(0, 1_000).length;
  const answers = new Set<number>();
  for (let at = 0; at < 40; at += 1) answers.add(await ask("GET", { authorization: `Bearer wrong${at}` }));
  expect([...answers]).toEqual([401, 429]);
  expect(keeper.audit.read(0, 1_000).length - before).toBe(30);
  expect(await ask("GET", { authorization: `Bearer ${ci.token}` })).toBe(200);
});

describe("Serin is not opened", () => {
  const elsewhere = { listen: { host: "0.0.0.0", port: 8443 } };

  test.each([
    ["without anything", elsewhere, /who may come in.*TLS/u],
    ["without TLS", { ...elsewhere, access: "access.yaml" }, /: TLS/u],
    ["for a proxy that lets in anybody", { behindProxy: true }, /who may come in/u],
    ["at a name that may be another machine's", { listen: { host: "localhost.evil.example", port: 1 } }, /who may/u],
  ])("%s", async (_how, opening, why) => {
    expect(await refused(opening)).toMatch(why);
  });

  test("with files that cannot be read", async () => {
    const file = join(dir, "access.yaml");
    const tls = { cert: join(dir, "none.pem"), key: join(dir, "none.key") };
    expect(await refused({ ...elsewhere, access: file, tls })).toMatch(/SERIN_BAD_CERTIFICATE/u);
    writeFileSync(file, "tokens: []\n");
    expect(await refused({ ...elsewhere, access: file, behindProxy: true })).toMatch(/SERIN_BAD_ACCESS 1:1 /u);
  });
});

test("a call that goes on has the groups of its login now, and nothing once there is another provider", async () => {
  const fileAt = (issuer: string): AccessFile => {
    const read = parseAccess(`
origin: http://127.0.0.1:7070
oidc: { issuer: "${issuer}", clientId: serin }
grants: [{ who: { groups: [sre] }, role: operate }, { who: { groups: [leads] }, role: approve }]
`);
    if (!read.ok) throw new Error(read.issues.map(({ message }) => message).join());
    return read.value;
  };
  let file = fileAt("https://login.example.com");
  const sessions = new Sessions(keeper.clock, () => file.sessions);
  let caller: Caller | undefined;
  const renewed: string[] = [];
  const app = new Hono<AccessEnv>();
  app.use(
    guard({
      ...keeper,
      refusals: new Refusals(keeper.clock, keeper.audit),
      sessions,
      file: () => file,
      renew: (shown) => renewed.push(shown),
      places: { environmentOf: () => undefined, servicesOf: (name) => [name] },
      token: DOOR,
      actor: "here",
      wrongTokens: wrongTokens(),
      isSecure: () => false,
      isAmbient: false,
      behindProxy: false,
    }),
  );
  app.get("/v1/x", (c) => {
    caller = c.get("caller");
    return c.text("");
  });
  const provider = { issuer: "https://login.example.com", clientId: "serin" };
  const ann = { actor: "ann", groups: ["sre"], login: "oidc", provider, refreshToken: "r" } as const;
  const { session, shown } = await sessions.open(ann);
  const ask = async (): Promise<number> => {
    const env = { incoming: { socket: { remoteAddress: "10.0.0.9" } } };
    return (await app.request("/v1/x", { headers: { cookie: `serin=${shown}` } }, env)).status;
  };
  expect(await ask()).toBe(200);
  const rolesNow = () => caller?.whoami.roles.map(({ role }) => role);
  expect(rolesNow()).toEqual(["operate"]);
  await sessions.renew(shown, session, { actor: "ann", groups: ["leads"], refreshToken: "r2" });
  expect(rolesNow()).toEqual(["approve"]);
  file = fileAt("https://other.example.com");
  expect([rolesNow(), caller?.isOver()]).toEqual([[], true]);
  expect(await ask()).toBe(401);
  // Nobody else is asked about a login of that one.
  expect(renewed).toEqual([shown]);
});
