// Does a real Prometheus get to know what a real rollout does, and does a collector get its trace?
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { startCollector, type Sent } from "../support/otlp.ts";
import { HAS_PROMETHEUS, PrometheusServer, type Answered } from "../support/prometheus.ts";
import { clients, rolloutFile, until } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";
import { outcome, tellingFile } from "./telling.ts";

interface Rules {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly { readonly alert?: string; readonly record?: string; readonly expr: string }[];
  }[];
}

async function exported<T>(scene: Scene, what: string): Promise<T> {
  const { code, out, err } = await scene.say("export", what, "--json");
  expect([code, err]).toEqual([0, ""]);
  return JSON.parse(out) as T;
}

/** As `serin export` says it, but for how often it looks: a test has no minutes. */
async function watching(scene: Scene): Promise<PrometheusServer> {
  const { scrape_configs } = await exported<{ scrape_configs: { http_sd_configs?: object[] }[] }>(
    scene,
    "prometheus-scrape",
  );
  const { groups } = await exported<Rules>(scene, "prometheus-rules");
  const often = scrape_configs.map(({ http_sd_configs: found, ...config }) => {
    const faster = found?.map((one) => Object.assign({}, one, { refresh_interval: "1s" }));
    return Object.assign(config, { scrape_interval: "1s" }, faster && { http_sd_configs: faster });
  });
  const quick = groups.map((group) => Object.assign({}, group, { interval: "1s" }));
  const server = new PrometheusServer({ config: { scrape_configs: often }, rules: { groups: quick } });
  await server.start();
  return server;
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** Every query of the dashboard, as Grafana would send it. */
async function queriesOf(scene: Scene): Promise<readonly { readonly title: string; readonly expr: string }[]> {
  const { panels } = await exported<{ panels: readonly Panel[] }>(scene, "grafana");
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr.replaceAll("$service", ".+").replaceAll("$__rate_interval", "10s"),
    })),
  );
}

/** Longer than the test may take: what was there once is there. */
const ALL_S = 600;

/** By expression, the answers of all that were asked. */
async function answersOf(
  prometheus: PrometheusServer,
  exprs: readonly string[],
): Promise<ReadonlyMap<string, readonly Answered[]>> {
  const asked = exprs.map(async (expr) => [expr, await prometheus.range(expr, ALL_S)] as const);
  return new Map(await Promise.all(asked));
}

/** Asks until what is expected is there: Prometheus takes up to 5 s to hear of a target, and longer to scrape it on a busy machine. */
async function eventually(expected: () => Promise<void>): Promise<void> {
  await vi.waitFor(expected, { timeout: 60_000, interval: 250 });
}

/** Which pool was scraped under which role so far. */
async function scrapedRoles(prometheus: PrometheusServer): Promise<readonly string[]> {
  const replicas = await prometheus.range("cache_gets_total", ALL_S);
  for (const { metric } of replicas)
    expect(metric).toMatchObject({ job: "serin-replicas", service: "app", revision: expect.any(String) });
  return [...new Set(replicas.map(({ metric }) => `${metric["pool"]} ${metric["role"]}`))];
}

const GOOD = {
  strategy: "canary: { steps: [{ weight: 50%, hold: 15s }] }",
  // A version that has just started is slower on a busy machine, and so is any now and then.
  analysis: "warmup: 3s, metrics: [{ preset: success-rate }, { preset: latency-p99, tolerate: 900%, margin: 900% }]",
  replicas: 2,
};

