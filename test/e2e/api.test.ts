// Does the API of a real controller do what its description says, and nothing that it should not?
import { readFileSync, readFile } from "node:fs";
import { connect as openSocket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, Stale, type Client } from "../../src/api/client.ts";
import type { StreamEvent } from "../../src/api/contract.ts";
import type { Door } from "../../src/api/server.ts";
import { rolloutFile, until } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";
import { explore, HAS_SCHEMATHESIS } from "./schemathesis.ts";

const SECRET = "hunter2-swordfish";

/** Nobody asks the service for anything, so that there is nothing to compare. */
const file = (version: string): string =>
  rolloutFile(version, { env: `API_KEY: ${SECRET}`, analysis: "  analysis: { enabled: false }" });

let scene: Scene;
let door: Door;
let client: Client;

beforeAll(async () => {
  scene = await openScene();
  door = JSON.parse(await promisify(readFile)(join(scene.place.state, "controller.json"), "utf8")) as Door;
  client = connect(door);
  await scene.ended(await scene.apply(file("v1")));
});
afterAll(() => scene.close());

const asking = { actor: "ana", reason: "a test" };
const byToken = (): { authorization: string } => ({ authorization: `Bearer ${door.token}` });
const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${door.url}${path}`, init);
const post = (path: string, body: unknown, headers: Record<string, string> = byToken()): Promise<Response> =>
  ask(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

test("a rollout is followed over connections that are cut, and every decision is told once", async () => {
  const { position } = await client.page();
  const told: StreamEvent[] = [];
  const isOver = (): boolean =>
    told.some((event) => event.type === "record" && event.data.kind === "ended" && event.data.rollout === 2);
  const number = scene.apply(file("v2"));
  for (let from = position, connections = 0; !isOver(); connections += 1) {
    expect(connections).toBeLessThan(200);
    const cut = new AbortController();
    let left = 3;
    for await (const event of client.events({ from, signal: cut.signal })) {
      told.push(event);
      from = event.id;
      if ((left -= 1) === 0 || isOver()) break;
    }
    cut.abort();
  }
  const versions = told.flatMap((event) => (event.type === "record" ? [event.data.version] : []));
  const decided = await scene.decisions(await number);
  expect(versions).toEqual(decided.map(({ version }) => version));
  expect(told.filter(({ type }) => type === "reset")).toEqual([]);
  const rows = told.flatMap((event) => (event.type === "service" ? [event.data] : []));
  expect(rows.length).toBeGreaterThan(1);
  expect(rows.at(-1)).toMatchObject({ service: "app", rollout: { number: 2 } });
});

test("a command on an old view is refused with what has changed since, by the API and by the command line", async () => {
  const { version } = await client.get("app");
  const refused = await client
    .command("app", { ...asking, kind: "pause", expected: version - 2 })
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Stale);
  const { changes, trouble } = refused as Stale;
  expect([trouble.code, (refused as Stale).version]).toEqual(["SERIN_STALE", version]);
  expect(changes.map((change) => change.version)).toEqual(
    (await client.records("app", version - 2, 100)).map((record) => record.version),
  );
  const said = await scene.say("pause", "app", "--if-version", String(version - 2));
  expect([said.code, said.err]).toEqual([1, expect.stringContaining("SERIN_STALE")]);
  const gone = await ask(`/v1/services/app?expected=${version - 2}`, { method: "DELETE", headers: byToken() });
  expect(gone.status).toBe(409);
});

test("revisions are told without their secrets, and in what they differ", async () => {
  const [stable, former] = await client.revisions("app");
  expect(stable).toMatchObject({ is: ["stable"], rollouts: [2], kind: "processes", env: { API_KEY: "***" } });
  expect(former).toMatchObject({ rollouts: [1], differs: ["env.VERSION"] });
  expect((await client.logs("app", { lines: 1 })).items).toMatchObject([{ pool: "2-canary" }, { pool: "2-canary" }]);
  await expect(client.logs("app", { pool: "v9" })).rejects.toMatchObject({ trouble: { code: "SERIN_NO_LOG" } });
});

test("a rollout is reported on to programs, in a browser and for a pull request, without secrets", async () => {
  expect(await client.report("app", 2)).toMatchObject({ name: "app/2", state: "promoted", isOver: true });
  const page = await client.reportText("app", 2, "html");
  expect(page).toMatch(/^<!doctype html>.*<h1>app\/2 was promoted/su);
  const opened = await ask("/v1/services/app/rollouts/2/report", { headers: { ...byToken(), accept: "text/html" } });
  expect(await opened.text()).toBe(page);
  const said = await scene.say("explain", "app/2", "--report", join(scene.place.dir, "report.md"));
  expect(said.code, said.err).toBe(0);
  const written = await promisify(readFile)(join(scene.place.dir, "report.md"), "utf8");
  expect(await client.reportText("app", 2, "markdown")).toBe(written);
  expect(leaks(page + written)).toEqual([]);
  await expect(client.report("app", 9)).rejects.toMatchObject({ trouble: { code: "SERIN_UNKNOWN_ROLLOUT" } });
});

test("a file is rehearsed beside the controller, for whoever stays to hear of it, and a few at a time", async () => {
  const request = { text: rolloutFile("v3"), origin: scene.place.dir, scenario: "errors-5", runs: 2 };
  const { rehearsal } = await client.rehearse(request);
  expect(rehearsal).toMatchObject({ service: "app", isCut: false, scenarios: [{ runs: 2, endings: [{}] }] });
  const gone = new AbortController();
  const much = JSON.stringify({ ...request, scenario: "good", runs: 1_000 });
  const headers = { "content-type": "application/json", ...byToken() };
  // One at work and two that wait: there is no room for the fourth, whichever that is.
  const long = [1, 2, 3, 4].map(() =>
    ask("/v1/rehearse", { method: "POST", headers, body: much, signal: gone.signal }).catch(() => undefined),
  );
  const busy = await Promise.race(long);
  expect([busy?.status, Number(busy?.headers.get("retry-after"))]).toEqual([503, expect.toSatisfy((s) => s > 0)]);
  expect(await busy?.json()).toMatchObject({ trouble: { code: "SERIN_BUSY" } });
  gone.abort();
  expect((await Promise.all(long)).filter((answer) => answer === undefined)).toHaveLength(3);
  const began = performance.now();
  await until("room again", async () => (await post("/v1/rehearse", { ...request, runs: 1 })).ok);
  // A thousand of them, three times, would not be over: whoever went away has taken them along.
  expect(performance.now() - began).toBeLessThan(25_000);
  expect((await client.get("app")).rollout?.number).toBe(2);
});

test("pages are cut where they are asked to be, and an unchanged view is not sent again", async () => {
  expect(await client.page({ limit: 1 })).toMatchObject({ total: 1, items: [{ service: "app", health: "well" }] });
  expect(await client.page({ q: "nothing" })).toMatchObject({ total: 0, items: [] });
  expect(await client.page({ strategy: "canary", phase: "ended" })).toMatchObject({ total: 1 });
  const group = await ask("/v1/groups/release%2Fnone", { headers: byToken() });
  expect(group.status).toBe(404);
  const planned = await client.planFile(rolloutFile("v3"), scene.place.dir);
  expect(planned).toMatchObject({ ok: true, plan: { service: "app", strategy: "canary" } });
  expect(await client.planFile("kind: Rollout", "/")).toMatchObject({ ok: false });
  await expect(client.plan("app")).rejects.toMatchObject({ trouble: { code: "SERIN_NOTHING_PLANNED" } });
  await expect
    .poll(async () => {
      const etag = (await ask("/v1/services/app", { headers: byToken() })).headers.get("etag") ?? "";
      return (await ask("/v1/services/app", { headers: { ...byToken(), "if-none-match": etag } })).status;
    })
    .toBe(304);
});

test("a page of another site can do nothing, and neither can a program without the token", async () => {
  const { port } = new URL(door.url);
  const by = async (path: string, headers: Record<string, string>, method = "GET"): Promise<number> =>
    statusOf(await raw(`${method} ${path} HTTP/1.1`, { host: `127.0.0.1:${port}`, ...headers }));
  // A browser that opens the dashboard.
  expect(await by("/v1/whoami", {})).toBe(200);
  expect(await by("/v1/whoami", { host: `localhost:${port}`, "sec-fetch-site": "same-origin" })).toBe(200);
  // A name of somebody else's that points to this machine.
  expect(await by("/v1/whoami", { host: `evil.example:${port}` })).toBe(421);
  expect(await by("/v1/whoami", { ...byToken(), host: `evil.example:${port}` })).toBe(421);
  expect(await by("/v1/whoami", { "sec-fetch-site": "cross-site" })).toBe(403);
  const pause = "/v1/services/app/commands";
  const json = { "content-type": "application/json", "content-length": "0" };
  expect(await by(pause, json, "POST")).toBe(403);
  expect(await by(pause, { ...json, origin: "http://evil.example" }, "POST")).toBe(403);
  expect(await by(pause, { ...json, origin: "null" }, "POST")).toBe(403);
  expect(await by(pause, { ...json, origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-site" }, "POST")).toBe(
    403,
  );
  expect(await by(pause, { ...json, origin: `http://127.0.0.1:${port}` }, "POST")).toBe(400);
  const form = { "content-type": "text/plain", "content-length": "0", origin: `http://127.0.0.1:${port}` };
  expect(await by(pause, form, "POST")).toBe(415);
  expect(await by("/v1/services/app", { "content-length": "0" }, "DELETE")).toBe(403);
  // A wrong token is not taken for none.
  expect(await by("/v1/whoami", { authorization: "Bearer 0" })).toBe(401);
});

