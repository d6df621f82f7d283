// Whom does a killed proxy hurt, and does the rollout notice?
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, type TestContext } from "vitest";
import type { RolloutView } from "../../src/api/contract.ts";
import { shareOf, type Route } from "../../src/core/split.ts";
import { ask, type ProxyState } from "../../src/proxy/control-client.ts";
import { clients, kill, rolloutFile, until, type Clients } from "./harness.ts";
import { openScene, proxyOf, type Scene } from "./scene.ts";

/** How a client notices that whoever it talked to, or wanted to, is gone. */
const CUT_OFF = /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up/u;
const CLIENTS = 4;

/** A service under load, and how often its proxy was killed. */
interface Case {
  readonly scene: Scene;
  readonly load: Clients;
  kills: number;
}

const inFolder = ({ scene }: Case, file: string): Promise<string> =>
  readFile(join(scene.place.state, "services/app/proxy", file), "utf8");

async function begin({ onTestFinished }: TestContext): Promise<Case> {
  const scene = await openScene();
  onTestFinished(() => scene.close());
  const first = await scene.ended(await scene.apply(rolloutFile("v1")));
  const load = clients(first.address ?? "", CLIENTS, 4);
  onTestFinished(() => load.stop());
  return { scene, load, kills: 0 };
}

/** Kills the proxy and waits for the next one; what that one follows before anybody has told it anything. */
async function killProxy(subject: Case): Promise<Route["split"] | undefined> {
  const { place } = subject.scene;
  const before = await proxyOf(place);
  kill(before?.pid ?? 0);
  subject.kills += 1;
  const next = await until("another proxy", async () => {
    const now = await proxyOf(place);
    return now && now.epoch !== before?.epoch && now;
  });
  expect(next.address).toBe(before?.address);
  const { body } = await ask(next, { method: "GET", path: "/state", signal: AbortSignal.timeout(20_000) });
  return (body as ProxyState).route?.split;
}

const momentOf = ({ phase, cursor }: RolloutView): string => `${phase} ${cursor}`;

/** Kills the proxy whenever the rollout comes to another step or turns back, until it has ended. */
async function killAtEveryStep(subject: Case, number: number): Promise<RolloutView | undefined> {
  const { scene } = subject;
  let last = "";
  for (;;) {
    const before = last;
    const rollout = await scene.see(
      "another step",
      (view) => view.rollout?.number === number && momentOf(view.rollout) !== before && view.rollout,
    );
    if (rollout.phase === "ended") return (await scene.ended(number)).rollout;
    await killProxy(subject);
    last = momentOf(rollout);
  }
}

/** Only what was on a connection to a killed proxy, or found nobody there, was lost. */
async function expectOnlyCutOff(subject: Case): Promise<void> {
  const { load, kills, scene } = subject;
  await load.stop();
  expect(load.lost.filter((why) => !CUT_OFF.test(why))).toEqual([]);
  expect(load.lost.filter((why) => !why.includes("ECONNREFUSED")).length).toBeLessThanOrEqual(2 * CLIENTS * kills);
  // Each killed proxy had one successor, and one runs now.
  expect((await inFolder(subject, "proxy.log")).match(/\] serves http/gu)).toHaveLength(kills + 1);
  const lines = (await scene.place.processes()).map(({ command }) => command);
  expect(lines.filter((line) => line.includes("proxy/main"))).toHaveLength(1);
  expect(lines.filter((line) => line.includes("service.mjs"))).toHaveLength(2);
}

test.concurrent("killed at every step of a rollout that is promoted all the same", async (context) => {
  const subject = await begin(context);
  const steps = ["20%", "50%", "100%"].map((weight) => `{ weight: ${weight}, hold: 300ms }`);
  const number = await subject.scene.apply(rolloutFile("v2", { strategy: `canary: { steps: [${steps.join(", ")}] }` }));
  expect(await killAtEveryStep(subject, number)).toMatchObject({ outcome: "promoted" });
  expect(subject.kills).toBeGreaterThanOrEqual(8);
  await expectOnlyCutOff(subject);
  for (const [version, { failed }] of subject.load.answers) expect(failed, version).toBe(0);
});

test.concurrent("killed at every step of a rollout that is rolled back all the same", async (context) => {
  const subject = await begin(context);
  const strategy = "canary: { steps: [{ weight: 50%, hold: 40s }] }";
  const number = await subject.scene.apply(rolloutFile("v2", { env: "FAIL: 0.5", strategy }));
  expect(await killAtEveryStep(subject, number)).toMatchObject({ outcome: "rolled-back" });
  expect(subject.kills).toBeGreaterThanOrEqual(3);
  await expectOnlyCutOff(subject);
  expect(subject.load.answers.get("v1")?.failed).toBe(0);
});

test.concurrent("the next proxy follows the last split from its first request on; no controller is needed", async (context) => {
  const subject = await begin(context);
  const { scene, load } = subject;
  const strategy = "canary: { steps: [{ weight: 40%, gate: look }] }";
  await scene.apply(rolloutFile("v2", { strategy }));
  await scene.see("the gate", ({ rollout }) => rollout?.waiting?.for === "person");
  await load.stop();
  const { address = "" } = (await proxyOf(scene.place)) ?? {};
  for (let round = 0; round < 2; round += 1) {
    const split = await killProxy(subject);
    expect(split && shareOf(split.weights, "canary")).toBe(400_000);
    const seen = clients(address, 1, 0);
    await until(
      "a hundred answers",
      async () => [...seen.answers.values()].reduce((sum, { ok }) => sum + ok, 0) >= 100,
    );
    await seen.stop();
    const [canary = 0, stable = 0] = ["v2", "v1"].map((version) => seen.answers.get(version)?.ok ?? 0);
    expect(seen.lost).toEqual([]);
    expect(Math.abs(canary / (canary + stable) - 0.4)).toBeLessThanOrEqual(0.03);
  }
  // Traffic is not the controller's to take down.
  scene.controller.kill("SIGKILL");
  const alone = clients(address, 1, 0);
  await until("answers without a controller", async () => (alone.answers.get("v2")?.ok ?? 0) > 20);
  await alone.stop();
  expect(alone.lost).toEqual([]);
});