test.skipIf(!HAS_PROMETHEUS)(
  "every query of the dashboard and the rules finds what happened, and replicas are scraped by pool",
  async ({ onTestFinished }) => {
    const scene = await openScene(undefined, ["--metrics", "127.0.0.1:0"]);
    onTestFinished(() => scene.close());
    // A receiver that is not there: messages wait, and attempts fail.
    const notify = '  notify: [{ name: nobody, http: { url: "http://127.0.0.1:1/" } }]\n';
    const fileOf = (version: string, env = ""): string => tellingFile(version, { ...GOOD, env }) + notify;
    const first = await scene.ended(await scene.apply(fileOf("v1")));
    const prometheus = await watching(scene);
    onTestFinished(() => prometheus.close());
    const load = clients(first.address ?? "", 8, 20);
    onTestFinished(() => load.stop());
    await scene.see("requests", ({ usual }) => usual && usual.perSecond > 0);
    await eventually(async () => expect(await scrapedRoles(prometheus)).toContain("1-canary stable"));
    const good = await scene.apply(fileOf("v2"));
    expect((await outcome(scene, good)).outcome).toBe("promoted");
    // Nothing is under way: the command is refused, and counted.
    expect((await scene.say("promote", "app")).code).not.toBe(0);
    const bad = await scene.apply(fileOf("v3", "FAIL: 0.5"));
    expect((await outcome(scene, bad)).outcome).toBe("rolled-back");

    const rules = await exported<Rules>(scene, "prometheus-rules");
    const [recorded = [], alerts = []] = rules.groups.map((group) => group.rules);
    const queries = await queriesOf(scene);
    expect(queries.length).toBeGreaterThan(40);
    const exprs = [...queries.map(({ expr }) => expr), ...recorded.map(({ record = "" }) => record)];
    const all = [...exprs, ...[...recorded, ...alerts].map(({ expr }) => expr)];
    await eventually(async () => {
      const answers = await answersOf(prometheus, [...new Set(all)]);
      const empty = exprs.filter((expr) => answers.get(expr)?.length === 0 && !NOTHING_WRONG.has(expr));
      expect(empty).toEqual([]);
      const names = alerts.filter(({ expr }) => (answers.get(expr) ?? []).length > 0).map(({ alert }) => alert);
      expect(names).toContain("SerinRolledBack");
    });
    const down = alerts.find(({ alert }) => alert === "SerinControllerDown")?.expr ?? "";
    // Before the first scrape nothing was there, and on a busy machine one may come too late: then it is there again.
    await eventually(async () => expect(await prometheus.range(down, 5)).toEqual([]));

    // The bad canary was gone before Prometheus asked again who is there.
    const roles = ["1-canary stable", "2-canary canary", "2-canary stable"];
    await eventually(async () => expect(await scrapedRoles(prometheus)).toEqual(expect.arrayContaining(roles)));
    const shares = await prometheus.range('serin_service_share_measured_ratio{role="canary"}', ALL_S);
    const measured = shares.flatMap(({ values }) => values.map(([, value]) => Number(value)));
    expect(measured.some((share) => Math.abs(share - 0.5) < 0.1)).toBe(true);
  },
);

/** Empty where nothing is wrong; the rules' own tests show that they are not where something is. */
const NOTHING_WRONG: ReadonlySet<string> = new Set([
  'serin_service_trouble{service=~".+"}',
  "sum by (part) (increase(serin_troubles_total[1h]))",
]);

const TRACED = "canary: { steps: [{ weight: 20%, hold: 2s }, { weight: 50%, hold: 3s }] }";

