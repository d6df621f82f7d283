// Do configuration files, certificates, gates and restarts of the controller work as a person expects?
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { request as requestTls } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect, test, type TestContext } from "vitest";
import type { RolloutView, ServiceView } from "../../src/api/contract.ts";
import type { DecisionRecord, Ended } from "../../src/core/engine/state.ts";
import { clients, kill, makePlace, rolloutFile, serin, until, type Clients } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";

const HAS_OPENSSL = spawnSync("openssl", ["version"]).status === 0;
const GATE = "canary: { steps: [{ weight: 40%, gate: look at it }, { weight: 80%, hold: 300ms }] }";

async function begin({ onTestFinished }: TestContext): Promise<Scene> {
  const scene = await openScene();
  onTestFinished(() => scene.close());
  return scene;
}

function load({ onTestFinished }: TestContext, address: string | undefined): Clients {
  const seen = clients(address ?? "", 4, 5);
  onTestFinished(() => seen.stop());
  return seen;
}

const atGate = (scene: Scene): Promise<RolloutView> =>
  scene.see("the gate", ({ rollout }) => rollout?.waiting?.for === "person" && rollout);

/** Process ids of the replicas of a pool. */
async function replicasOf(scene: Scene, pool: string): Promise<readonly number[]> {
  const running = await scene.place.processes();
  const mark = new RegExp(`(?:^|[\\0 ])SERIN_POOL=${pool}(?:[\\0 ]|$)`, "u");
  return running.filter(({ environment }) => mark.test(environment)).map(({ pid }) => pid);
}

/** The contents of the configuration that answers come with, over some requests. */
async function settingsOf(address: string): Promise<readonly string[]> {
  const seen = new Set<string>();
  for (let asked = 0; asked < 40; asked += 1) {
    const answer = await fetch(address);
    await answer.arrayBuffer();
    seen.add(answer.headers.get("x-settings") ?? `status ${answer.status}`);
  }
  return [...seen].toSorted();
}

test.concurrent("a changed configuration file is a revision that canaries; stable keeps the old one, after a crash too", async (context) => {
  const scene = await begin(context);
  const text = rolloutFile("v1", { replicas: 1, strategy: GATE, env: 'SETTINGS: "{files}/app.conf"' }).replace(
    "replicas:",
    "files: [app.conf]\n      replicas:",
  );
  await scene.place.write("app.conf", "old");
  const first = await scene.ended(await scene.apply(text));
  const address = first.address ?? "";
  expect(await settingsOf(address)).toEqual(["old"]);

  await scene.place.write("app.conf", "new");
  const number = await scene.apply(text);
  const { candidate, strategy } = await atGate(scene);
  expect(strategy).toBe("canary");
  expect(candidate).not.toBe(first.stable);
  expect(await settingsOf(address)).toEqual(["new", "old"]);

  const [stable = 0] = await replicasOf(scene, "1-canary");
  expect(stable).toBeGreaterThan(0);
  kill(stable);
  await scene.see("stable started again", ({ pools }) =>
    pools.some(({ role, ready, restarts }) => role === "stable" && ready === 1 && restarts === 1),
  );
  await until("both contents", async () => (await settingsOf(address)).join() === "new,old");

  expect((await scene.say("promote", "app")).code).toBe(0);
  // No step is passed on which the canary has not had a request.
  load(context, address);
  expect((await scene.ended(number)).stable).toBe(candidate);
  expect(await settingsOf(address)).toEqual(["new"]);
  // The same file again is nothing new.
  const again = await scene.say("apply", join(scene.place.dir, "rollout.yaml"));
  expect(again.out).toContain(`${candidate} is stable already; nothing to roll out`);
});

interface Secure {
  readonly status: number;
  readonly version: string;
  readonly subject: string;
}

