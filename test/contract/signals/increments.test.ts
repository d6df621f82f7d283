// Is what a replica's page counts new once, whatever happens in between?
import { afterEach, beforeEach, expect, test } from "vitest";
import { createExpositionSource, type ExpositionSource } from "../../../src/adapters/exposition/source.ts";
import { createVirtualClock } from "../../../src/adapters/memory/clock.ts";
import { carriedOn, signalIncrements, type Signals, type SignalWanted } from "../../../src/core/signals.ts";
import { ms } from "../../../src/core/units.ts";
import { call } from "../process/place.ts";
import { Pages } from "./pages.ts";

const EVERY = ms(5_000);
const orders: readonly SignalWanted[] = [{ name: "orders_total", kind: "counter" }];
const clock = createVirtualClock();
let pages: Pages;
let source: ExpositionSource;
beforeEach(async () => {
  pages = new Pages();
  await pages.start(3);
  source = createExpositionSource({ clock, path: "/metrics", everyMs: EVERY });
  for (let time = 0; time < 100; time += 1) pages.work();
});
afterEach(async () => {
  source.close();
  await pages.stop();
});
const replicas = () => pages.pools()[0]?.replicas ?? [];
const next = async (all = replicas(), wanted = orders) => {
  const observed = await source.read(wanted, [{ pool: "a", revision: "r", replicas: all }], call());
  await clock.advance(ms(EVERY * 3));
  if (observed.kind !== "value") throw new Error(observed.kind);
  return observed.value;
};
/** What was added at each reading after the first, per replica. */
const added = (...readings: readonly Signals[]) => {
  let before = readings[0];
  return readings.slice(1).map((after) => {
    const increments = before ? signalIncrements(before, after) : [];
    before = carriedOn(before, after, new Set(["a-0", "a-1", "a-2"]));
    const told = increments.map(({ replica, values: { orders_total: total } }) => [
      replica,
      total?.kind === "counter" ? total.value : undefined,
    ]);
    return Object.fromEntries(told) as Readonly<Record<string, number | undefined>>;
  });
};

test("it could not be read in between", async () => {
  const first = await next();
  pages.answers.set(1, (_, response) => response.writeHead(500).end());
  pages.work();
  const second = await next();
  pages.answers.clear();
  const third = await next();
  expect(added(first, second, third)).toEqual([
    { "a-0": 4, "a-2": 4 },
    { "a-0": 0, "a-1": 4, "a-2": 0 },
  ]);
});

test("it was not ready in between", async () => {
  const first = await next();
  const [sick, ...others] = replicas();
  if (!sick) throw new Error("none");
  const second = await next([{ ...sick, state: "failing" as const }, ...others]);
  expect(second.troubles).toEqual([]);
  pages.work();
  expect(added(first, second, await next())).toEqual([
    { "a-1": 0, "a-2": 0 },
    { "a-0": 4, "a-1": 4, "a-2": 4 },
  ]);
});

test("it could not be read at first, or has begun anew after a failure", async () => {
  pages.answers.set(1, (_, response) => response.writeHead(500).end());
  const first = await next();
  pages.answers.clear();
  const second = await next();
  pages.answers.set(0, (_, response) => response.writeHead(500).end());
  pages.work();
  const third = await next();
  pages.answers.clear();
  pages.restart(0);
  pages.work();
  expect(added(first, second, third, await next())).toEqual([
    { "a-0": 0, "a-1": 0, "a-2": 0 },
    { "a-1": 4, "a-2": 4 },
    { "a-0": 4, "a-1": 4, "a-2": 4 },
  ]);
});

test("it was not asked for until now", async () => {
  const held: SignalWanted = { name: "held", kind: "gauge" };
  const first = await next(replicas(), [held]);
  const second = await next();
  pages.work();
  const third = await next();
  expect(added(first, second, third, await next(replicas(), [held]), await next())).toEqual([
    { "a-0": 0, "a-1": 0, "a-2": 0 },
    { "a-0": 4, "a-1": 4, "a-2": 4 },
    { "a-0": undefined, "a-1": undefined, "a-2": undefined },
    { "a-0": 0, "a-1": 0, "a-2": 0 },
  ]);
});

test("a value was no number in between", async () => {
  const first = await next();
  const page = () => pages.page(0).replace(/(orders_total\{result="paid"\}).*/u, "$1 NaN");
  pages.answers.set(0, (_, response) => response.setHeader("content-type", "text/plain").end(page()));
  const second = await next();
  pages.answers.clear();
  const third = await next();
  pages.work();
  expect(added(first, second, third, await next())).toEqual([
    { "a-0": undefined, "a-1": 0, "a-2": 0 },
    { "a-0": 0, "a-1": 0, "a-2": 0 },
    { "a-0": 4, "a-1": 4, "a-2": 4 },
  ]);
});

test("the first series of a counter appears", async () => {
  const page = () => pages.page(0).replaceAll(/.*orders_total.*\n/gu, "");
  pages.answers.set(0, (_, response) => response.setHeader("content-type", "text/plain").end(page()));
  const first = await next();
  expect(first.troubles).toEqual(["orders_total: a-0 has no orders_total on its page"]);
  pages.answers.clear();
  expect(added(first, await next())).toEqual([{ "a-0": 400, "a-1": 0, "a-2": 0 }]);
});

test("a series of it is gone, which is no restart", async () => {
  const first = await next();
  const page = () => pages.page(0).replace(/orders_total\{result="paid"\}.*\n/u, "");
  pages.answers.set(0, (_, response) => response.setHeader("content-type", "text/plain").end(page()));
  const second = await next();
  expect(second.troubles).toEqual([expect.stringMatching(/^orders_total: a-0 counts less than before/u)]);
  pages.work();
  const third = await next();
  expect(third.troubles).toEqual([]);
  expect(added(first, second, third)).toEqual([
    { "a-0": 0, "a-1": 0, "a-2": 0 },
    { "a-0": 1, "a-1": 4, "a-2": 4 },
  ]);
});

test("its page does not tell when it began", async () => {
  const page = () => pages.page(0).replaceAll(/.*process_start_time.*\n/gu, "");
  pages.answers.set(0, (_, response) => response.setHeader("content-type", "text/plain").end(page()));
  const first = await next();
  pages.restart(0);
  pages.work();
  const second = await next();
  pages.work();
  const third = await next();
  expect(third.series[0]?.epoch).toBe("");
  expect(added(first, second, third)).toEqual([
    { "a-0": 4, "a-1": 4, "a-2": 4 },
    { "a-0": 4, "a-1": 4, "a-2": 4 },
  ]);
});
