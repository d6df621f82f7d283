// Do people come in by a real provider, over TLS, and do only what they may, and is all of it written down?
import type { ChildProcess } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newToken } from "../../src/api/access/tokens.ts";
import type { AuditEntry } from "../../src/api/access/audit.ts";
import type { ServiceView, Whoami } from "../../src/api/contract.ts";
import { freePort } from "../proxy/parts.ts";
import { Browser, type Page } from "../support/browser.ts";
import { makeCertificate } from "../support/certificates.ts";
import { openProvider, type TestProvider } from "../support/oidc.ts";
import { makePlace, rolloutFile, serin, start, until, type Place } from "./harness.ts";

const [ci, admin, old] = [newToken(), newToken(), newToken()];
let place: Place;
let origin: string;
let provider: TestProvider;
let controller: ChildProcess;
let ca: string;

const file = (): string => `
origin: ${origin}
tokens:
  - { actor: ci, sha256: ${ci.sha256} }
  - { actor: root, sha256: ${admin.sha256} }
  - { actor: gone, sha256: ${old.sha256}, expires: 2020-01-01 }
oidc: { issuer: "${provider.issuer}", clientId: ${provider.clientId}, clientSecret: { file: oidc.secret } }
grants:
  - { who: { groups: [sre], actors: [ci] }, role: operate, services: app, environments: production }
  - { who: { groups: [leads, sre] }, role: approve, services: app }
  - { who: { actors: [root] }, role: administer }
fourEyes: [{ environments: production }]
`;

const rollout = (version: string, environment = "production"): string =>
  rolloutFile(version, { replicas: 1, analysis: "  analysis: { enabled: false }" }).replace(
    "name: app",
    `name: app, labels: { environment: ${environment} }`,
  );

beforeAll(async () => {
  place = await makePlace();
  makeCertificate(place.dir, "serin", "serin");
  ca = await readFile(join(place.dir, "serin.pem"), "utf8");
  const port = await freePort();
  origin = `https://127.0.0.1:${port}`;
  provider = await openProvider({ ann: ["sre"], ben: ["leads"], eve: [] }, `${origin}/v1/login/callback`);
  await place.write("oidc.secret", `${provider.clientSecret}\n`);
  await place.write("access.yaml", file());
  const tls = ["--tls-cert", join(place.dir, "serin.pem"), "--tls-key", join(place.dir, "serin.key")];
  const log = ["--log", join(place.dir, "log.jsonl")];
  const access = ["--access", join(place.dir, "access.yaml")];
  controller = start(["serve", "--listen", `127.0.0.1:${port}`, "--state", place.state, ...access, ...tls, ...log]);
  await until("the controller answers", () =>
    new Browser(ca).call(`${origin}/v1/whoami`).then(
      () => true,
      () => false,
    ),
  );
});

afterAll(async () => {
  controller.kill("SIGKILL");
  await place.remove();
  await provider.close();
});