test("a rollout is one trace, also when its controller is killed on the way", async ({ onTestFinished }) => {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const scene = await openScene(undefined, ["--otlp", collector.url]);
  onTestFinished(() => scene.close());
  const { address = "" } = await scene.ended(await scene.apply(rolloutFile("v1")));
  const load = clients(address, 4, 20);
  onTestFinished(() => load.stop());
  const hooks = `  hooks: [{ name: smoke, at: before, command: [${JSON.stringify(process.execPath)}, -e, ""] }]\n`;
  const number = await scene.apply(rolloutFile("v2", { strategy: TRACED, extra: hooks }));
  const spans = (): readonly Sent[] =>
    collector.spans.filter(({ attributes }) => attributes["serin.rollout"] === String(number));
  const run = (): Sent | undefined => spans().find(({ attributes }) => attributes["serin.step.op"] === "run");
  const hook = (): Sent | undefined => spans().find(({ name }) => name === "hook smoke");
  await until("the hook, and the step that has called it", async () => run() && hook());
  scene.controller.kill("SIGKILL");
  await until("its end", async () => scene.controller.signalCode !== null);
  await scene.serveAgain();
  expect((await outcome(scene, number)).outcome).toBe("promoted");
  const root = await until("the root", async () => spans().find(({ parentId }) => parentId === ""), 30_000);
  expect(root).toMatchObject({ service: "serin", name: "rollout app", status: 0 });
  expect(root.attributes).toMatchObject({ "serin.strategy": "canary", "serin.outcome": "promoted" });
  expect(new Set(spans().map(({ traceId }) => traceId))).toEqual(new Set([root.traceId]));
  const steps = spans().filter(({ name }) => name.startsWith("step "));
  const { rollout } = await scene.look();
  // What a killed controller had not sent yet is lost: at most the last second of it.
  expect(new Set(steps.map(({ attributes }) => attributes["serin.step"])).size).toBeGreaterThanOrEqual(
    (rollout?.steps.length ?? 0) - 1,
  );
  for (const { parentId, startMs, endMs } of steps) {
    expect(parentId).toBe(root.spanId);
    expect(startMs).toBeGreaterThanOrEqual(root.startMs);
    expect(endMs).toBeLessThanOrEqual(root.endMs);
  }
  const holds = steps.filter(({ attributes }) => attributes["serin.step.op"] === "hold");
  expect(holds.at(-1)?.attributes["serin.step.waited_for"]).toContain("time");
  expect(hook()?.parentId).toBe(run()?.spanId);
  expect(steps.flatMap(({ events }) => events)).toContain("started");
});

test("the log has every decision and command as a line, and no secret", async ({ onTestFinished }) => {
  const scene = await openScene(undefined, ["--log-level", "info"]);
  onTestFinished(() => scene.close());
  let lines = "";
  scene.controller.stderr?.on("data", (part: Buffer) => (lines += part.toString()));
  await scene.ended(await scene.apply(rolloutFile("v1", { env: "TOKEN: verysecret" })));
  await scene.say("abort", "app", "--reason", "too late");
  await scene.say("down", "app");
  const logged = await until("the end in the log", async () => lines.includes('"removed"') && lines.trim().split("\n"));
  const events = logged.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events).toContainEqual(
    expect.objectContaining({ event: "decision", kind: "ended", service: "app", rollout: 1, outcome: "promoted" }),
  );
  expect(events).toContainEqual(
    expect.objectContaining({ event: "command", kind: "apply", actor: "test", outcome: "done", level: "info" }),
  );
  expect(events).toContainEqual(
    expect.objectContaining({
      event: "command",
      kind: "abort",
      reason: "too late",
      outcome: "refused",
      level: "warn",
      code: expect.stringMatching(/^SERIN_/u),
    }),
  );
  expect(lines).not.toContain("verysecret");
});

test("a log in a file, for a run of one's own", async ({ onTestFinished }) => {
  const scene = await openScene();
  onTestFinished(() => scene.close());
  const { place } = scene;
  const [file, log] = [await place.write("own.yaml", rolloutFile("v1")), join(place.dir, "serin.log")];
  const run = (...options: readonly string[]) => scene.say("run", file, ...options);
  const refused = await run("--log", log);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("SERIN_TELEMETRY_ELSEWHERE");
  scene.controller.kill("SIGTERM");
  await until("its end", async () => scene.controller.exitCode !== null);
  const nowhere = await run("--log", join(place.dir, "no/such/folder.log"));
  expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining("SERIN_BAD_OPTION")]);
  const ran = await run("--log", log, "--metrics", "127.0.0.1:0");
  expect(ran.out).toMatch(/metrics at http:\/\/127\.0\.0\.1:\d+\/metrics/u);
  expect(ran.code).toBe(0);
  const lines = (await readFile(log, "utf8")).trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { kind?: string }).kind)).toContain("ended");
});
