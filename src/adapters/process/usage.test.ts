// Are the counts of processes added up rightly, whatever the system shows?
import { expect, test } from "vitest";
import { createVirtualClock } from "../memory/clock.ts";
import type { SignalWanted } from "../../core/signals.ts";
import { ms } from "../../core/units.ts";
import type { Inside } from "./inside.ts";
import { type Detail, type Measured, type Meter, secondsOf } from "./measure.ts";
import { createUsageSource } from "./usage.ts";

const inside = (more: Partial<Inside> = {}): Inside => ({
  replica: "a-1",
  pool: "a",
  process: { pid: 100, birth: "b1" },
  before: undefined,
  restarts: 0,
  checks: { made: 0, failed: 0 },
  ...more,
});
const one = (more: Partial<Measured> = {}): Measured => ({
  pid: 100,
  group: 100,
  session: 100,
  birth: "b1",
  zombie: false,
  cpuSeconds: 1,
  residentBytes: 1_000,
  threads: 2,
  ...more,
});
const CPU: SignalWanted = { name: "process.cpu", kind: "counter" };
const MEMORY: SignalWanted = { name: "process.memory", kind: "gauge" };
const THREADS: SignalWanted = { name: "process.threads", kind: "gauge" };
const READ: SignalWanted = { name: "process.read", kind: "counter" };
const replica = { id: "a-1", host: "127.0.0.1", port: 1, state: "ready" as const, restarts: 0 };
const pools = [{ pool: "a", revision: "r", replicas: [replica] }];

/** A source on a system that the test makes up, read again and again. */
function place(first: { inside?: Inside; all?: readonly Measured[]; read?: () => Detail } = {}) {
  const world = { inside: inside(), all: [one()] as readonly Measured[], read: (): Detail => ({ value: 5 }), ...first };
  const clock = createVirtualClock();
  const detail = (): Detail => world.read();
  const details: Meter["details"] = { files: detail, read: detail, written: detail };
  const meter: Meter = { processes: async () => world.all, details };
  const source = createUsageSource({ clock, workload: { insides: () => [world.inside] }, everyMs: ms(1), meter });
  const read = async (...wanted: readonly SignalWanted[]) => {
    await clock.advance(ms(1));
    const observed = await source.read(wanted, pools, { signal: new AbortController().signal });
    if (observed.kind !== "value") throw new Error(JSON.stringify(observed));
    const [series] = observed.value.series;
    const values = Object.fromEntries(
      Object.entries(series?.values ?? {}).map(([name, reading]) => [name, "value" in reading && reading.value]),
    );
    return { values, troubles: observed.value.troubles };
  };
  return { world, read, source, clock };
}

test("a session is all processes of its number, or of its group", async () => {
  const all = [
    one(),
    one({ pid: 101, group: 101, threads: 1 }),
    one({ pid: 102, session: 7, threads: 4 }),
    one({ pid: 103, session: 7, group: 7, threads: 100 }),
    one({ pid: 104, zombie: true, cpuSeconds: 0.5, residentBytes: 0, threads: 1 }),
  ];
  const { values } = await place({ all }).read(CPU, MEMORY, THREADS);
  // A zombie's time stands nowhere else yet; it has no memory and no threads.
  expect(values).toEqual({ "process.cpu": 3.5, "process.memory": 3_000, "process.threads": 7 });
});

test("a process number that is somebody else's by now is nobody's", async () => {
  const { values, troubles } = await place({ all: [one({ birth: "b9" })] }).read(CPU, MEMORY);
  expect(values).toEqual({ "process.cpu": 0 });
  expect(troubles).toEqual(["process.memory: a-1 has no process at the moment"]);
});

test("a sum that falls adds nothing, and what comes after it does", async () => {
  const { world, read } = place({ all: [one({ cpuSeconds: 4 }), one({ pid: 101, cpuSeconds: 3 })] });
  const cpu: unknown[] = [];
  const steps = [[7], [4], [4.5], [4.5]] as const;
  for (const [seconds] of steps) {
    world.all = [one({ cpuSeconds: seconds })];
    cpu.push((await read(CPU)).values["process.cpu"]);
  }
  expect(cpu).toEqual([7, 7, 7.5, 7.5]);
});

