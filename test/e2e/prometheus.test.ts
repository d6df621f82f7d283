// Is a canary judged by what a Prometheus tells alone, and held when that is gone?
import { expect, test, type TestContext } from "vitest";
import { processesOf } from "./harness.ts";
import { outcome, tellingFile, underLoad } from "./telling.ts";
import { HAS_PROMETHEUS, PrometheusServer, type Targets } from "../support/prometheus.ts";

const STEPS = "canary: { steps: [{ weight: 50%, judge: { atMost: 4m } }] }";

/** Hits and look-ups, by the service's own counters: from Prometheus only. */
const CACHE = "preset: cache-hit-rate, source: prom, good: cache_hits_total, total: cache_gets_total, margin: 5%";
const EATEN = `kind: gauge, name: eaten, source: prom, query: 'avg(eaten_bytes{pool="{{pool}}"}) + 1'`;
const analysis = (url: string, ...metrics: readonly string[]): string =>
  `sources: { prom: { prometheus: { url: "${url}", every: 1s } } }, warmup: 0s, metrics: [{ ${metrics.join(" }, { ")} }]`;

/** Names the replicas that run to the Prometheus, as whoever runs it would. */
function discovery(context: TestContext, server: PrometheusServer, state: string): void {
  const over = new AbortController();
  const look = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const running = await processesOf(state);
      const groups = running.flatMap(({ command, environment }): Targets[] => {
        const port = /(?:^|\0)PORT=(\d+)/u.exec(environment)?.[1];
        const pool = /(?:^|\0)SERIN_REPLICA=([^\0]*)-[^-\0]+/u.exec(environment)?.[1];
        if (!command.includes("telling.mjs") || port === undefined || pool === undefined) return [];
        return [{ targets: [`127.0.0.1:${port}`], labels: { pool } }];
      });
      await server.scrape(groups);
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
    }
  };
  const looking = look();
  context.onTestFinished(async () => {
    over.abort();
    await looking;
  });
}

async function place(context: TestContext, ...metrics: readonly string[]) {
  const server = new PrometheusServer();
  context.onTestFinished(() => server.close());
  const url = await server.start();
  const told = { strategy: STEPS, analysis: analysis(url, ...metrics) };
  const { scene, load } = await underLoad(context, told);
  discovery(context, server, scene.place.state);
  return { server, scene, load, told };
}

test.skipIf(!HAS_PROMETHEUS)(
  "a version that misses the cache is taken back for that, and one that does not goes on",
  async (context) => {
    const { scene, load, told } = await place(context, CACHE, EATEN);
    const bad = await outcome(scene, await scene.apply(tellingFile("v2", { ...told, env: "HITS: 0.6" })));
    expect(bad.outcome).toBe("rolled-back");
    const metric = bad.verdict?.metrics.find(({ blamed }) => blamed);
    expect(metric?.name).toBe("cache-hit-rate");
    // It is stopped as soon as it is known to be worse: how much worse, so few requests tell roughly.
    expect(metric?.canary).toBeGreaterThan(0.15);
    expect(metric?.canary).toBeLessThan(0.75);
    expect(metric?.baseline).toBeLessThan(0.12);
    const good = await outcome(scene, await scene.apply(tellingFile("v3", told)));
    expect([good.outcome, good.why]).toEqual(["promoted", expect.any(String)]);
    await load.stop();
    expect(load.lost).toEqual([]);
  },
);

test.skipIf(!HAS_PROMETHEUS)("while the Prometheus is gone nothing goes on, and it says why", async (context) => {
  const { server, scene, told } = await place(context, CACHE);
  await server.stop();
  const number = await scene.apply(tellingFile("v2", told));
  await scene.see("why it waits", ({ rollout }) => rollout?.waiting?.text.includes("nobody listens there"));
  const { rollout } = await scene.look();
  expect([rollout?.number, rollout?.phase]).toEqual([number, "forward"]);
  expect(rollout?.waiting?.text).toMatch(/^no evidence can be read: @prom/u);
  await server.start();
  expect((await outcome(scene, number)).outcome).toBe("promoted");
});