/** Sends a request as it stands: a client would put its path in order. */
function raw(line: string, headers: Readonly<Record<string, string>>, body = ""): Promise<string> {
  const { port } = new URL(door.url);
  return new Promise((resolve, reject) => {
    let answer = "";
    const fields = Object.entries({ connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    const socket = openSocket(Number(port), "127.0.0.1", () =>
      socket.write(`${line}\r\n${fields.join("")}\r\n${body}`),
    );
    socket.setEncoding("utf8").on("data", (part: string) => {
      answer += part;
    });
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${line}`)));
    socket.on("close", () => resolve(answer)).on("error", reject);
  });
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/u.exec(answer)?.[1]);

/** Ids that mean something to a file system, a database, a shell, a page, a template or an object. */
const IDS = [
  "../../../../etc/passwd",
  "..%2f..%2f..%2f..%2fetc%2fpasswd",
  "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
  "..%252f..%252fetc%252fpasswd",
  "....//....//etc/passwd",
  "..%5c..%5cetc%5cpasswd",
  "%c0%ae%c0%ae/etc/passwd",
  "/etc/passwd",
  "file:///etc/passwd",
  "app%00",
  "app%00.json",
  "app%0d%0aset-cookie:%20a=1",
  "app'%20OR%20'1'='1",
  "app';DROP%20TABLE%20services;--",
  "app%22%20UNION%20SELECT%20state%20FROM%20services--",
  "$(id)",
  "`id`",
  "%7Bid%7D;id",
  "%3Cscript%3Ealert(1)%3C/script%3E",
  "%7B%7B7*7%7D%7D",
  "$%7Bjndi:ldap://127.0.0.1/a%7D",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "facade%2f..%2f..%2fapp",
  "release%2f",
  "%F0%9F%92%A9",
  "%ff%fe",
  "%",
  "a".repeat(261),
  "a".repeat(10_000),
];

/** What no answer may hold: the machine's files, the secrets of a service, the controller's token, its folders, its code. */
function leaks(text: string): readonly string[] {
  const { hostname } = new URL(door.url);
  const told = text.replaceAll(hostname, "");
  const never = ["root:x:", SECRET, door.token, scene.place.state, "node_modules", ".ts:", "    at ", "sqlite", "uid="];
  return never.filter((one) => told.includes(one));
}

/** An answer that is no failure of ours, holds nothing secret, and cannot be taken for a page. */
function expectHarmless(what: string, answer: string): void {
  const [head = "", ...rest] = answer.split("\r\n\r\n");
  const body = rest.join("");
  expect({ what, status: statusOf(answer), leaks: leaks(answer) }).toEqual({
    what,
    status: expect.toSatisfy((status: number) => status >= 200 && status < 500),
    leaks: [],
  });
  expect(head).not.toMatch(/^set-cookie/imu);
  const isPage = /^content-type: text\/html/imu.test(head);
  expect(isPage && body.includes("<script>alert")).toBe(false);
}

test("no id leads out of what there is, into a database, a shell or a page", async () => {
  const host = new URL(door.url).host;
  const places = [
    (id: string) => `/v1/services/${id}`,
    (id: string) => `/v1/services/${id}/records`,
    (id: string) => `/v1/services/${id}/revisions`,
    (id: string) => `/v1/services/${id}/plan`,
    (id: string) => `/v1/services/${id}/rollouts/1/report?format=html`,
    (id: string) => `/v1/services/app/rollouts/${id}/report`,
    (id: string) => `/v1/services/app/rollouts/1/report?format=${id}`,
    (id: string) => `/v1/groups/${id}`,
    (id: string) => `/v1/services?q=${id}`,
    (id: string) => `/v1/services?cursor=${id}`,
    (id: string) => `/v1/services?strategy=${id}`,
    (id: string) => `/v1/services/app/records?after=${id}`,
    (id: string) => `/v1/events?service=${id}`,
    (id: string) => `/v1/${id}`,
    (id: string) => `/${id}`,
    (id: string) => `/assets/${id}`,
  ];
  for (const id of IDS) {
    for (const place of places) {
      const path = place(id);
      expectHarmless(path, await raw(`GET ${path} HTTP/1.1`, { host, ...byToken() }));
    }
    const path = `/v1/services/${id}`;
    expectHarmless(path, await raw(`DELETE ${path} HTTP/1.1`, { host, ...byToken() }));
    const body = JSON.stringify({ ...asking, kind: "undo", to: id.slice(0, 64) });
    const headers = { host, ...byToken(), "content-type": "application/json", "content-length": String(body.length) };
    expectHarmless(`undo to ${id}`, await raw("POST /v1/services/app/commands HTTP/1.1", headers, body));
    expectHarmless(`commands of ${id}`, await raw(`POST ${path}/commands HTTP/1.1`, headers, body));
  }
  expect(await client.get("app")).toMatchObject({ service: "app", health: "well" });
});

test("no body does more than it says, and a file that is no rollout tells nothing of this machine", async () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const before = (await client.get("app")).version;
  const bodies: unknown[] = [
    "",
    "{",
    "null",
    "[]",
    '"x"',
    "1e999",
    deep,
    `{"kind":"pause","actor":"a","reason":${deep}}`,
    '{"__proto__":{"kind":"abort"},"actor":"a"}',
    '{"constructor":{"prototype":{"kind":"abort"}},"kind":1}',
    { ...asking, kind: "abort", extra: 1 },
    { ...asking, kind: ["abort"] },
    { ...asking, kind: "pause", expected: -1 },
    { ...asking, kind: "pause", expected: 1e300 },
    { ...asking, kind: "scale", replicas: 1_000_000 },
    { ...asking, kind: "undo", to: "../../etc/passwd" },
    { actor: "", reason: "", kind: "pause" },
    { actor: "a".repeat(201), reason: "", kind: "pause" },
  ];
  for (const body of bodies) {
    const answer = await post("/v1/services/app/commands", body);
    const text = await answer.text();
    const what = JSON.stringify(body).slice(0, 100);
    expect({ what, status: answer.status, leaks: leaks(text) }).toEqual({
      what,
      status: expect.toSatisfy((status: number) => [400, 409].includes(status)),
      leaks: [],
    });
  }
  const files = [
    "",
    "../../etc/passwd",
    "!!js/function 'function(){ return 1 }'",
    "a: &a [*a]",
    `a: &a [x]\nb: &b [${"*a,".repeat(50)}]\nc: &c [${"*b,".repeat(50)}]\nd: [${"*c,".repeat(50)}]`,
    rolloutFile("v9", { analysis: "  analysis: { judge: kayenta, config: /etc/passwd, lifetime: 1m }" }),
    rolloutFile("v9", { analysis: "  analysis: { judge: kayenta, config: ../../../../etc/passwd, lifetime: 1m }" }),
  ];
  for (const path of ["/v1/plan", "/v1/rehearse", "/v1/apply"]) {
    for (const text of files) {
      const answer = await post(path, { ...(path === "/v1/apply" && asking), text, origin: scene.place.dir });
      const said = await answer.text();
      expect({ text, status: answer.status, leaks: leaks(said) }).toEqual({
        text,
        status: path === "/v1/apply" ? 400 : 200,
        leaks: [],
      });
      expect(JSON.parse(said)).toMatchObject(path === "/v1/apply" ? { status: 400 } : { ok: false });
    }
  }
  expect((await client.get("app")).version).toBe(before);
});

/** What every answer must say to a browser. */
const WANTED: Readonly<Record<string, RegExp>> = {
  "content-security-policy": /^default-src 'none'(?!.*unsafe)/u,
  "cross-origin-opener-policy": /^same-origin$/u,
  "cross-origin-resource-policy": /^same-origin$/u,
  "permissions-policy": /camera=\(\)/u,
  "referrer-policy": /^no-referrer$/u,
  "x-content-type-options": /^nosniff$/u,
  "x-frame-options": /^DENY$/u,
};

test("the headers of every kind of answer are those that they must be", async () => {
  const stream = new AbortController();
  const answers = await Promise.all([
    ask("/v1/services", { headers: byToken() }),
    ask("/v1/services/app", { headers: byToken() }),
    ask("/v1/services/none", { headers: byToken() }),
    ask("/v1/services/app/rollouts/2/report?format=html", { headers: byToken() }),
    ask("/v1/openapi.json", { headers: byToken() }),
    ask("/v1/nothing", { headers: byToken() }),
    ask("/v1/services", { method: "PUT", headers: byToken() }),
    ask("/v1/services", { method: "OPTIONS", headers: { ...byToken(), origin: "http://evil.example" } }),
    ask("/v1/whoami", { headers: { authorization: "Bearer 0" } }),
    ask("/v1/events", { headers: byToken(), signal: stream.signal }),
    ask("/"),
    ask("/services/app"),
    ask("/assets/none.js"),
    post("/v1/apply", "x".repeat(5_000_000)),
    post("/v1/apply", "{"),
  ]);
  for (const answer of answers) {
    const { headers, status, url } = answer;
    const what = `${status} ${url}`;
    for (const [name, right] of Object.entries(WANTED)) expect(headers.get(name), `${name} of ${what}`).toMatch(right);
    expect(headers.get("cache-control"), what).toMatch(/no-store|no-cache/u);
    const type = status === 204 ? "" : (headers.get("content-type") ?? "");
    expect(type, what).toMatch(/^(?:application\/(?:problem\+)?json|text\/(?:plain|html|event-stream))/u);
    const isProblem = url.includes("/v1/") && status >= 400;
    expect(type === "application/problem+json", what).toBe(isProblem);
    // Who serves, and other origins, are nobody's business.
    for (const name of ["server", "x-powered-by", "access-control-allow-origin", "set-cookie"])
      expect(headers.get(name), `${name} of ${what}`).toBeNull();
  }
  stream.abort();
});

test.skipIf(!HAS_SCHEMATHESIS)(
  "schemathesis finds no answer that the description does not tell of, and no failure of ours",
  async () => {
    const [code, said] = await explore(door, { seconds: 40, dir: scene.place.dir });
    expect(code, said).toBe(0);
    expect(said).toMatch(/\d{3,} generated/u);
    expect(leaks(readFileSync(new URL("../../schema/openapi.json", import.meta.url), "utf8"))).toEqual([]);
  },
);
