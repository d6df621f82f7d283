// Does Serin tell a secret to anybody, when everybody who is told one tells it back?
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newToken } from "../../src/api/access/tokens.ts";
import type { Door } from "../../src/api/server.ts";
import { Browser, type Page } from "../support/browser.ts";
import { clients, makePlace, rolloutFile, serin, start, until, type Clients, type Place } from "./harness.ts";

/** Every secret of the test, by where it stands. Each is read from the environment or from a file, as its name says. */
const secrets = new Map<string, string>();
const ci = newToken();
let place: Place;
let mirror: Server;
let url: string;
let controller: ChildProcess;
let output = "";
let load: Clients | undefined;

/** `{ env: … }` of a new secret. */
function env(name: string, value = `sEcRet/${name}+${randomBytes(12).toString("base64")}`): string {
  secrets.set(name, value);
  process.env[`TEST_SECRET_${name}`] = value;
  return `{ env: TEST_SECRET_${name} }`;
}

/** `{ file: … }` of a new secret. */
async function file(name: string): Promise<string> {
  const value = `sEcRet/${name}+${randomBytes(12).toString("base64")}`;
  secrets.set(name, value);
  await place.write(`${name}.secret`, `${value}\n`);
  return `{ file: ${name}.secret }`;
}

/** A secret that is the end of an address. */
function address(name: string): string {
  const path = randomBytes(18).toString("hex");
  const reference = env(name, `${url}/${path}`);
  secrets.set(name, path);
  return reference;
}

/** A query of each source, so that each is asked. */
async function analysis(): Promise<string> {
  const sources = {
    prom: `prometheus: { url: "${url}", every: 1s, basic: { user: ${env("promUser")}, password: ${await file("promPassword")} }, headers: { x-a: ${env("promHeader")} } }`,
    page: `json: { url: ${address("jsonUrl")}, every: 1s, bearer: ${await file("jsonBearer")}, headers: { x-b: ${env("jsonHeader")} } }`,
    own: `command: { command: [sh, -c, "echo $TOKEN; echo $TOKEN >&2; exit 3"], every: 1s, env: { TOKEN: ${env("commandEnv")} } }`,
    dd: `datadog: { url: "${url}", every: 1s, step: 1s, delay: 1s, apiKey: ${env("ddApi")}, appKey: ${await file("ddApp")} }`,
    influx: `influxdb: { url: "${url}", every: 1s, org: shop, token: ${env("influxToken")} }`,
    graphite: `graphite: { url: "${url}", every: 1s, bearer: ${env("graphiteBearer")} }`,
    nr: `newrelic: { url: "${url}", every: 1s, account: 1, apiKey: ${await file("nrKey")} }`,
    dt: `dynatrace: { url: "${url}", every: 1s, step: 1s, token: ${env("dtToken")} }`,
    gc: `googleCloud: { url: "${url}", every: 1s, project: shop, bearer: ${env("gcBearer")} }`,
    splunk: `splunk: { url: "${url}", every: 1s, basic: { user: u, password: ${env("splunkPassword")} } }`,
    cw: `cloudwatch: { url: "${url}", every: 1s, step: 1s, delay: 1s, region: eu-central-1, accessKeyId: ${env("cwId")}, secretAccessKey: ${env("cwKey")}, sessionToken: ${env("cwSession")} }`,
  };
  const queries: Record<string, string> = {
    page: "$.{{role}}",
    influx: "from(bucket: 's') |> range(start: {{from}}, stop: {{to}}) |> filter(fn: (r) => r.role == '{{role}}')",
    nr: "SELECT average(d) FROM T WHERE role = '{{role}}'",
    cw: "SELECT AVG(Load) FROM Shop WHERE role = '{{role}}'",
  };
  const metrics = Object.keys(sources).map(
    (name) =>
      `      - { kind: gauge, name: of-${name}, source: ${name}, query: ${JSON.stringify(queries[name] ?? "up{role={{role}}}")}, max: 5 }`,
  );
  const alerts = `    alerts: [{ url: "${url}/alerts", bearer: ${env("alertsBearer")}, effect: hold }]`;
  return [
    "  analysis:",
    "    warmup: 0s",
    "    sources:",
    ...Object.entries(sources).map(([name, source]) => `      ${name}: { ${source} }`),
    "    metrics:",
    "      - { preset: success-rate }",
    ...metrics,
    alerts,
  ].join("\n");
}

