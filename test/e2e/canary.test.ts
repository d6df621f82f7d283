// Does a client under load see a failure that no version gave, whatever a rollout does?
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { rolloutFile, until } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";
import { CONNECTIONS, HAS_WRK, wrk, type Report, type Wrk } from "./wrk.ts";

const CANARY = "canary: { steps: [{ weight: 10%, hold: 1s }, { weight: 50%, hold: 1s }] }";

let scene: Scene;
let load: Wrk | undefined;

afterEach(async () => {
  load?.kill();
  load = undefined;
  await scene.close();
});

const fileOf = (version: string, options: Parameters<typeof rolloutFile>[1] = {}): string => {
  const env = [`COUNTS: ${join(scene.place.dir, "counts")}`, options.env ?? ""].filter(Boolean).join(", ");
  return rolloutFile(version, { strategy: CANARY, ...options, env });
};

/** A first version that serves, under load. */
async function underLoad(): Promise<Wrk> {
  scene = await openScene();
  const first = await scene.ended(await scene.apply(fileOf("v1")));
  load = wrk(first.address ?? "");
  return load;
}

async function rollOut(text: string): Promise<string | undefined> {
  const { rollout } = await scene.ended(await scene.apply(text));
  return rollout?.outcome;
}

interface Count {
  readonly requests: number;
  readonly failed: number;
}

/** What the versions themselves have counted, said by each replica when it ends. */
async function ownCounts(): Promise<ReadonlyMap<string, Count>> {
  expect((await scene.say("down", "app")).code).toBe(0);
  const counts = new Map<string, Count>();
  for (const line of (await readFile(join(scene.place.dir, "counts"), "utf8")).trim().split("\n")) {
    const [version = "", requests, failed] = line.split(" ");
    const before = counts.get(version) ?? { requests: 0, failed: 0 };
    counts.set(version, { requests: before.requests + Number(requests), failed: before.failed + Number(failed) });
  }
  return counts;
}

/** Every request of the load was answered by a version, and every failed answer was a version's own. */
function expectHonest(report: Report, counts: ReadonlyMap<string, Count>): void {
  const sum = (of: (count: Count) => number): number => [...counts.values()].reduce((all, one) => all + of(one), 0);
  expect(report.socketErrors).toBeUndefined();
  expect(report.failed).toBe(sum(({ failed }) => failed));
  const unseen = sum(({ requests }) => requests) - report.requests;
  // Those that were under way when the load stopped.
  expect(unseen).toBeGreaterThanOrEqual(0);
  expect(unseen).toBeLessThanOrEqual(CONNECTIONS);
}

test.skipIf(!HAS_WRK)("wrk: canary to promotion, undo, rolling to promotion: not one failed request", async () => {
  const generator = await underLoad();
  expect(await rollOut(fileOf("v2"))).toBe("promoted");

  expect((await scene.say("undo", "app", "--reason", "test")).code).toBe(0);
  const undone = await scene.ended(3);
  expect(undone.rollout).toMatchObject({ outcome: "promoted", strategy: "direct" });
  expect(undone.stable).toBe(undone.history.at(-1)?.candidate);

  expect(await rollOut(fileOf("v3", { strategy: "rolling: { maxSurge: 1, hold: 300ms }" }))).toBe("promoted");
  const report = await generator.stop();
  expect(report.failed, report.text).toBe(0);
  expectHonest(report, await ownCounts());
});

test.skipIf(!HAS_WRK)("wrk: a rollback and an abort: only failures that the version gave itself", async () => {
  const generator = await underLoad();
  expect(await rollOut(fileOf("v2", { env: "FAIL: 0.5" }))).toBe("rolled-back");

  const number = await scene.apply(
    fileOf("v3", { strategy: "canary: { steps: [{ weight: 50%, gate: look at it }] }" }),
  );
  await scene.see("the gate", ({ rollout }) => rollout?.waiting?.for === "person");
  const measured = await scene.see("requests to the canary", (view) => (view.measured?.shares.canary ?? 0) > 0.1);
  expect(measured).toBe(true);
  expect((await scene.say("abort", "app", "--reason", "test")).code).toBe(0);
  const { rollout } = await scene.ended(number);
  expect(rollout).toMatchObject({ outcome: "stopped", why: "aborted by test: test" });

  const report = await generator.stop();
  const counts = await ownCounts();
  expect(counts.get("v2")?.failed).toBeGreaterThan(0);
  expect(counts.get("v1")?.failed).toBe(0);
  expect(counts.get("v3")?.failed).toBe(0);
  expectHonest(report, counts);
});

test("the controller, its proxy and its replicas are gone after down and an interrupt", async () => {
  scene = await openScene();
  await scene.ended(await scene.apply(fileOf("v1")));
  expect((await scene.say("down", "app")).code).toBe(0);
  scene.controller.kill("SIGTERM");
  await until("no process", async () => (await scene.place.processes()).length === 0);
  // The process is gone before its parent has been told.
  await until("the controller's exit code", async () => scene.controller.exitCode !== null);
  expect(scene.controller.exitCode).toBe(0);
});
