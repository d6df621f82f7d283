// Is what a file says of its replicas' pages known to whoever reads their figures elsewhere?
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ServiceState } from "../core/engine/state.ts";
import { parseRollout } from "../core/spec/parse.ts";
import type { AskedPool } from "../ports/signals.ts";
import { adapters } from "./registry.ts";
import { systemClock } from "./system/clock.ts";

const fileOf = (workload: string, url: string): string => `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { ${workload}, metrics: { port: 9100 } }
  traffic: { proxy: { listen: "127.0.0.1:18080" } }
  strategy: { canary: { steps: [{ weight: 10% }] } }
  analysis:
    sources: { prom: { prometheus: { url: "${url}" } } }
    metrics: [{ kind: histogram, name: took, source: prom, series: took_seconds }]
`;

test("the port of the pages of addresses is one of those that a Prometheus is asked for", async ({
  onTestFinished,
}) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.on("data", (part: Buffer) => asked.push(decodeURIComponent(part.toString())));
    response.end("{}");
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const dir = await mkdtemp(join(tmpdir(), "serin-registry-"));
  const made = adapters({ dir, clock: systemClock() });
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await made.close();
    await rm(dir, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const parsed = parseRollout(fileOf('urls: ["http://10.0.0.1:8080"]', url));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed));
  const state = { service: "shop", spec: parsed.rollout, origin: dir } as unknown as ServiceState;
  const workload = await made.workload(() => state);
  onTestFinished(() => workload.close());
  const replica = { id: "1-1", host: "10.0.0.1", port: 8_080, state: "ready", restarts: 0 } as const;
  const pools: readonly AskedPool[] = [{ pool: "1", revision: "r", role: "stable", replicas: [replica] }];
  const name = "@prom took_seconds";
  const source = workload.signals?.(state).find((one) => one.covers(name));
  await source?.read([{ name, kind: "histogram" }], pools, { signal: new AbortController().signal });
  await expect.poll(() => asked.join("\n")).toContain(":9100|");
});
