// What do a thousand rollouts at once cost one controller, and does it stay the same for days?
//
//   npm run bench:rollouts                                 1 000 services, at the real pace and over virtual days
//   npm run bench:rollouts -- --services 100 --days 1
//
// Everything is real but the world: adapters in memory, virtual time. What the world itself costs is measured and left
// out. The journal keeps states, as JSON, and forgets records: what is kept for ever belongs on a disk.
import { parseArgs } from "node:util";
import { createVirtualClock } from "../src/adapters/memory/clock.ts";
import { createMemoryWorkload } from "../src/adapters/memory/workload.ts";
import type { Rollout } from "../src/core/spec/rollout.ts";
import { bucketOf } from "../src/core/histogram.ts";
import { ms } from "../src/core/units.ts";
import { StaleWrite, type Journal, type Saved } from "../src/ports/journal.ts";
import { Controller } from "../src/runtime/controller.ts";
import type { Factory, Pace } from "../src/runtime/parts.ts";
import { createPlane } from "../src/rehearse/plane.ts";
import { applyOf, fileOf, rolloutOf } from "../test/sim/specs.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "1000" },
    minutes: { type: "string", default: "2" },
    days: { type: "string", default: "3" },
  },
});

const HOUR = 3_600_000;
/** Latencies of good answers: some buckets, so that histograms have a size. */
const LATENCIES_US = [5_000, 8_000, 12_000, 20_000, 20_000, 35_000, 60_000, 110_000, 180_000, 400_000];

/** Counts what happens, and how long the world itself takes. */
class World {
  readonly clock = createVirtualClock();
  ticks = 0;
  worldMs = 0;
  bytes = 0;
  appends = 0;
  readonly states = new Map<string, { seq: number; text: string }>();

  factory(): Factory {
    const workloads = new Map<string, ReturnType<typeof createMemoryWorkload>>();
    const planes = new Map<string, ReturnType<typeof createPlane>>();
    const close = () => Promise.resolve();
    return {
      workload: async (state) => {
        const { service } = state();
        const workload = workloads.get(service) ?? createMemoryWorkload({ clock: this.clock });
        workloads.set(service, workload);
        return { workload, close, remove: close };
      },
      router: async ({ service }) => {
        const plane = planes.get(service) ?? this.#plane();
        planes.set(service, plane);
        return { router: plane, metrics: plane, close };
      },
    };
  }

  /** Ten requests to each replica between two looks. */
  #plane(): ReturnType<typeof createPlane> {
    const plane = createPlane({
      clock: this.clock,
      fault: (op) => {
        if (op !== "read") return undefined;
        const began = performance.now();
        this.ticks += 1;
        for (const held of Object.values(plane.inForce()?.pools ?? {})) {
          for (const { replica } of held.backends) {
            const latency: Record<number, number> = {};
            for (const us of LATENCIES_US) latency[bucketOf(us)] = 1;
            const failed = this.ticks % 100 === 0 ? 1 : 0;
            plane.count({ pool: held.pool, replica, requests: 10, failed, clientErrors: 0, latency });
          }
        }
        this.worldMs += performance.now() - began;
        return undefined;
      },
    });
    return plane;
  }

  journal(): Journal {
    const { states } = this;
    const saved = (kept: { seq: number; text: string } | undefined): Saved | undefined =>
      kept && { seq: kept.seq, format: 1, state: JSON.parse(kept.text) };
    return {
      kind: "forgetful",
      list: async () => [...states.keys()],
      load: async (service) => saved(states.get(service)),
      append: async (service, expected, { state }) => {
        const seq = states.get(service)?.seq ?? 0;
        if (seq !== expected) throw new StaleWrite("stale");
        const text = JSON.stringify(state);
        this.bytes += text.length;
        this.appends += 1;
        states.set(service, { seq: seq + 1, text });
        return seq + 1;
      },
      records: async () => [],
      remove: async (service) => void states.delete(service),
      close: async () => {},
    };
  }
}

interface Setup {
  readonly pace: Partial<Pace>;
  readonly strategy: string;
}

