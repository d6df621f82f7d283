// Is a Quarkus service behind a real Envoy judged by Envoy's log and by a real Prometheus, whoever is away for a while?
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { build, HAS_JAVA } from "../../examples/java.ts";
import { shareOf } from "../../src/core/split.ts";
import { WHOLE } from "../../src/core/units.ts";
import { NO_ENVOY, startEnvoy, type RunningEnvoy } from "../envoy/place.ts";
import { freePort } from "../proxy/parts.ts";
import { HAS_PROMETHEUS, PrometheusServer } from "../support/prometheus.ts";
import { clients, kill, until, type Clients } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";
import { HAS_WRK, wrk, type Wrk } from "./wrk.ts";

const EXAMPLE = join(import.meta.dirname, "../../examples/13-quarkus-micrometer");
const LONG_MS = 180_000;

let scene: Scene;
let prometheus: PrometheusServer;
let envoy: RunningEnvoy;
let ports: { listen: number; xds: number; metrics: number };
let load: Wrk | undefined;
let users: Clients | undefined;

const serveArgs = (): readonly string[] => ["--metrics", `127.0.0.1:${ports.metrics}`];
const address = (): string => `http://127.0.0.1:${ports.listen}/products/1`;
const runEnvoy = async (): Promise<void> => {
  const dir = join(scene.place.dir, "envoys");
  envoy = await startEnvoy({ dir, control: { host: "127.0.0.1", port: ports.xds }, statistics: true });
};

/** Prometheus finds the replicas by Serin itself, and scrapes the Envoy's own statistics. */
function scraping(admin: number): object {
  const replicas = { http_sd_configs: [{ url: `http://127.0.0.1:${ports.metrics}/targets`, refresh_interval: "1s" }] };
  return {
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [
      { job_name: "replicas", ...replicas },
      {
        job_name: "envoy",
        metrics_path: "/stats/prometheus",
        static_configs: [{ targets: [`127.0.0.1:${admin}`] }],
      },
    ],
  };
}

/** The replicas by their own pages, as Prometheus has them; and their pools as the Envoy saw them. */
function fileOf(version: string, { behaviour = "good", gate = "" } = {}): string {
  const java = ["java", "-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", "quarkus-run.jar"];
  const judge = gate === "" ? "judge: { atMost: 2m }" : `gate: ${gate}`;
  return `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: app }
spec:
  workload:
    process:
      command: ${JSON.stringify(java)}
      cwd: quarkus-app
      env: { SHOP_VERSION: ${version}, SHOP_BEHAVIOUR: ${behaviour} }
      ready: { path: /q/health/ready }
      readyTimeout: 10s
      metrics: { path: /q/metrics, every: 1s }
      drain: 5s
  traffic: { envoy: { listen: ${ports.listen}, xds: "127.0.0.1:${ports.xds}" } }
  progressDeadline: 2m
  strategy:
    canary: { steps: [{ weight: 20%, hold: 2s }, { weight: 50%, ${judge} }] }
  analysis:
    sources:
      pages: { prometheus: { url: "${prometheus.url}", every: 1s } }
      edge: { prometheus: { url: "${prometheus.url}", every: 1s, match: { envoy_cluster_name: "{{service}}/{{pool}}" } } }
    warmup: 0s
    metrics:
      - { preset: success-rate, margin: 2% }
      - { preset: quarkus:errors, source: pages, margin: 2% }
      - { preset: envoy:upstream-errors, source: edge, margin: 2% }
`;
}