async function hooks(): Promise<string> {
  const shell = `[sh, -c, "echo $TOKEN $OTHER; echo $OTHER >&2; exit 1"]`;
  return [
    "  hooks:",
    `    - { name: asked, at: before, onFailure: goOn, http: { url: ${address("hookUrl")}, headers: { x-c: ${env("hookHeader")}, x-d: ${await file("hookFile")} } } }`,
    `    - { name: run, at: before, onFailure: goOn, command: ${shell}, env: { TOKEN: ${env("hookEnv")}, OTHER: ${await file("hookEnvFile")} } }`,
    "  notify:",
    `    - { name: web, http: { url: ${address("notifyUrl")}, headers: { authorization: ${env("notifyHeader")} } } }`,
    `    - { name: chat, slack: { url: ${address("slackUrl")} } }`,
    `    - { name: cmd, command: ${shell}, env: { TOKEN: ${env("notifyEnv")}, OTHER: ${env("notifyOther")} } }`,
    `    - { name: mail, email: { smtp: "127.0.0.1:1", from: a@example.com, to: [b@example.com], user: ${env("mailUser")}, password: ${env("mailPassword")} } }`,
  ].join("\n");
}

let rollout: (version: string) => string;

beforeAll(async () => {
  place = await makePlace();
  // It repeats all that it is told, and is never of use.
  mirror = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => {
      body += part.toString();
    });
    request.on("end", () => {
      const { authorization = "" } = request.headers;
      const basic = Buffer.from(authorization.replace(/^Basic /u, ""), "base64").toString();
      response.statusCode = 400;
      response.end(
        JSON.stringify({ message: `${authorization} ${basic} ${request.url}`, headers: request.headers, body }),
      );
    });
  });
  await new Promise<void>((resolve) => mirror.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}`;
  secrets.set("workload", `sEcRet/workload+${randomBytes(12).toString("base64")}`);
  const [extra, judged] = [await hooks(), await analysis()];
  rollout = (version) =>
    rolloutFile(version, {
      replicas: 1,
      env: `PASSWORD: ${JSON.stringify(`${secrets.get("workload")}${version}`)}`,
      strategy: "canary: { steps: [{ weight: 50%, gate: look }] }",
      analysis: judged,
      extra,
    });
  secrets.set("token", ci.token);
  await place.write(
    "access.yaml",
    `origin: http://127.0.0.1:7070\ntokens: [{ actor: ci, sha256: ${ci.sha256} }]\ngrants: [{ who: { actors: [ci] }, role: administer }]\noidc: { issuer: "${url}", clientId: serin, clientSecret: ${await file("oidc")} }\n`,
  );
  const more = ["--access", join(place.dir, "access.yaml"), "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"];
  controller = start(["serve", "--state", place.state, "--json", "--log-level", "debug", ...more]);
  for (const stream of [controller.stdout, controller.stderr])
    stream?.on("data", (part: Buffer) => {
      output += part.toString();
    });
  await until("it serves", async () => output.includes("dashboard and API at"));
  const door = JSON.parse(await readFile(join(place.state, "controller.json"), "utf8")) as Door;
  secrets.set("door", door.token);
});

afterAll(async () => {
  await load?.stop();
  controller.kill("SIGKILL");
  await place.remove();
  mirror.closeAllConnections();
  mirror.close();
});

const formsOf = (value: string): string[] => [
  value,
  JSON.stringify(value).slice(1, -1),
  encodeURIComponent(value),
  Buffer.from(value).toString("base64").replace(/=+$/u, "").slice(0, -2),
  Buffer.from(value).toString("base64url").slice(0, -2),
];

/** Secrets in a text, as they stand or as somebody may have written them down. */
const found = (text: string): string[] =>
  [...secrets].filter(([, value]) => formsOf(value).some((form) => text.includes(form))).map(([name]) => name);

