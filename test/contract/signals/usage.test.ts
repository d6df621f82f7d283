// Is what the source tells of real processes what they really did?
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createVirtualClock } from "../../../src/adapters/memory/clock.ts";
import { procMeter, psMeter } from "../../../src/adapters/process/measure.ts";
import { createUsageSource } from "../../../src/adapters/process/usage.ts";
import type { ProcessWorkload } from "../../../src/adapters/process/workload.ts";
import type { SignalSeries } from "../../../src/core/signals.ts";
import { ms } from "../../../src/core/units.ts";
import type { SignalSource } from "../../../src/ports/signals.ts";
import type { Replica } from "../../../src/ports/workload.ts";
import { call, look, Place, ready, replicasOf, until } from "../process/place.ts";
import { EVERYTHING, have, obedient, restart } from "./usage-place.ts";

let place: Place;
let workload: ProcessWorkload;
let source: SignalSource;
const clock = createVirtualClock();
beforeEach(() => {
  place = new Place();
  begin();
});
afterEach(() => place.dispose());

/** A controller and its source. */
function begin(): void {
  workload = place.workload();
  source = createUsageSource({ clock, workload, everyMs: ms(1) });
}

/** One replica that does what it is asked. */
async function one(): Promise<Replica> {
  await workload.apply([{ pool: "a", size: 1, revision: await obedient(place) }], [], call());
  const [replica] = await until(workload, ready(1));
  if (!replica) throw new Error("none");
  return replica;
}

async function read(): Promise<{ readonly series: SignalSeries; readonly troubles: readonly string[] }> {
  await clock.advance(ms(1));
  const observed = await source.read(EVERYTHING, await look(workload), call());
  if (observed.kind !== "value" || !observed.value.series[0]) throw new Error(JSON.stringify(observed));
  return { series: observed.value.series[0], troubles: observed.value.troubles };
}

/** The number of one name. */
async function value(name: string): Promise<number> {
  const reading = (await read()).series.values[`process.${name}`];
  if (!reading || reading.kind === "histogram") throw new Error(`no ${name}`);
  return reading.value;
}

const wait = { timeout: 60_000, interval: 50 };

test("what a child has used that began and ended between two looks is counted, once", async () => {
  const replica = await one();
  const before = await value("cpu");
  await have(replica, "/child");
  const used = (await value("cpu")) - before;
  // It works for 0.1 s; beginning and ending take Node less than that again, and counted twice it would be all of it.
  expect(used).toBeGreaterThanOrEqual(0.1);
  expect(used).toBeLessThan(1);
});

test("memory, threads and descriptors are those of all its processes", async () => {
  const replica = await one();
  const [memory, threads, files] = [await value("memory"), await value("threads"), await value("files")];
  expect(memory).toBeGreaterThan(20_000_000);
  expect(threads).toBeGreaterThan(1);
  await have(replica, "/helper");
  await vi.waitFor(async () => expect((await value("memory")) - memory).toBeGreaterThan(100_000_000), wait);
  expect(await value("threads")).toBeGreaterThanOrEqual(threads + 2);
  const more = await value("files");
  expect(more).toBeGreaterThan(files);
  await have(replica, "/open");
  await vi.waitFor(async () => expect((await value("files")) - more).toBeGreaterThanOrEqual(48), wait);
  await have(replica, "/close");
  await vi.waitFor(async () => expect((await value("files")) - more).toBeLessThanOrEqual(2), wait);
});

test("what it writes, and its lines of trouble, to the line", async () => {
  const replica = await one();
  const before = (await read()).series.values;
  for (let time = 0; time < 3; time += 1) await have(replica, "/work");
  const after = (await read()).series.values;
  expect([before["process.logErrors"], before["process.logWarnings"]]).toEqual([
    { kind: "counter", value: 0 },
    { kind: "counter", value: 0 },
  ]);
  expect([after["process.logErrors"], after["process.logWarnings"]]).toEqual([
    { kind: "counter", value: 3 },
    { kind: "counter", value: 3 },
  ]);
  const written = (values: typeof after) => (values["process.written"] as { readonly value: number }).value;
  expect(written(after) - written(before)).toBeGreaterThanOrEqual(300_000);
  expect(written(after) - written(before)).toBeLessThan(400_000);
});

test("all counters go on over a restart, in the same life", async () => {
  const replica = await one();
  await have(replica, "/work");
  const before = (await read()).series;
  await restart(workload, replica.id);
  const after = (await read()).series;
  expect(after.epoch).toBe(before.epoch);
  for (const { name } of EVERYTHING.filter(({ kind }) => kind === "counter")) {
    const [earlier, later] = [before.values[name], after.values[name]] as const;
    expect({ name, earlier, later }).toSatisfy(
      () => earlier?.kind === "counter" && later?.kind === "counter" && later.value >= earlier.value,
    );
  }
  expect(after.values["process.restarts"]).toEqual({ kind: "counter", value: 1 });
  expect(after.values["process.logErrors"]).toEqual({ kind: "counter", value: 1 });
  // Another process of Node begins: that is tens of milliseconds at least.
  const cpu = (series: SignalSeries) => (series.values["process.cpu"] as { readonly value: number }).value;
  expect(cpu(after) - cpu(before)).toBeGreaterThanOrEqual(0.02);
});