describe.skipIf(NO_ENVOY || !HAS_PROMETHEUS || !HAS_JAVA || !HAS_WRK)("Envoy, Prometheus and Quarkus", () => {
  beforeAll(async () => await build(EXAMPLE), 1_800_000);

  beforeEach(async () => {
    ports = { listen: await freePort(), xds: await freePort(), metrics: await freePort() };
    scene = await openScene(undefined, serveArgs());
    await cp(join(EXAMPLE, "target/quarkus-app"), join(scene.place.dir, "quarkus-app"), { recursive: true });
    await mkdir(join(scene.place.dir, "envoys"), { recursive: true });
    await runEnvoy();
    prometheus = new PrometheusServer({ config: scraping(envoy.admin) });
    await prometheus.start();
    const number = await scene.apply(fileOf("v1"));
    await ended(number);
  });

  afterEach(async () => {
    load?.kill();
    await users?.stop();
    [load, users] = [undefined, undefined];
    await prometheus.close();
    await envoy.end();
    await scene.close();
  });

  const ended = (number: number) =>
    scene.see(
      `end of app/${number}`,
      ({ rollout }) => rollout?.number === number && rollout.phase === "ended" && rollout,
      LONG_MS,
    );
  const half = () =>
    scene.see("50 %", ({ reported }) => reported && shareOf(reported, "canary") === WHOLE / 2, LONG_MS);

  test("a bad version is rolled back and a good one is promoted by all three", async () => {
    load = wrk(address().replace(/\/$/u, ""));
    const good = await ended(await scene.apply(fileOf("v2")));
    expect([good.outcome, good.why]).toEqual(["promoted", expect.any(String)]);
    const report = await load.stop();
    expect(report.failed, report.text).toBe(0);
    expect(report.socketErrors).toBeUndefined();
    const texts = (await scene.decisions(good.number)).map(({ text }) => text).join("\n");
    for (const name of ["success-rate", "quarkus:errors", "envoy:upstream-errors"])
      expect(texts).toMatch(new RegExp(`no worse than its margins.*${name}: `, "u"));
    users = clients(address(), 8, 4);
    const bad = await ended(await scene.apply(fileOf("v3", { behaviour: "errors" })));
    expect(bad.outcome).toBe("rolled-back");
    await users.stop();
    expect(users.lost).toEqual([]);
    expect(users.answers.get("v2")?.failed ?? 0).toBe(0);
  });

  test("the split is the one that is wanted, and comes back with an Envoy and a controller that were killed", async () => {
    const number = await scene.apply(fileOf("v2", { gate: "look" }));
    users = clients(address(), 8, 4);
    await half();
    const share = async (): Promise<void> => {
      const counts = { v2: 0 };
      for (let sent = 0; sent < 600; sent += 1) {
        const answer = await fetch(address());
        await answer.text();
        if (answer.headers.get("x-version") === "v2") counts.v2 += 1;
      }
      // Five standard deviations of a binomial.
      expect(Math.abs(counts.v2 - 300)).toBeLessThanOrEqual(5 * Math.sqrt(600 * 0.25));
    };
    await share();
    kill(scene.controller.pid ?? 0);
    await share();
    await scene.serveAgain();
    await half();
    expect(users.lost).toEqual([]);
    await users.stop();
    await envoy.end();
    await scene.see("nothing known", ({ reported }) => reported === undefined);
    await runEnvoy();
    await half();
    await until("an Envoy that listens", () =>
      fetch(address()).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    users = clients(address(), 8, 4);
    await share();
    expect((await scene.say("promote", "app")).code).toBe(0);
    expect((await ended(number)).outcome).toBe("promoted");
  });

  test("while Prometheus is gone nothing goes on, and it says why; then it goes on", async () => {
    users = clients(address(), 8, 4);
    await prometheus.stop();
    const number = await scene.apply(fileOf("v2"));
    const text = await scene.see(
      "why it waits",
      ({ rollout }) => rollout?.waiting?.text.includes("nobody listens there") && rollout.waiting.text,
      LONG_MS,
    );
    expect(text).toMatch(/^no evidence can be read: @/u);
    await new Promise((resolve) => {
      setTimeout(resolve, 60_000);
    });
    expect((await scene.look()).rollout).toMatchObject({ number, phase: "forward" });
    await prometheus.start();
    expect((await ended(number)).outcome).toBe("promoted");
    await users.stop();
    expect(users.lost).toEqual([]);
  });
});
