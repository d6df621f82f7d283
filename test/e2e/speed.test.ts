// How fast is a bad version off the split, and does a client stay with its version while a share rises?
import { Agent, request } from "node:http";
import { expect, test, type TestContext } from "vitest";
import { clients, rolloutFile } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";

/** Requests to the canary at which half of them failed must have been enough. */
const ENOUGH = 15;
/** A look may be late by this much, and by more where all are late. */
const LATE_MS = 400;

/** By how much a timer of this process is late at most, until it is asked: the processes under test have the same machine. */
function lateness(everyMs = 50): () => number {
  let [last, most] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    most = Math.max(most, now - last - everyMs);
    last = now;
  }, everyMs);
  return () => {
    clearInterval(timer);
    return most;
  };
}

async function begin({ onTestFinished }: TestContext): Promise<Scene> {
  const scene = await openScene();
  onTestFinished(() => scene.close());
  return scene;
}

interface Look {
  readonly canaryRequests: number;
  readonly atMs: number;
}

test.concurrent("a canary that fails half is off the split at the first look that holds 15 of its requests", async (context) => {
  const scene = await begin(context);
  const first = await scene.ended(await scene.apply(rolloutFile("v1")));
  // Some 3 requests to the canary between two looks, so that it takes several looks until there are enough.
  const load = clients(first.address ?? "", 2, 36);
  context.onTestFinished(() => load.stop());
  const steps = "canary: { steps: [{ weight: 10%, hold: 3m }] }";
  const number = await scene.apply(rolloutFile("v2", { env: "FAIL: 0.5", strategy: steps }));

  const late = lateness();
  const looks: Look[] = [];
  await scene.see("the way back", ({ rollout, nowMs }) => {
    const canaryRequests = rollout?.number === number ? rollout.verdict?.canaryRequests : undefined;
    if (canaryRequests !== undefined && canaryRequests !== looks.at(-1)?.canaryRequests) {
      looks.push({ canaryRequests, atMs: nowMs });
    }
    return rollout?.phase !== "forward";
  });
  // On each way between the processes.
  const lateMs = LATE_MS + 4 * late();
  const { rollout } = await scene.ended(number);
  expect(rollout?.outcome).toBe("rolled-back");
  await load.stop();

  const decisions = await scene.decisions(number);
  const decided = decisions.find(({ kind }) => kind === "back");
  expect(decided?.verdict?.kind).toBe("worse");
  const at = decided?.verdict?.canaryRequests ?? 0;
  const before = looks.filter(({ canaryRequests }) => canaryRequests < at);
  expect(before.length).toBeGreaterThan(0);
  for (const look of before) expect(look.canaryRequests).toBeLessThan(ENOUGH);

  const times = [...before.map(({ atMs }) => atMs), decided?.atMs ?? 0];
  for (const [index, atMs] of times.slice(1).entries()) {
    expect(atMs - (times[index] ?? 0)).toBeLessThanOrEqual(1_000 + lateMs);
  }
  // What the canary answered after the decision is what was on its way.
  const answered = load.answers.get("v2");
  expect(load.lost).toEqual([]);
  expect((answered?.ok ?? 0) + (answered?.failed ?? 0)).toBeLessThanOrEqual(at + ENOUGH);
});

/** A browser: keeps the cookie that it was given. */
class Browser {
  readonly versions: string[] = [];
  private cookie: string | undefined;

  async ask(address: string, agent: Agent): Promise<void> {
    const headers = this.cookie === undefined ? {} : { cookie: this.cookie };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const asked = request(address, { agent, headers, timeout: 5_000 }, (answer) => {
      this.cookie = answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? this.cookie;
      const version = String(answer.headers["x-version"] ?? `status ${answer.statusCode}`);
      if (version !== this.versions.at(-1)) this.versions.push(version);
      answer.resume();
      answer.on("end", resolve);
    });
    asked.on("error", reject);
    asked.end();
    return promise;
  }
}

test.concurrent("a client with a cookie changes its version once, from stable to canary, while the share rises", async (context) => {
  const scene = await begin(context);
  const file = (version: string, strategy?: string): string =>
    rolloutFile(version, { ...(strategy && { strategy }) }).replace(
      "traffic: { ",
      "traffic: { sticky: { cookie: serin }, ",
    );
  const { address = "" } = await scene.ended(await scene.apply(file("v1")));
  const browsers = Array.from({ length: 60 }, () => new Browser());
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  const round = (): Promise<unknown> => Promise.all(browsers.map((browser) => browser.ask(address, agent)));
  await round();

  const steps = ["10%", "30%", "60%", "100%"].map((weight) => `{ weight: ${weight}, hold: 2s }`);
  const number = await scene.apply(file("v2", `canary: { steps: [${steps.join(", ")}] }`));
  const moved = new Set<number>();
  for (let isOver = false; !isOver;) {
    await round();
    moved.add(browsers.filter(({ versions }) => versions.at(-1) === "v2").length);
    const { rollout } = await scene.look();
    isOver = rollout?.number === number && rollout.phase === "ended";
  }
  await round();
  agent.destroy();
  expect(browsers.map(({ versions }) => versions.join(" → "))).toEqual(browsers.map(() => "v1 → v2"));
  // They did not all change at once: there was a canary.
  expect(moved.size).toBeGreaterThanOrEqual(4);
});