const bearer = (token: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${token}` },
});
const ask = (token: { token: string }, path: string, call: Parameters<Browser["call"]>[1] = {}): Promise<Page> =>
  new Browser(ca).call(`${origin}${path}`, { ...call, ...bearer(token.token) });
const codeIn = (page: Page): string => (JSON.parse(page.text) as { trouble: { code: string } }).trouble.code;

async function loggedIn(login: string): Promise<{ browser: Browser; csrf: string }> {
  const browser = new Browser(ca);
  const end = await browser.logIn(await browser.go(`${origin}/v1/login?to=/v1/whoami`), login);
  expect([end.url, end.status]).toEqual([`${origin}/v1/whoami`, 200]);
  const { csrf = "" } = JSON.parse(end.text) as Whoami;
  return { browser, csrf };
}

/** As the page of whoever has logged in does it. */
const act = (
  who: Awaited<ReturnType<typeof loggedIn>>,
  path: string,
  { headers, ...json }: Readonly<Record<string, unknown>> & { readonly headers?: Record<string, string> },
): Promise<Page> =>
  who.browser.call(`${origin}${path}`, {
    method: "POST",
    json,
    headers: { origin, "sec-fetch-site": "same-origin", "x-serin-csrf": who.csrf, ...headers },
  });

describe("nobody", () => {
  test.each([
    ["no token", {}, "SERIN_NOT_LOGGED_IN"],
    ["a wrong token", bearer(newToken().token), "SERIN_NOT_ALLOWED"],
    ["a token whose time is over", bearer(old.token), "SERIN_NOT_ALLOWED"],
    ["a made-up session", { headers: { cookie: "__Host-serin=e30.e30.e30.e30.e30" } }, "SERIN_NOT_LOGGED_IN"],
  ])("is let in with %s", async (_what, call, code) => {
    const page = await new Browser(ca).call(`${origin}/v1/services`, call);
    expect([page.status, codeIn(page)]).toEqual([401, code]);
  });

  test("starts a controller that anybody could reach", async () => {
    const state = ["--state", join(place.dir, "other")];
    const access = ["--access", join(place.dir, "access.yaml")];
    const [open, plain] = await Promise.all([
      serin(["serve", "--listen", "0.0.0.0:0", ...state]),
      serin(["serve", "--listen", "0.0.0.0:0", ...access, ...state]),
    ]);
    expect([open.code, open.err]).toEqual([2, expect.stringContaining("SERIN_OPEN")]);
    expect([plain.code, plain.err]).toEqual([2, expect.stringMatching(/TLS: --tls-cert.*--behind-proxy/u)]);
  });
});

test("every answer keeps to itself, and runs nothing that is not ours", async () => {
  for (const path of ["/", "/v1/whoami", "/v1/login"]) {
    const { headers } = await new Browser(ca).call(`${origin}${path}`);
    expect(headers["content-security-policy"]).toMatch(/default-src 'none'/u);
    expect(headers["content-security-policy"]).not.toMatch(/unsafe/u);
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
    expect(headers["strict-transport-security"]).toMatch(/max-age=\d{8}/u);
  }
});

describe("a login", () => {
  test("leaves a cookie that no script reads and no other site sends", async () => {
    const { browser } = await loggedIn("ann");
    const [cookie, ...others] = browser.cookies(origin);
    expect(others).toEqual([]);
    expect(cookie?.name).toBe("__Host-serin");
    expect(cookie?.line).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/u);
    const { actor, roles, login } = JSON.parse((await browser.call(`${origin}/v1/whoami`)).text) as Whoami;
    expect({ actor, roles, login }).toEqual({
      actor: "ann@example.com",
      login: "oidc",
      roles: [
        { role: "operate", services: "app", environments: "production" },
        { role: "approve", services: "app", environments: "*" },
      ],
    });
  });

  test("ends only in the browser where it began, once, with the state that it began with", async () => {
    const toUs = (url: string): boolean => url.startsWith(`${origin}/v1/login/callback`);
    const browser = new Browser(ca);
    const back = await browser.logIn(await browser.go(`${origin}/v1/login`), "ann", toUs);
    expect((await new Browser(ca).call(back.url)).status).toBe(403);
    const other = new Browser(ca);
    await other.call(`${origin}/v1/login`);
    expect(codeIn(await other.call(back.url))).toBe("SERIN_LOGIN");
    expect((await browser.call(back.url)).headers["location"]).toBe("/");
    expect((await browser.call(back.url)).status).toBe(403);
  });

  test.each(["//evil.example/x", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])(
    "sends nobody to %s",
    async (to) => {
      const browser = new Browser(ca);
      const page = await browser.go(`${origin}/v1/login?to=${encodeURIComponent(to)}`);
      const back = await browser.logIn(page, "ann", (url) => url.startsWith(`${origin}/v1/login/callback`));
      expect((await browser.call(back.url)).headers["location"]).toBe("/");
    },
  );

  test("is over for every copy of its cookie once one has logged out", async () => {
    const who = await loggedIn("ann");
    const cookie = who.browser
      .cookies(origin)
      .map(({ name, value }) => `${name}=${value}`)
      .join("");
    const { to } = JSON.parse((await act(who, "/v1/logout", {})).text) as { to: string };
    expect(to).toMatch(new RegExp(`^${provider.issuer}/session/end\\?.*id_token_hint=`, "u"));
    expect(who.browser.cookies(origin)).toEqual([]);
    expect((await new Browser(ca).call(`${origin}/v1/whoami`, { headers: { cookie } })).status).toBe(401);
  });
});

describe("a page of somebody else", () => {
  test.each([
    ["without the page's own text", { "x-serin-csrf": "" }],
    ["with a text that is not right", { "x-serin-csrf": "x".repeat(43) }],
    ["from another origin", { origin: "https://evil.example" }],
    ["as the browser says itself", { "sec-fetch-site": "cross-site" }],
  ])("changes nothing %s", async (_what, headers) => {
    const ann = await loggedIn("ann");
    const page = await act(ann, "/v1/services/app/commands", { kind: "pause", headers });
    expect([page.status, codeIn(page)]).toEqual([403, "SERIN_FOREIGN_PAGE"]);
  });
});

describe("a rollout", () => {
  const wait = (): Promise<ServiceView> =>
    until("it waits for a person", async () => {
      const view = JSON.parse((await ask(admin, "/v1/services/app")).text) as ServiceView;
      return view.rollout?.waiting?.for === "person" && view;
    });

  test("is started by who may operate it there, and nowhere else", async () => {
    const apply = (version: string, environment?: string): Promise<Page> =>
      ask(ci, "/v1/apply", {
        method: "POST",
        json: { text: rollout(version, environment), origin: place.dir, reason: "ship" },
      });
    expect(codeIn(await apply("v1", "staging"))).toBe("SERIN_FORBIDDEN");
    const eve = await loggedIn("eve");
    const text = { text: rollout("v1"), origin: place.dir };
    expect(codeIn(await act(eve, "/v1/apply", text))).toBe("SERIN_FORBIDDEN");
    expect((await apply("v1")).status).toBe(200);
    expect(codeIn(await apply("v2", "staging"))).toBe("SERIN_FORBIDDEN");
    expect(codeIn(await ask(ci, "/v1/apply", { method: "POST", json: { ...text, actor: "ann" } }))).toBe(
      "SERIN_NOT_YOU",
    );
  });

  test("is shown to who may view it", async () => {
    const eve = await loggedIn("eve");
    expect((await eve.browser.call(`${origin}/v1/services/app`)).status).toBe(403);
    expect(JSON.parse((await eve.browser.call(`${origin}/v1/services`)).text)).toMatchObject({ items: [], total: 0 });
    expect(JSON.parse((await ask(ci, "/v1/services")).text)).toMatchObject({ total: 1 });
  });

  test("goes on when somebody else has approved it", async () => {
    expect((await wait()).rollout?.waiting?.text).toBe(
      "shall everybody get it?: has 0 of 1 approvals, none of ci, who has started it",
    );
    const promote = { kind: "promote", reason: "looks well" };
    expect(codeIn(await ask(ci, "/v1/services/app/commands", { method: "POST", json: promote }))).toBe(
      "SERIN_FORBIDDEN",
    );
    const ben = await loggedIn("ben");
    expect(codeIn(await act(ben, "/v1/services/app/commands", { kind: "pause", reason: "" }))).toBe("SERIN_FORBIDDEN");
    expect((await act(ben, "/v1/services/app/commands", promote)).status).toBe(200);
    await until("v1 is promoted", async () => {
      const view = JSON.parse((await ask(admin, "/v1/services/app")).text) as ServiceView;
      return view.rollout?.outcome === "promoted";
    });
  });

  test("is not approved by who has started it", async () => {
    const ann = await loggedIn("ann");
    const applied = await act(ann, "/v1/apply", { text: rollout("v2"), origin: place.dir, reason: "mine" });
    expect([applied.status, applied.text]).toEqual([200, expect.any(String)]);
    await wait();
    const page = await act(ann, "/v1/services/app/commands", { kind: "promote", full: true, reason: "mine, too" });
    expect([page.status, codeIn(page)]).toEqual([409, "SERIN_FOUR_EYES"]);
    expect((await act(ann, "/v1/services/app/commands", { kind: "abort", reason: "never mind" })).status).toBe(200);
  });
});

test("what was granted can be taken away while the controller runs", async () => {
  const page = (): Promise<Page> => ask(ci, "/v1/whoami");
  expect((await page()).status).toBe(200);
  await writeFile(
    join(place.dir, "access.yaml"),
    file().replace("  - { actor: ci,", "  - { actor: nobody,").replace(ci.sha256, newToken().sha256),
  );
  await until("the token is over", async () => (await page()).status === 401);
  await writeFile(join(place.dir, "access.yaml"), file().replace("grants:", "grant:"));
  await until("the mistake is told of", async () =>
    (await readFile(join(place.dir, "log.jsonl"), "utf8")).includes("did you mean grants?"),
  );
  expect((await page()).status).toBe(401);
  await writeFile(join(place.dir, "access.yaml"), file());
  await until("it is one again", async () => (await page()).status === 200);
});

test("a certificate that was renewed is used at once", async () => {
  const served = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(
        { port: Number(new URL(origin).port), host: "127.0.0.1", rejectUnauthorized: false },
        () => {
          resolve(socket.getPeerCertificate().subject.CN as string);
          socket.destroy();
        },
      );
      socket.on("error", reject);
    });
  expect(await served()).toBe("serin");
  makeCertificate(place.dir, "renewed", "renewed");
  for (const kind of ["pem", "key"])
    await copyFile(join(place.dir, `renewed.${kind}`), join(place.dir, `serin.${kind}`));
  await until("the new one is served", async () => (await served()) === "renewed");
  ca = await readFile(join(place.dir, "renewed.pem"), "utf8");
});

describe("the audit log", () => {
  test("has who asked for what, before it was done and after, and what was refused", async () => {
    expect(codeIn(await ask(ci, "/v1/audit"))).toBe("SERIN_FORBIDDEN");
    const { items } = JSON.parse((await ask(admin, "/v1/audit?limit=1000")).text) as { items: AuditEntry[] };
    const asked = items.find(
      ({ kind, what, actor }) => kind === "asked" && what === "promote" && actor === "ben@example.com",
    );
    expect(asked).toMatchObject({ login: "oidc", from: "127.0.0.1", service: "app", reason: "looks well" });
    expect(items.find(({ of }) => of === asked?.seq)).toMatchObject({ kind: "answered", answer: "app/1 goes on" });
    expect(items).toContainEqual(
      expect.objectContaining({ kind: "refused", actor: "ci", what: "promote", answer: "SERIN_FORBIDDEN" }),
    );
    expect(items).toContainEqual(
      expect.objectContaining({ kind: "answered", answer: expect.stringContaining("SERIN_FOUR_EYES") }),
    );
    expect(items).toContainEqual(expect.objectContaining({ kind: "denied", what: "GET /v1/services" }));
    expect(items).toContainEqual(expect.objectContaining({ kind: "login", actor: "eve@example.com" }));
  });

  test("is verified, and tells of what was changed", async () => {
    const check = JSON.parse((await ask(admin, "/v1/audit/verify")).text) as { ok: boolean; head: string };
    expect(check.ok).toBe(true);
    const log = await readFile(join(place.dir, "log.jsonl"), "utf8");
    expect(log).toContain(check.head);
    const verify = (...more: string[]) => serin(["audit", "verify", "--state", place.state, "--json", ...more]);
    expect(JSON.parse((await verify("--head", check.head)).out)).toMatchObject({ ok: true });
    expect((await serin(["audit", "--state", place.state])).out).toContain('"looks well"');
    const db = new DatabaseSync(join(place.state, "audit.db"));
    db.exec("UPDATE audit SET entry = replace(entry, 'looks well', 'looked bad')");
    db.close();
    const after = await verify();
    expect([after.code, JSON.parse(after.out)]).toEqual([1, expect.objectContaining({ ok: false })]);
  });
});