test("another controller goes on in another life, from where it has found them", async () => {
  const replica = await one();
  await have(replica, "/work");
  await restart(workload, replica.id);
  const before = (await read()).series;
  await workload.close();
  begin();
  await workload.apply([{ pool: "a", size: 1, revision: await obedient(place) }], [], call());
  const found = await read();
  expect(found.troubles).toEqual([]);
  expect(found.series).toMatchObject({ replica: replica.id, pool: "a" });
  expect(found.series.epoch).not.toBe(before.epoch);
  // All of a new life is new: what was before must not be in it.
  for (const name of ["cpu", "read", "written", "restarts", "logErrors", "logWarnings"]) {
    expect([name, found.series.values[`process.${name}`]]).toEqual([name, { kind: "counter", value: 0 }]);
  }
  await have((await replicasOf(workload))[0] ?? replica, "/work");
  expect(await value("cpu")).toBeGreaterThanOrEqual(0.03);
  expect(await value("logErrors")).toBe(1);
  await restart(workload, replica.id);
  expect(await value("restarts")).toBe(1);
});

test("failed checks are counted since it was ready for the first time", async () => {
  const replica = await one();
  const [made, failed] = [await value("checks"), await value("checksFailed")];
  expect(made).toBeGreaterThanOrEqual(1);
  // It has been asked long before it could answer.
  expect(failed).toBe(0);
  await have(replica, "/sick");
  await vi.waitFor(async () => expect(await value("checksFailed")).toBeGreaterThanOrEqual(4), wait);
  await have(replica, "/well");
  await until(workload, ready(1));
  expect(await value("checks")).toBeGreaterThan((await value("checksFailed")) + made);
});

test("one whose process always ends has no memory, and its counters all the same", async () => {
  await workload.apply([{ pool: "a", size: 1, revision: await place.revision("crashing") }], [], call());
  await until(workload, ([replica]) => (replica?.restarts ?? 0) >= 2);
  await vi.waitFor(async () => {
    const { series, troubles } = await read();
    expect(troubles).toContain(`process.memory: ${series.replica} has no process at the moment`);
    expect(series.values["process.memory"]).toBeUndefined();
    expect(series.values["process.restarts"]).toSatisfy(({ value: count }: { readonly value: number }) => count >= 2);
    expect(series.values["process.checks"]).toEqual({ kind: "counter", value: 0 });
    // The uncaught error names itself at the beginning of a line, each time.
    expect(series.values["process.logErrors"]).toSatisfy(({ value: count }: { readonly value: number }) => count >= 2);
    expect(series.values["process.cpu"]).toMatchObject({ kind: "counter" });
  }, wait);
});

test("two replicas of one revision have each their own log", async () => {
  await workload.apply([{ pool: "a", size: 2, revision: await obedient(place) }], [], call());
  const [first, second] = await until(workload, ready(2));
  if (!first || !second) throw new Error("none");
  await have(second, "/work");
  await clock.advance(ms(1));
  const wanted = [{ name: "process.logErrors", kind: "counter" } as const];
  const observed = await source.read(wanted, await look(workload), call());
  const errors = observed.kind === "value" ? observed.value.series : [];
  expect(Object.fromEntries(errors.map(({ replica, values }) => [replica, values["process.logErrors"]]))).toEqual({
    [first.id]: { kind: "counter", value: 0 },
    [second.id]: { kind: "counter", value: 1 },
  });
});

test.runIf(process.platform === "linux")("ps and /proc tell the same of a process", async () => {
  // A machine without ps is a Linux that does not need it.
  const byPs = await psMeter()
    .processes()
    .catch(() => procMeter().processes());
  const mine = byPs.find(({ pid }) => pid === process.pid);
  const same = (await procMeter().processes()).find(({ pid }) => pid === process.pid);
  if (!mine || !same) throw new Error("not there");
  expect(mine.residentBytes).toBeGreaterThan(same.residentBytes / 2);
  expect(mine.residentBytes).toBeLessThan(same.residentBytes * 2);
  expect(Math.abs(same.residentBytes - process.memoryUsage.rss())).toBeLessThan(same.residentBytes * 0.2);
  const { user, system } = process.cpuUsage();
  // ps tells whole seconds.
  expect(Math.abs(mine.cpuSeconds - (user + system) / 1e6)).toBeLessThan(2);
  // With it the children of other tests that have ended.
  expect(same.cpuSeconds).toBeGreaterThan((user + system) / 1e6 - 0.5);
});
