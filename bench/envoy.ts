// How soon does a change of shares reach Envoy, whatever the number of services, and what do access logs cost?
//
//   npm run bench:envoy                                    1, 100, 1 000 and 5 000 services, one Envoy and 100 streams
//   npm run bench:envoy -- --services 1,100 --streams 10
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Asked, Told } from "./envoy/probe.ts";
import { openXdsServer, type XdsServer } from "../src/adapters/envoy/xds/server.ts";
import type { ResourceType } from "../src/adapters/envoy/xds/types.ts";
import { cluster, endpoints, listener, routes, runtime } from "../test/support/envoy-resources.ts";
import { HAS_ENVOY, RealEnvoy } from "../test/support/envoy.ts";
import { acknowledged as allHave, standing } from "../test/support/envoy-standing.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "1,100,1000,5000" },
    streams: { type: "string", default: "100" },
    flips: { type: "string", default: "40" },
    seconds: { type: "string", default: "10" },
  },
});

const RATE = 20_000;
const TARGET_MS = 5;
const TARGET_RATIO = 3;

const median = (all: readonly number[]): number => all.toSorted((one, other) => one - other)[all.length >> 1] ?? 0;
const worst = (all: readonly number[]): number => Math.max(...all);

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Both sides of the service, and who asks it all the time. */
class Probe {
  readonly child = script("probe.ts");
  #answer = "";
  #waiting: { readonly answer: string; readonly resolve: (at: bigint) => void } | undefined;

  async sides(): Promise<{ readonly stable: number; readonly canary: number }> {
    const [told] = (await once(this.child, "message")) as [Told];
    if (!("stable" in told)) throw new Error("the probe does not begin with its ports");
    this.child.on("message", (more: Told) => this.#told(more));
    return told;
  }

  ask(asked: Asked): void {
    this.child.send(asked);
  }

  /** The moment at which this answer came first. */
  sees(answer: string): Promise<bigint> {
    const { promise, resolve } = Promise.withResolvers<bigint>();
    if (this.#answer === answer) resolve(process.hrtime.bigint());
    else this.#waiting = { answer, resolve };
    return promise;
  }

  #told(told: Told): void {
    if (!("answer" in told)) return;
    this.#answer = told.answer;
    if (this.#waiting?.answer === told.answer) this.#waiting.resolve(BigInt(told.at));
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 180_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error("the world does not come about within three minutes");
    await after(20);
  }
}

/** Both roles' endpoints for each service, one route configuration, one listener. */
function fill(server: XdsServer, services: number, ports: { stable: number; canary: number; front: number }): void {
  const fleet = server.discovery.fleet("edge");
  const names = Array.from({ length: services }, (_, at) => `svc-${at}`);
  for (const name of names) {
    for (const role of ["stable", "canary"] as const) {
      fleet.set("cluster", `${name}-${role}`, cluster(`${name}-${role}`));
      fleet.set("endpoints", `${name}-${role}`, endpoints(`${name}-${role}`, ports[role]));
    }
  }
  fleet.set("routes", "main", routesOf(services, 0));
  fleet.set("listener", "http", listener("http", { port: ports.front, routes: "main" }));
  fleet.set("runtime", "shares", runtime("shares", {}));
  server.discovery.open("edge");
}

function routesOf(services: number, canary: number) {
  const middle = services >> 1;
  const all = Array.from({ length: services }, (_, at) => {
    return { service: `svc-${at}`, domain: `svc-${at}.test`, canary: at === middle ? canary : 0 };
  });
  return routes("main", all);
}

interface Flips {
  /** Until the real Envoy said so, until all streams did, until an answer came from the other side. */
  readonly acknowledged: number[];
  readonly everywhere: number[];
  readonly observed: number[];
  /** What the control plane's process spent on it. */
  readonly cpu: number[];
}

interface Change {
  readonly server: XdsServer;
  readonly type: ResourceType;
  readonly name: string;
  readonly probe: Probe;
  readonly set: (canary: number) => string;
}

async function flip(change: Change, canary: number, into: Flips): Promise<void> {
  const { server, type, name, probe } = change;
  const wanted = canary === 0 ? "stable" : "canary";
  const { promise, resolve } = Promise.withResolvers<number>();
  const seen = probe.sees(wanted);
  const begun = process.hrtime.bigint();
  const started = performance.now();
  const spent = process.cpuUsage();
  const silence = server.discovery.listen({
    acknowledged: (envoy, what) => {
      if (envoy.node.id === "real" && what === type) resolve(performance.now() - started);
    },
  });
  const version = change.set(canary);
  const signal = AbortSignal.timeout(60_000);
  const all = allHave(server.discovery, [{ type, name, version }], { signal });
  const everywhere = all.then(() => performance.now() - started);
  into.observed.push(Number((await seen) - begun) / 1e6);
  into.acknowledged.push(await promise);
  into.everywhere.push(await everywhere);
  const { user, system } = process.cpuUsage(spent);
  into.cpu.push((user + system) / 1_000);
  silence();
}

async function flips(change: Change, count: number): Promise<Flips> {
  const into: Flips = { acknowledged: [], everywhere: [], observed: [], cpu: [] };
  for (let at = 0; at < count; at += 1) {
    await flip(change, at % 2 === 0 ? 100 : 0, into);
    await after(50);
  }
  return into;
}

const script = (name: string, ...args: (string | number)[]): ChildProcess =>
  fork(join(import.meta.dirname, "envoy", name), args.map(String));

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.kill()) await once(child, "exit");
}