test("no answer, log, report or line of the audit log holds one", async () => {
  const api = /dashboard and API at (http:\S+?)"/u.exec(output)?.[1] ?? "";
  const ask = (path: string, call: Parameters<Browser["call"]>[1] = {}): Promise<Page> =>
    new Browser().call(`${api}${path}`, { ...call, headers: { authorization: `Bearer ${ci.token}` } });
  const post = (path: string, json: unknown): Promise<Page> => ask(path, { method: "POST", json });
  const told = new Map<string, string>();
  const tell = async (what: string, page: Promise<Page>): Promise<Page> => {
    const got = await page;
    told.set(what, `${JSON.stringify(got.headers)}${got.text}`);
    return got;
  };
  const apply = (version: string) => post("/v1/apply", { text: rollout(version), origin: place.dir, reason: "ship" });
  const view = async () => JSON.parse((await tell("view", ask("/v1/services/app"))).text) as Record<string, never>;

  const first = await tell("apply v1", apply("v1"));
  expect([first.status, first.text]).toEqual([200, expect.any(String)]);
  await until("v1 serves", async () => (await view())["rollout"]?.["outcome"] === "promoted");
  load = clients(String((await view())["address"]), 4);
  await tell("apply v2", apply("v2"));
  // What the alerts' server has told back holds the verdict.
  await until("it has read the alerts", async () => JSON.stringify(await view()).includes("answered 400"));
  await until("it was told of hooks and receivers", async () => {
    const { text } = await ask("/v1/services/app/records?limit=1000");
    return text.includes("asked") && text.includes("run") && output.includes('"name":"mail"');
  });
  for (const path of ["records?limit=1000", "revisions", "plan", "report", "logs"])
    await tell(path, ask(`/v1/services/app/${path}`));
  for (const path of ["services", "groups", "whoami", "openapi.json", "login"]) await tell(path, ask(`/v1/${path}`));
  await tell("plan of a file", post("/v1/plan", { text: rollout("v3"), origin: place.dir }));
  for (const [name, wrong] of [
    [
      "password",
      rollout("v3").replace(/password: \{[^}]*\}/u, `password: ${JSON.stringify(secrets.get("promPassword"))}`),
    ],
    ["bearer", rollout("v3").replace(/bearer: \{[^}]*\}/u, `bearer: ${JSON.stringify(secrets.get("jsonBearer"))}`)],
    ["key", rollout("v3").replace(/apiKey: \{[^}]*\}/u, `apiKey: ${JSON.stringify(secrets.get("ddApi"))}`)],
  ] as const) {
    const page = await tell(`a ${name} in the file itself`, post("/v1/apply", { text: wrong, origin: place.dir }));
    expect([name, page.status]).toEqual([name, 400]);
  }
  await tell("abort", post("/v1/services/app/commands", { kind: "abort", reason: "enough" }));
  await until("it is over", async () => (await view())["rollout"]?.["phase"] === "ended");
  await tell("audit", ask("/v1/audit?limit=1000"));
  const stream = await fetch(`${api}/v1/events?service=app`, { headers: { authorization: `Bearer ${ci.token}` } });
  const part = await stream.body?.getReader().read();
  told.set("events", Buffer.from(part?.value ?? []).toString());
  const state = ["--state", place.state];
  const report = (kind: string): string => join(place.dir, `report.${kind}`);
  await place.write("rollout.yaml", rollout("v3"));
  for (const args of [
    ["get", "app", ...state],
    ["get", "app", "--json", ...state],
    ["explain", "app", ...state],
    ["explain", "app", "--report", report("html"), ...state],
    ["explain", "app", "--report", report("md"), ...state],
    ["history", "app", "--json", ...state],
    ["audit", "--json", ...state],
    ["plan", join(place.dir, "rollout.yaml"), ...state],
  ]) {
    const { out, err, code } = await serin(args);
    expect([args.join(" "), code, err]).toEqual([args.join(" "), 0, expect.any(String)]);
    told.set(args.join(" "), out + err);
  }
  for (const kind of ["html", "md"]) told.set(`report.${kind}`, await readFile(report(kind), "utf8"));
  const metrics = /metrics at (http:\S+?)"/u.exec(output)?.[1] ?? "";
  told.set("metrics", await (await fetch(metrics)).text());
  told.set("log", output);

  expect(told.get("view")).toContain("***");
  const leaks = [...told].map(([what, text]) => [what, found(text)] as const).filter(([, names]) => names.length > 0);
  expect(leaks).toEqual([]);
});