test("over restarts the total goes on, with nothing in between", async () => {
  const { world, read } = place();
  expect((await read(CPU)).values).toEqual({ "process.cpu": 1 });
  world.inside = inside({ process: undefined });
  world.all = [];
  expect((await read(CPU)).values).toEqual({ "process.cpu": 1 });
  world.inside = inside({ process: { pid: 200, birth: "b2" } });
  world.all = [one({ pid: 200, group: 200, session: 200, birth: "b2", cpuSeconds: 0.25 })];
  expect((await read(CPU)).values).toEqual({ "process.cpu": 1.25 });
});

test("of a process that an earlier controller has started only what comes counts; of its next one, all", async () => {
  const { world, read } = place({ inside: inside({ before: { birth: "b1", restarts: 3 }, restarts: 3 }) });
  const restarts: SignalWanted = { name: "process.restarts", kind: "counter" };
  expect((await read(CPU, restarts)).values).toEqual({ "process.cpu": 0, "process.restarts": 0 });
  world.all = [one({ cpuSeconds: 1.5 })];
  expect((await read(CPU, restarts)).values).toEqual({ "process.cpu": 0.5, "process.restarts": 0 });
  world.inside = { ...world.inside, restarts: 4, process: { pid: 200, birth: "b2" } };
  world.all = [one({ pid: 200, session: 200, group: 200, birth: "b2", cpuSeconds: 2 })];
  expect((await read(CPU, restarts)).values).toEqual({ "process.cpu": 2.5, "process.restarts": 1 });
});

test("a name that is asked for later, or again, begins at 0; that of a new replica does not", async () => {
  const { world, read } = place();
  await read(MEMORY);
  expect((await read(MEMORY, CPU)).values["process.cpu"]).toBe(0);
  world.all = [one({ cpuSeconds: 3 })];
  expect((await read(MEMORY, CPU)).values["process.cpu"]).toBe(2);
  await read(MEMORY);
  world.all = [one({ cpuSeconds: 9 })];
  expect((await read(MEMORY, CPU)).values["process.cpu"]).toBe(0);
  expect((await place().read(MEMORY, CPU)).values["process.cpu"]).toBe(1);
});

test("a name that could not be read in between begins at 0 too", async () => {
  const { world, read } = place();
  const allowed = world.read;
  expect((await read(READ)).values["process.read"]).toBe(5);
  world.read = () => ({ why: "may not be read (EACCES)" });
  expect((await read(READ)).values["process.read"]).toBeUndefined();
  world.read = allowed;
  expect((await read(READ)).values["process.read"]).toBe(0);
});

test("what may not be read, or cannot be here, is named", async () => {
  const refused = place({ read: () => ({ why: "may not be read (EACCES)" }) });
  expect(await refused.read(READ, CPU)).toEqual({
    values: { "process.cpu": 1 },
    troubles: ["process.read: a-1 may not be read (EACCES)"],
  });
  const { threads: _, ...bare } = one();
  const meter = { processes: async () => [bare] };
  const workload = { insides: () => [inside()] };
  const elsewhere = createUsageSource({ clock: createVirtualClock(), workload, meter });
  const call = { signal: new AbortController().signal };
  const logs: SignalWanted = { name: "process.logErrors", kind: "counter" };
  expect(await elsewhere.read([CPU, THREADS, READ, logs], pools, call)).toMatchObject({
    value: {
      series: [{ values: { "process.cpu": { value: 1 } } }],
      troubles: [
        expect.stringMatching(/^process\.threads: a-1 runs on \w+, where this cannot be read$/u),
        expect.stringMatching(/^process\.read: a-1 runs on/u),
        "process.logErrors: a-1 shares its log with others until its next start",
      ],
    },
  });
});

test("a system that cannot be looked at is unreadable", async () => {
  const meter = { processes: () => Promise.reject(new Error("ps: not found")) };
  const source = createUsageSource({ clock: createVirtualClock(), workload: { insides: () => [inside()] }, meter });
  expect(await source.read([CPU], pools, { signal: new AbortController().signal })).toEqual({
    kind: "unreadable",
    why: "the processes cannot be looked at: ps: not found",
  });
});

test.each([
  ["00:00:05", 5],
  ["1-02:03:04", 93_784],
  ["0:00.43", 0.43],
  ["62:03.40", 3_723.4],
])("ps says %s", (time, seconds) => {
  expect(secondsOf(time)).toBeCloseTo(seconds, 6);
});
