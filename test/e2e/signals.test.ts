// Does what replicas tell besides their requests take a rollout back, hold it, and let it pass?
import { join } from "node:path";
import { expect, test } from "vitest";
import { view } from "./harness.ts";
import { outcome, tellingFile, underLoad } from "./telling.ts";

const HOLD = "canary: { steps: [{ weight: 50%, hold: 3m }] }";
const CACHE = "{ preset: cache-hit-rate, good: cache_hits_total, total: cache_gets_total }";

test("a canary that crashes again and again while it serves well is taken back for its crashes", async (context) => {
  const analysis = "metrics: [{ preset: success-rate }, { preset: crashes }]";
  const told = { strategy: HOLD, analysis, replicas: 6 };
  const { scene } = await underLoad(context, told);
  // Of three replicas two end after a while. The third answers all the time.
  const env = `LIVES_MS: 1500, SOUND: ${join(scene.place.dir, "sound")}`;
  const number = await scene.apply(tellingFile("v2", { ...told, env }));
  const rollout = await outcome(scene, number);
  expect(rollout.outcome).toBe("rolled-back");
  expect(rollout.why).toMatch(/crashes: \d+ on the canary \(.*\) against 0 on stable/u);
  expect(rollout.verdict?.metrics.filter(({ blamed }) => blamed).map(({ name }) => name)).toEqual(["crashes"]);
});

test("a canary whose page tells that it misses the cache more often is taken back for that", async (context) => {
  const told = { strategy: HOLD, analysis: `metrics: [{ preset: success-rate }, ${CACHE}]` };
  const { scene, load } = await underLoad(context, told);
  const number = await scene.apply(tellingFile("v2", { ...told, env: "HITS: 0.6" }));
  const rollout = await outcome(scene, number);
  expect(rollout.outcome).toBe("rolled-back");
  expect(rollout.why).toMatch(/cache-hit-rate: /u);
  const metric = rollout.verdict?.metrics.find(({ name }) => name === "cache-hit-rate");
  // It is stopped as soon as it is known to be worse: how much worse, so few requests tell roughly.
  expect(metric?.canary).toBeGreaterThan(0.15);
  expect(metric?.canary).toBeLessThan(0.75);
  expect(metric?.baseline).toBeLessThan(0.12);
  await load.stop();
  expect(load.lost).toEqual([]);
  for (const { failed } of load.answers.values()) expect(failed).toBe(0);
});

test("the memory of both arms is read from the system, and compared", async (context) => {
  const gate = "canary: { steps: [{ weight: 50%, gate: look at the memory }] }";
  const told = { strategy: gate, analysis: "warmup: 0s, metrics: [{ preset: memory, max: 4GiB }]" };
  const { scene } = await underLoad(context, told);
  await scene.apply(tellingFile("v2", { ...told, env: "EATS_MIB: 100" }));
  await scene.see(
    "memory",
    ({ rollout }) => rollout?.waiting?.for === "person" && rollout.verdict?.metrics[0]?.baseline,
  );
  const { rollout } = await view(scene.place);
  expect(rollout?.verdict?.text).toMatch(/memory: \d+ MiB against \d+ MiB on stable; at most 4\.0 GiB allowed/u);
  const memory = rollout?.verdict?.metrics[0];
  expect((memory?.canary ?? 0) - (memory?.baseline ?? 0)).toBeGreaterThan(60 * 1_048_576);
});

test("a canary beyond a bound of its memory is not judged well before the bound was looked at", async (context) => {
  const strategy = "canary: { steps: [{ weight: 50%, judge: { atMost: 15s, undecided: rollBack } }] }";
  const metrics = "[{ preset: success-rate, margin: 5% }, { preset: memory, max: 120MiB }]";
  const told = { strategy, analysis: `warmup: 0s, metrics: ${metrics}` };
  const { scene } = await underLoad(context, told);
  const number = await scene.apply(tellingFile("v2", { ...told, env: "EATS_MIB: 150" }));
  const rollout = await outcome(scene, number);
  expect(rollout.outcome).toBe("rolled-back");
});

