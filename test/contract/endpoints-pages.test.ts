// Is the metrics page of every address read that somebody else runs?
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { adapters, revisionOf } from "../../src/adapters/registry.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import type { ServiceState } from "../../src/core/engine/state.ts";
import { parseRollout } from "../../src/core/spec/parse.ts";
import type { Asked } from "../../src/runtime/parts.ts";
import { call } from "./process/place.ts";

const servers: Server[] = [];
let dir = "";

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await rm(dir, { recursive: true, force: true });
});

/** A service that has counted so much; its address. */
async function counting(orders: number): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url !== "/m?only=own") return response.writeHead(404).end();
    return response.writeHead(200, { "content-type": "text/plain" }).end(`orders_total ${orders}\n`);
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("each address is a replica with a page of its own, until the file names none", async () => {
  dir = await mkdtemp(join(tmpdir(), "serin-pages-"));
  const urls = [await counting(3), await counting(4)];
  const asked = (metrics: string): Asked => {
    const parsed = parseRollout(`apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { urls: [${urls.map((url) => JSON.stringify(url)).join(", ")}]${metrics} }
  traffic: { proxy: { listen: 8080 } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 1m }] } }
`);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
    return { service: "shop", spec: parsed.rollout, origin: dir };
  };
  const whole = asked(', metrics: { path: "/m?only=own", every: 500ms }');
  const parts = adapters({ dir, clock: systemClock() });
  const house = await parts.workload(() => whole as ServiceState);
  const { workload, signals } = house;
  try {
    const revision = await revisionOf(whole.spec, dir);
    await workload.apply([{ pool: "stable", size: 2, revision }], [], call());
    const observed = await workload.observe(call());
    if (observed.kind !== "value") throw new Error(JSON.stringify(observed));
    const page = signals?.(whole).find((source) => source.covers("orders_total"));
    const read = await page?.read([{ name: "orders_total", kind: "counter" }], observed.value, call());
    if (read?.kind !== "value") throw new Error(JSON.stringify(read));
    expect(read.value.troubles).toEqual([]);
    expect(read.value.series.map(({ pool, values }) => [pool, values["orders_total"]])).toEqual([
      ["stable", { kind: "counter", value: 3 }],
      ["stable", { kind: "counter", value: 4 }],
    ]);
    const without = signals?.(asked("")) ?? [];
    expect(without.filter((source) => source.covers("orders_total"))).toEqual([]);
  } finally {
    await house.close();
    await parts.close();
  }
});
