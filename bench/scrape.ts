// How long does a scrape of thousands of services take, and for how long does it hold the controller up?
//
//   npm run bench:scrape                          5 000 services, all with a canary under way
//   npm run bench:scrape -- --services 500
//
// Everything is real but the world: adapters in memory, virtual time. The peer is the same page made the usual way: a gauge
// of prom-client per family, reset and set at each scrape.
import { parseArgs } from "node:util";
import { Gauge, Registry } from "prom-client";
import { createVirtualClock } from "../src/adapters/memory/clock.ts";
import { createMemoryWorkload } from "../src/adapters/memory/workload.ts";
import { bucketOf } from "../src/core/histogram.ts";
import { ms } from "../src/core/units.ts";
import type { Journal } from "../src/ports/journal.ts";
import { createPlane } from "../src/rehearse/plane.ts";
import { Controller, type Seen } from "../src/runtime/controller.ts";
import type { Factory } from "../src/runtime/parts.ts";
import { pageOf } from "../src/telemetry/metrics/collect.ts";
import { FAMILIES } from "../src/telemetry/metrics/families.ts";
import { applyOf, fileOf, rolloutOf } from "../test/sim/specs.ts";

const { values } = parseArgs({ options: { services: { type: "string", default: "5000" } } });
const count = Number(values.services);
const RUNS = 9;

const clock = createVirtualClock();
const LATENCY = Object.fromEntries([5_000, 20_000, 60_000, 180_000].map((us) => [bucketOf(us), 5]));

function plane(): ReturnType<typeof createPlane> {
  const made = createPlane({
    clock,
    fault: (op) => {
      for (const { pool, backends } of op === "read" ? Object.values(made.inForce()?.pools ?? {}) : []) {
        for (const { replica } of backends)
          made.count({ pool, replica, requests: 20, failed: 1, clientErrors: 0, latency: LATENCY });
      }
      return undefined;
    },
  });
  return made;
}

function factory(): Factory {
  const close = () => Promise.resolve();
  return {
    workload: async () => ({ workload: createMemoryWorkload({ clock }), close, remove: close }),
    router: async () => {
      const router = plane();
      return { router, metrics: router, close };
    },
  };
}

const journal: Journal = {
  kind: "forgetful",
  list: async () => [],
  load: async () => undefined,
  append: async (_service, expected) => expected + 1,
  records: async () => [],
  remove: async () => {},
  close: async () => {},
};

/** A look now and then is enough for figures to be there. */
const PACE = { activeMs: 5_000, soonMs: 1_000, idleMs: 5_000 };

/** Services with a canary under way that has evidence. */
async function underWay(): Promise<Controller> {
  const controller = new Controller({ clock, journal, factory: factory(), pace: PACE });
  const strategy = `{ canary: { steps: [{ weight: 25%, hold: 10h }] } }`;
  const specs = Array.from({ length: count }, (_, n) => rolloutOf(fileOf(`svc-${n}`, 4, { strategy })));
  for (const revision of ["v1", "v2"]) {
    specs.forEach((spec, n) => {
      const command = applyOf(spec, { id: `${revision}-${n}`, revision });
      controller.send(spec.metadata.name, command).catch((error: unknown) => console.error(error));
    });
    await clock.advance(ms(15_000));
  }
  return controller;
}

/** The page as it is usually made. */
async function usual(services: readonly Seen[]): Promise<string> {
  const registry = new Registry();
  for (const { name, help, labels, of } of FAMILIES) {
    const gauge = new Gauge({ name, help, labelNames: ["service", ...labels], registers: [registry] });
    for (const seen of services)
      of(seen, (value, more = {}) => gauge.set({ service: seen.state.service, ...more }, value), clock.now());
  }
  return registry.metrics();
}

interface Measured {
  /** CPU time of this thread: other programs of the machine do not count. */
  readonly tookMs: number;
  /** The longest that nothing else could run, in CPU time. */
  readonly heldMs: number;
  readonly page: string;
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

async function measured(make: () => Promise<string>): Promise<Measured> {
  globalThis.gc?.();
  const begunMs = cpuMs();
  let [last, heldMs, isOver] = [begunMs, 0, false];
  const look = (): void => {
    const now = cpuMs();
    heldMs = Math.max(heldMs, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  const page = await make();
  const tookMs = cpuMs() - begunMs;
  isOver = true;
  look();
  return { tookMs, heldMs, page };
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

const controller = await underWay();
const ours: Measured[] = [];
const theirs: Measured[] = [];
for (let run = 0; run < RUNS; run += 1) {
  ours.push(
    await measured(() => pageOf(new Registry(), controller.each(), clock.now()).then((parts) => parts.join(""))),
  );
  theirs.push(await measured(() => usual(controller.list())));
}
const page = ours[0]?.page ?? "";
const series = page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
console.log(
  `${count} services, each with a canary under way: ${series} series, ${(page.length / 2 ** 20).toFixed(1)} MiB`,
);
const row = (name: string, runs: readonly Measured[]): string => {
  const took = median(runs.map(({ tookMs }) => tookMs));
  const held = Math.max(...runs.map(({ heldMs }) => heldMs));
  return `${name.padEnd(14)}${took.toFixed(0).padStart(8)} ms of CPU a scrape (median of ${RUNS})${held.toFixed(0).padStart(7)} ms held up at the longest`;
};
console.log(row("Serin", ours));
console.log(row("gauges, set", theirs));
const ratio = median(ours.map(({ tookMs }) => tookMs)) / median(theirs.map(({ tookMs }) => tookMs));
console.log(`ratio ${ratio.toFixed(2)}`);
await controller.stop();