function askTls(address: string, ca: string): Promise<Secure> {
  return new Promise((resolve, reject) => {
    const asked = requestTls(address, { ca, agent: false, timeout: 5_000 }, (answer) => {
      answer.resume();
      const socket = answer.socket as TLSSocket;
      const subject = String(socket.getPeerCertificate().subject.CN);
      const version = String(answer.headers["x-version"]);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, version, subject }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

function makeCertificate(dir: string, name: string): void {
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")];
  expect(spawnSync("openssl", ["req", "-x509", ...key, ...files, ...subject]).status).toBe(0);
}

test.skipIf(!HAS_OPENSSL)(
  "a service over HTTPS: a canary, and a certificate renewed meanwhile",
  { concurrent: true },
  async (context) => {
    const scene = await begin(context);
    const secure = (text: string): string =>
      text.replace("traffic: { proxy: { ", "traffic: { proxy: { tls: { cert: cert.pem, key: key.pem }, ");
    makeCertificate(scene.place.dir, "first");
    const cert = (): Promise<string> => readFile(join(scene.place.dir, "cert.pem"), "utf8");
    const { address = "" } = await scene.ended(await scene.apply(secure(rolloutFile("v1", { replicas: 1 }))));
    expect(address).toMatch(/^https:/u);
    expect(await askTls(address, await cert())).toEqual({ status: 200, version: "v1", subject: "first" });

    const number = await scene.apply(secure(rolloutFile("v2", { replicas: 1, strategy: GATE })));
    await atGate(scene);
    makeCertificate(scene.place.dir, "second");
    const renewed = await until("the new certificate", async () =>
      askTls(address, await cert()).then(
        (seen) => seen.subject === "second" && seen,
        () => undefined,
      ),
    );
    expect(renewed.status).toBe(200);
    expect((await scene.say("promote", "app", "--full")).code).toBe(0);
    expect((await scene.ended(number)).rollout?.outcome).toBe("promoted");
    expect(await askTls(address, await cert())).toEqual({ status: 200, version: "v2", subject: "second" });
  },
);

test.concurrent("a controller that is stopped in a canary, and one that is killed, leave it to the next one", async (context) => {
  const scene = await begin(context);
  const first = await scene.ended(await scene.apply(rolloutFile("v1")));
  const seen = load(context, first.address);
  const number = await scene.apply(rolloutFile("v2", { strategy: GATE }));
  await atGate(scene);

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const before = await scene.look();
    scene.controller.kill(signal);
    await until(
      "the end of the controller",
      async () => scene.controller.exitCode ?? scene.controller.signalCode ?? undefined,
    );
    const alone = await scene.say("get", "app", "--json");
    expect(JSON.parse(alone.out)).toMatchObject({ health: "unknown", version: before.version });
    await scene.serveAgain();
    const after = await atGate(scene);
    expect(after).toMatchObject({ number, phase: "forward", cursor: before.rollout?.cursor });
  }
  expect((await scene.say("promote", "app")).code).toBe(0);
  expect((await scene.ended(number)).rollout?.outcome).toBe("promoted");
  await seen.stop();
  expect(seen.lost).toEqual([]);
  await until("two replicas, a proxy and a controller", async () => (await scene.place.processes()).length === 4);
});

test.concurrent("run --no-wait leaves at a gate with 4, and can be called again", async (context) => {
  const { place, say } = await openPlace(context);
  expect((await say("run", await place.write("v1.yaml", rolloutFile("v1", { replicas: 1 })))).code).toBe(0);
  const file = await place.write("v2.yaml", rolloutFile("v2", { replicas: 1, strategy: GATE }));
  const left = await say("run", file, "--no-wait", "--reason", "release 2");
  expect(left.code).toBe(4);
  expect(left.out).toContain("look at it: waits for a person (serin promote app, or serin abort app)");
  expect(left.err).toContain("left while app/2 is under way; nobody watches it until serin serve runs");

  // A second run takes up what the first one left.
  const taken = await say("run", file, "--no-wait");
  expect(taken.code).toBe(4);
  expect(taken.out).toContain("under way already; goes on with it");
});

async function openPlace({ onTestFinished }: TestContext) {
  const place = await makePlace();
  onTestFinished(() => place.remove());
  return { place, say: (...args: readonly string[]) => serin([...args, "--state", place.state]) };
}

test.concurrent("a gate is promoted from another terminal, and history, explain and get tell programs about it", async (context) => {
  const scene = await begin(context);
  const first = await scene.ended(await scene.apply(rolloutFile("v1", { replicas: 1 })));
  const seen = load(context, first.address);
  const file = await scene.place.write("v2.yaml", rolloutFile("v2", { replicas: 1, strategy: GATE }));
  const run = scene.say("run", file, "--reason", "release 2");
  await atGate(scene);
  const got = JSON.parse((await scene.say("get", "app", "--json")).out) as ServiceView;
  expect(got).toMatchObject({
    service: "app",
    address: first.address,
    stable: first.stable,
    health: "well",
    wanted: { canary: 400_000, stable: 600_000 },
    reported: { canary: 400_000, stable: 600_000 },
    rollout: { number: 2, phase: "forward", strategy: "canary", waiting: { for: "person" } },
    troubles: {},
  });
  expect(got.pools.map(({ role, wanted, ready }) => [role, wanted, ready])).toEqual([
    ["stable", 1, 1],
    ["canary", 1, 1],
  ]);
  // Contents of revisions stay out of it: environments hold secrets.
  expect(JSON.stringify(got)).not.toContain("VERSION");
  expect((await scene.say("promote", "app", "--reason", "looks good", "--if-version", String(got.version))).code).toBe(
    0,
  );
  const { code, out } = await run;
  expect(code).toBe(0);
  expect(out).toContain("app/2 promoted");
  await seen.stop();

  const history = JSON.parse((await scene.say("history", "app", "--json")).out) as Ended[];
  expect(history.map(({ number, outcome }) => [number, outcome])).toEqual([
    [2, "promoted"],
    [1, "promoted"],
  ]);
  const records = JSON.parse((await scene.say("explain", "app/2", "--json")).out) as DecisionRecord[];
  expect(records[0]).toMatchObject({ kind: "started", rollout: 2, actor: "test", reason: "release 2" });
  expect(records).toContainEqual(expect.objectContaining({ kind: "command", actor: "test", reason: "looks good" }));
  expect(records.at(-1)).toMatchObject({ kind: "ended", text: "app/2 promoted" });
  const versions = records.map(({ version }) => version);
  expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  const text = await scene.say("explain", "app/2");
  for (const { text: sentence } of records.filter(({ kind }) => kind !== "verdict").slice(1, 4)) {
    expect(text.out).toContain(sentence.slice(0, 40));
  }
  const none = await scene.say("explain", "app/9");
  expect([none.code, none.err]).toEqual([2, expect.stringContaining("the last one is app/2")]);
});
