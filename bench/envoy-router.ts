// What does a change of one service cost through the Envoy router, when thousands of others share the Envoy?
//
//   npm run bench:envoy-router                            1, 100, 1 000 and 5 000 services
//   npm run bench:envoy-router -- --services 1,1000 --changes 20
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createEnvoyHub } from "../src/adapters/envoy/hub.ts";
import { nextOf } from "../src/adapters/envoy/next.ts";
import { createServedStore } from "../src/adapters/envoy/store.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { EnvoySchema } from "../src/core/spec/envoy.ts";
import { WHOLE, weightOf } from "../src/core/units.ts";
import type { Route } from "../src/core/split.ts";
import { connected, NO_ENVOY, startEnvoy, until } from "../test/envoy/place.ts";
import { Backends, Client, freePort } from "../test/proxy/parts.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "1,100,1000,5000" },
    changes: { type: "string", default: "40" },
  },
});

const call = () => ({ signal: AbortSignal.timeout(60_000) });
const median = (all: readonly number[]): number => all.toSorted((one, other) => one - other)[all.length >> 1] ?? 0;

interface Measured {
  readonly services: number;
  /** From the start of the controller to an Envoy that has everything. */
  readonly startMs: number;
  readonly memoryMb: number;
  /** Of a change of shares: until the router has taken it, and until the first request goes the other way. */
  readonly appliedMs: number;
  readonly observedMs: number;
  readonly cpuMs: number;
  /** Of a change of routes. */
  readonly routesMs: number;
}

/** As a controller of that many services would have written them down. */
function write(dir: string, services: number, { route, xds }: { route: Route; xds: string }): void {
  const store = createServedStore(dir);
  for (let at = 1; at < services; at += 1) {
    const service = `svc-${at}`;
    const spec = EnvoySchema.parse({ listen: `127.0.0.1:${listen}`, xds, hosts: [`${service}.test`] });
    store.save({ served: nextOf(undefined, { service, front: service, spec, route }).served });
  }
}

let listen = 0;

async function measure(services: number): Promise<Measured> {
  const dir = mkdtempSync(join(tmpdir(), "serin-bench-"));
  const backends = new Backends();
  listen = await freePort();
  const port = await freePort();
  const pools = { stable: await backends.pool("stable", 1), canary: await backends.pool("canary", 1) };
  const routeOf = (share: number): Route => ({
    split: { weights: { canary: weightOf(share), stable: weightOf(1 - share) } },
    pools,
  });
  write(join(dir, "services"), services, { route: routeOf(0), xds: `127.0.0.1:${port}` });
  const envoy = await startEnvoy({ dir, control: { host: "127.0.0.1", port } });
  const begun = performance.now();
  const hub = createEnvoyHub({ dir: join(dir, "services"), clock: systemClock() });
  const spec = EnvoySchema.parse({ listen, xds: `127.0.0.1:${port}`, hosts: ["svc-0.test"] });
  const asked = { service: "svc-0", front: "svc-0", spec, origin: dir };
  const { router } = await hub.router(asked);
  await connected(envoy);
  await until(
    async () => {
      await router.apply(routeOf(0), call()).catch(() => undefined);
      return (await router.observe(call())).kind === "value";
    },
    "an Envoy that has everything",
    120_000,
  );
  const startMs = performance.now() - begun;
  const client = new Client(listen);
  const goes = async (): Promise<string> => (await client.get("/", { host: "svc-0.test" })).text;
  const changes = Number(values.changes);
  const [applied, observed, cpu, routes] = [[], [], [], []] as number[][] as [number[], number[], number[], number[]];
  for (let n = 0; n < changes; n += 1) {
    const share = n % 2 === 0 ? 1 : 0;
    const spent = process.cpuUsage();
    const from = performance.now();
    const taken = router.apply(routeOf(share), call()).then(() => applied.push(performance.now() - from));
    for (const wanted = share === 1 ? "canary" : "stable"; !(await goes()).startsWith(wanted);) continue;
    observed.push(performance.now() - from);
    await taken;
    const { user, system } = process.cpuUsage(spent);
    cpu.push((user + system) / 1_000);
  }
  for (let n = 0; n < Math.min(changes, 10); n += 1) {
    const when = [{ on: "header", name: "x-n", is: { exact: String(n) } }] as const;
    const { split } = routeOf(0);
    const from = performance.now();
    await router.apply({ split: { ...split, matches: [{ when, to: "canary" }] }, pools }, call());
    routes.push(performance.now() - from);
  }
  const memoryMb = process.memoryUsage().rss / 1_048_576;
  client.close();
  backends.close();
  await envoy.end();
  await hub.close();
  rmSync(dir, { recursive: true, force: true });
  return {
    services,
    startMs,
    memoryMb,
    appliedMs: median(applied),
    observedMs: median(observed),
    cpuMs: median(cpu),
    routesMs: median(routes),
  };
}

if (NO_ENVOY !== undefined) throw new Error(NO_ENVOY);
if (weightOf(1) !== WHOLE) throw new Error("shares are parts per million");
const all: Measured[] = [];
for (const services of values.services.split(",").map(Number)) all.push(await measure(services));
const [base] = all;
console.log("services   start, s   memory, MB   applied, ms   observed, ms   CPU, ms   ÷ 1 service   by routes, ms");
for (const one of all) {
  const cells = [
    one.services,
    (one.startMs / 1_000).toFixed(1),
    one.memoryMb.toFixed(0),
    one.appliedMs.toFixed(1),
    one.observedMs.toFixed(1),
    one.cpuMs.toFixed(1),
    (one.appliedMs / (base?.appliedMs ?? 1)).toFixed(2),
    one.routesMs.toFixed(0),
  ];
  console.log(cells.map((cell, at) => String(cell).padStart([8, 11, 13, 14, 15, 10, 14, 16][at] ?? 10)).join(""));
}
process.exit(0);