test("a level that has only been read is not said to be no worse", async (context) => {
  const strategy = "canary: { steps: [{ weight: 50%, judge: { atMost: 15s, undecided: goOn } }] }";
  const metrics = "[{ preset: success-rate, margin: 5% }, { preset: memory }]";
  const told = { strategy, analysis: `warmup: 0s, metrics: ${metrics}` };
  const { scene } = await underLoad(context, told);
  const number = await scene.apply(tellingFile("v2", { ...told, env: "EATS_MIB: 300" }));
  await outcome(scene, number);
  const { out } = await scene.say("explain", "app", "--json");
  expect(out).not.toMatch(/The canary is no worse than its margins\.[^"]*memory: /u);
  expect((await scene.say("explain", "app")).out).not.toMatch(/no worse on .*memory|each was shown to be no worse/u);
});

test("a canary whose page cannot be read is not judged well, and the verdict says why", async (context) => {
  const strategy = "canary: { steps: [{ weight: 50%, judge: { atMost: 12s, undecided: rollBack } }] }";
  const told = { strategy, analysis: `metrics: [{ preset: success-rate, margin: 2% }, ${CACHE}]` };
  const { scene } = await underLoad(context, told);
  const number = await scene.apply(tellingFile("v2", { ...told, env: "PAGE: 500" }));
  const rollout = await outcome(scene, number);
  expect(rollout.outcome).toBe("rolled-back");
  expect(rollout.why).toMatch(/^undecided when time was up: .*cache-hit-rate/u);
  expect(rollout.why).toMatch(/2-canary-\w+: GET \/metrics answered 500/u);
  // Nothing but the page was missing.
  expect(rollout.verdict?.metrics.map(({ name, noWorse }) => [name, noWorse])).toEqual([
    ["success-rate", true],
    ["cache-hit-rate", false],
  ]);
});

test("a hold is not over while the canary's page cannot be read", async (context) => {
  const strategy = "canary: { steps: [{ weight: 50%, hold: 2s }] }";
  const told = { strategy, analysis: `metrics: [{ preset: success-rate }, ${CACHE}]` };
  const { scene } = await underLoad(context, told);
  const number = await scene.apply(tellingFile("v2", { ...told, env: "PAGE: 500" }));
  const went = await scene.see("what becomes of it", ({ rollout, nowMs }) => {
    if (rollout?.number !== number || rollout.cursor < 2) return false;
    const waits = nowMs - rollout.stepSinceMs > 8_000;
    return (waits || rollout.cursor > 2) && rollout;
  });
  expect(went.steps[went.cursor]).toBe("Hold for 2s.");
  expect(went.waiting?.text).toMatch(/GET \/metrics answered 500/u);
});

test("what cannot be read is to be seen while the rollout waits for it", async (context) => {
  const strategy = "canary: { steps: [{ weight: 50%, judge: {} }] }";
  const told = { strategy, analysis: `metrics: [${CACHE}]` };
  const { scene } = await underLoad(context, told);
  const number = await scene.apply(tellingFile("v2", { ...told, env: "PAGE: 500" }));
  await scene.see("canary requests", ({ rollout }) => {
    return rollout?.number === number && (rollout.verdict?.canaryRequests ?? 0) > 300;
  });
  expect((await scene.look()).rollout?.verdict?.text).toMatch(/GET \/metrics answered 500/u);
  const { out } = await scene.say("get", "app");
  expect(out).toMatch(/GET\s+\/metrics answered 500/u);
});

test("a good version passes on requests, latency, crashes, readiness and its own page", async (context) => {
  const strategy = "canary: { steps: [{ weight: 50%, judge: {} }] }";
  // Wide margins: on a busy machine replicas of one version differ, and readiness is asked every other second only.
  const metrics = [
    "{ preset: success-rate, margin: 2% }",
    "{ preset: latency-p99, margin: 400%, tolerate: 300%, warmup: 5s }",
    "{ preset: crashes }",
    "{ preset: availability }",
    CACHE.replace("}", ", margin: 5% }"),
  ];
  const told = { strategy, analysis: `warmup: 0s, metrics: [${metrics.join(", ")}]` };
  const { scene, load } = await underLoad(context, told);
  const number = await scene.apply(tellingFile("v2", told));
  const rollout = await outcome(scene, number);
  expect(rollout.outcome).toBe("promoted");
  const verdict = (await scene.decisions(number)).findLast(({ kind }) => kind === "ended")?.verdict;
  expect(verdict?.text).toMatch(/^The canary is no worse than its margins\./u);
  expect(verdict?.metrics.filter(({ noWorse }) => noWorse).map(({ name }) => name)).toEqual([
    "success-rate",
    "latency-p99",
    "crashes",
    "availability",
    "cache-hit-rate",
  ]);
  await load.stop();
  expect(load.lost).toEqual([]);
});