async function begin(world: World, services: number, { pace, strategy }: Setup) {
  const controller = new Controller({ clock: world.clock, journal: world.journal(), factory: world.factory(), pace });
  const specs = new Map<string, Rollout>();
  for (let n = 0; n < services; n += 1) specs.set(`svc-${n}`, rolloutOf(fileOf(`svc-${n}`, 4, { strategy })));
  let asked = 0;
  const apply = (revision: string): void => {
    for (const [name, spec] of specs) {
      const command = applyOf(spec, { id: `c${(asked += 1)}`, revision });
      controller.send(name, command).catch((error: unknown) => console.error(name, error));
    }
  };
  return { controller, apply };
}

function heapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

const round = (value: number, digits = 1): string => value.toFixed(digits);

async function realPace(services: number, minutes: number): Promise<void> {
  const world = new World();
  const strategy = `{ canary: { steps: [{ weight: 25%, hold: 10h }, { weight: 50%, hold: 10h }] } }`;
  const { controller, apply } = await begin(world, services, { pace: {}, strategy });
  apply("v1");
  await world.clock.advance(ms(20_000));
  apply("v2");
  await world.clock.advance(ms(20_000));
  const before = { ticks: world.ticks, worldMs: world.worldMs, at: performance.now(), cpu: process.cpuUsage() };
  await world.clock.advance(ms(minutes * 60_000));
  const cpu = process.cpuUsage(before.cpu);
  const spentMs = (cpu.user + cpu.system) / 1_000 - (world.worldMs - before.worldMs);
  const ticks = world.ticks - before.ticks;
  const share = (spentMs / (minutes * 60_000)) * 100;
  console.log(`real pace: ${services} canaries under way, ${minutes} virtual minutes, ${ticks} ticks`);
  console.log(
    `  ${round((spentMs / ticks) * 1_000)} µs of CPU per tick, ${round(share)} % of one core, heap ${round(heapMb())} MB, ` +
      `state ${round(world.bytes / world.appends / 1_024)} kB`,
  );
  await controller.stop();
}

async function days(services: number, count: number): Promise<void> {
  const world = new World();
  const strategy = `{ canary: { steps: [{ weight: 25%, hold: 20m }, { weight: 50%, judge: { atMost: 20m, undecided: goOn } }] } }`;
  const pace = { activeMs: 300_000, soonMs: 10_000, idleMs: 300_000, saveActiveMs: 300_000, saveIdleMs: 1_800_000 };
  const { controller, apply } = await begin(world, services, { pace, strategy });
  console.log(`days: ${services} services, a rollout each every 2 virtual hours, a look every five minutes`);
  console.log("  virtual h   rollouts   µs per tick   heap MB   state kB");
  let before = { ticks: 0, worldMs: 0, bytes: 0, appends: 0 };
  for (let hour = 0; hour < count * 24; hour += 6) {
    const cpuBefore = process.cpuUsage();
    for (let at = hour; at < hour + 6; at += 2) {
      apply(`v${at / 2 + 1}`);
      await world.clock.advance(ms(2 * HOUR));
    }
    const cpu = process.cpuUsage(cpuBefore);
    const spentMs = (cpu.user + cpu.system) / 1_000 - (world.worldMs - before.worldMs);
    const perTick = (spentMs / (world.ticks - before.ticks)) * 1_000;
    const ended = controller.list().reduce((sum, { state }) => sum + (state.history[0]?.number ?? 0), 0);
    const size = (world.bytes - before.bytes) / Math.max(1, world.appends - before.appends) / 1_024;
    const cells = [String(hour + 6).padStart(11), String(ended).padStart(10), round(perTick).padStart(13)];
    console.log(`${cells.join(" ")}${round(heapMb()).padStart(10)}${round(size).padStart(11)}`);
    before = { ticks: world.ticks, worldMs: world.worldMs, bytes: world.bytes, appends: world.appends };
  }
  await controller.stop();
}

const services = Number(values.services);
await realPace(services, Number(values.minutes));
await days(services, Number(values.days));