interface Shares {
  readonly byRuntime: Flips;
  readonly byRoutes: Flips;
  /** Of the control plane's process, with all streams open. */
  readonly memoryMb: number;
}

async function shares(services: number): Promise<Shares> {
  const probe = new Probe();
  const { stable, canary } = await probe.sides();
  const front = await freePort();
  const server = await openXdsServer({ host: "127.0.0.1", port: 0 });
  fill(server, services, { stable, canary, front });
  const xdsPort = server.port;
  const envoy = new RealEnvoy({ xdsPort, protocol: "delta", id: "real", runtime: ["shares"] });
  const streams = script("streams.ts", xdsPort, values.streams, services);
  const host = `svc-${services >> 1}.test`;
  const fleet = server.discovery.fleet("edge");
  const name = `svc-${services >> 1}`;
  try {
    const all = [{ type: "runtime", name: "shares", version: fleet.version("runtime", "shares") }] as const;
    await until(() => {
      if (streams.exitCode !== null) throw new Error("the streams have ended");
      return standing(server.discovery, all).holding.length === Number(values.streams) + 1;
    });
    probe.ask({ front, host });
    await probe.sees("stable");
    const common = { server, probe };
    const set = (share: number): string => {
      const layer = share === 0 ? {} : { [`${name}.${name}-stable`]: 0, [`${name}.${name}-canary`]: 100 };
      return fleet.set("runtime", "shares", runtime("shares", layer));
    };
    const byRuntime = await flips({ ...common, type: "runtime", name: "shares", set }, Number(values.flips));
    const memoryMb = process.memoryUsage().rss / 1e6;
    const setRoutes = (share: number): string => fleet.set("routes", "main", routesOf(services, share));
    const byRoutes = await flips({ ...common, type: "routes", name: "main", set: setRoutes }, 6);
    return { byRuntime, byRoutes, memoryMb };
  } finally {
    await Promise.all([stop(streams), stop(probe.child), envoy.close()]);
    await server.close();
  }
}

/** The share of one core that reading the access log takes, the channel included. */
async function accessLog(): Promise<{ readonly share: number; readonly rate: number; readonly lost: number }> {
  const seconds = Number(values.seconds);
  const server = await openXdsServer({ host: "127.0.0.1", port: 0 });
  let entries = 0;
  let first = 0;
  let failed = 0;
  server.listenAccess((_node, _log, { status, cluster: name }) => {
    if (entries === 0) first = performance.now();
    entries += 1;
    if (status >= 500 || name === "") failed += 1;
  });
  const sender = script("log-sender.ts", server.port, RATE, seconds);
  await until(() => entries > RATE);
  const [from, cpu, begin] = [entries, process.cpuUsage(), performance.now()];
  await until(() => entries >= RATE * (seconds - 1));
  const { user, system } = process.cpuUsage(cpu);
  const took = performance.now() - begin;
  await once(sender, "exit");
  await server.close();
  if (first === 0 || failed > 0) throw new Error(`${failed} entries were not read as they were sent`);
  return {
    share: (user + system) / 1_000 / took,
    rate: ((entries - from) / took) * 1_000,
    lost: RATE * seconds - entries,
  };
}

if (!HAS_ENVOY) {
  console.error("serin: there is no Envoy; run `node tools/parts.ts` first");
  process.exit(1);
}
const show = (value: number): string => value.toFixed(1).padStart(8);
console.log(
  `one Envoy and ${values.streams} streams; ms, medians of ${values.flips} changes (the longest in brackets)`,
);
console.log(
  "services   acknowledged      observed   everywhere       CPU    ÷ 1 service (time, CPU)   by routes (time, CPU)   memory, MB",
);
// The first changes of a process are slower, whatever the number of services.
await shares(1);
let base: Flips | undefined;
let met = true;
for (const services of values.services.split(",").map(Number)) {
  const { byRuntime, byRoutes, memoryMb } = await shares(services);
  base ??= byRuntime;
  const ratio = Math.max(
    median(byRuntime.acknowledged) / median(base.acknowledged),
    median(byRuntime.observed) / median(base.observed),
  );
  met &&=
    ratio <= TARGET_RATIO && median(byRuntime.acknowledged) <= TARGET_MS && median(byRuntime.observed) <= TARGET_MS;
  const { acknowledged, observed, everywhere, cpu } = byRuntime;
  const longest = `(${worst(acknowledged).toFixed(1)})`.padStart(8);
  const times = [observed, everywhere, cpu].map((all) => show(median(all)));
  const ratios = [ratio, median(cpu) / median(base.cpu)].map(show);
  const memory = String(Math.round(memoryMb)).padStart(8);
  const peers = [byRoutes.acknowledged, byRoutes.cpu].map((all) => show(median(all)));
  console.log(
    `${String(services).padStart(8)} ${show(median(acknowledged))}${longest} ${[...times, ...ratios, ...peers, memory].join("   ")}`,
  );
}
const log = await accessLog();
console.log(
  `access log: ${Math.round(log.rate)} entries/s take ${(log.share * 100).toFixed(1)} % of one core; ${log.lost} lost`,
);
console.log(met ? "targets met" : `targets missed: median ≤ ${TARGET_MS} ms and ratio ≤ ${TARGET_RATIO}`);
