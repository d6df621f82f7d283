// Is everything counted once, whatever fails, and are a pool's figures never half there?
import { beforeEach, expect, test } from "vitest";
import { signalIncrements, type Signals, type SignalWanted } from "../../core/signals.ts";
import { ms } from "../../core/units.ts";
import type { Figure, FigureAsked } from "../../ports/figures.ts";
import type { AskedPool } from "../../ports/signals.ts";
import { createVirtualClock } from "../memory/clock.ts";
import { Poller } from "./poller.ts";

const EVERY = ms(10_000);
const GATHER = ms(50);

const ORDERS: SignalWanted = { name: "@shop orders {{role}}", kind: "counter" };
const VISITS: SignalWanted = { name: "@shop visits {{role}}", kind: "counter" };
const QUEUE: SignalWanted = { name: "@shop = queue {{role}}", kind: "gauge" };

let clock = createVirtualClock();
let asked: FigureAsked[][] = [];
/** What is answered; one thing a millisecond where nothing else is said. */
let answer: (one: FigureAsked) => Figure;

beforeEach(() => {
  clock = createVirtualClock();
  asked = [];
  answer = ({ as, fromMs, toMs }) => ({ ok: true, value: as === "count" ? toMs - fromMs : 7 });
});

function pool(name: string, role: AskedPool["role"], ...readySinceMs: readonly number[]): AskedPool {
  const replica = { host: "127.0.0.1", port: 1, state: "ready", restarts: 0 } as const;
  const since = readySinceMs.length > 0 ? readySinceMs : [0];
  const replicas = since.map((at, index) =>
    Object.assign({}, replica, { id: `${name}-${index}`, readySinceMs: ms(at) }),
  );
  return { pool: name, revision: "r", replicas, role };
}

const STABLE = pool("1-canary", "stable");
const CANARY = pool("2-canary", "canary");

function open(
  all = true,
  figures: Partial<{ ask(asked: readonly FigureAsked[]): Promise<readonly Figure[]> }> = {},
  delayMs = ms(0),
) {
  const ask = async (these: readonly FigureAsked[]): Promise<readonly Figure[]> => {
    asked.push([...these]);
    return these.map((one) => answer(one));
  };
  const source = { kind: "test", ask, ...figures };
  const poller = new Poller({ figures: source, clock, everyMs: EVERY, delayMs, gatherMs: GATHER });
  const signals = poller.signals({ service: "shop", name: "shop", all });
  const observe = async (wanted: readonly SignalWanted[], pools: readonly AskedPool[] = [STABLE, CANARY]) => {
    const reading = signals.read(wanted, pools, { signal: new AbortController().signal });
    await clock.advance(GATHER);
    return reading;
  };
  /** After the next interval, whatever could be read a moment later. */
  const next = async (wanted: readonly SignalWanted[], pools?: readonly AskedPool[]): Promise<Signals> => {
    await clock.advance(EVERY);
    await observe(wanted, pools);
    const observed = await observe(wanted, pools);
    if (observed.kind !== "value") throw new Error(JSON.stringify(observed));
    return observed.value;
  };
  return { poller, signals, observe, next };
}

const valuesOf = ({ series }: Signals) =>
  Object.fromEntries(
    series.map(({ replica, values }) => [
      replica,
      Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, value.kind === "histogram" ? Number.NaN : value.value]),
      ),
    ]),
  );

test("levels and counts of each role, each interval adjoining the last", async () => {
  const { next } = open();
  const wanted = [ORDERS, QUEUE];
  const first = await next(wanted);
  expect(valuesOf(first)).toEqual({
    "1-canary": { [ORDERS.name]: 0, [QUEUE.name]: 7 },
    "2-canary": { [ORDERS.name]: 0, [QUEUE.name]: 7 },
  });
  const second = await next(wanted);
  expect(second.at - first.at).toBe(EVERY);
  expect(valuesOf(second)["2-canary"]).toEqual({ [ORDERS.name]: EVERY, [QUEUE.name]: 7 });
  const counts = asked.at(-1)?.filter(({ as }) => as === "count");
  expect(counts).toEqual([
    { query: "orders stable", as: "count", fromMs: first.at, toMs: second.at },
    { query: "orders canary", as: "count", fromMs: first.at, toMs: second.at },
  ]);
  expect(first.series.map(({ replica, pool: of }) => replica === of)).toEqual([true, true]);
});

test("an interval that was not answered is asked again with the next one: nothing is lost or doubled", async () => {
  const { next } = open();
  const first = await next([ORDERS]);
  const usual = answer;
  answer = (one) => (one.query.endsWith("canary") ? { ok: false, why: "answered 503" } : usual(one));
  const second = await next([ORDERS]);
  expect(valuesOf(second)).toEqual({ "1-canary": { [ORDERS.name]: EVERY } });
  expect(second.troubles).toEqual([`${ORDERS.name}: 2-canary: shop answered 503`]);
  answer = usual;
  const third = await next([ORDERS]);
  expect(valuesOf(third)["2-canary"]).toEqual({ [ORDERS.name]: 2 * EVERY });
  expect(third.at - first.at).toBe(2 * EVERY);
});

test("a part is never there without its whole", async () => {
  const { next } = open();
  const first = await next([ORDERS, VISITS]);
  const usual = answer;
  // Without this the canary had visits and no orders.
  answer = (one) => (one.query === "orders canary" ? { ok: false, why: "has no data" } : usual(one));
  expect(Object.keys(valuesOf(await next([ORDERS, VISITS])))).toEqual(["1-canary"]);
  answer = usual;
  const third = await next([ORDERS, VISITS]);
  const canary = signalIncrements(first, third).find(({ pool: of }) => of === "2-canary");
  expect(canary?.values).toEqual({
    [ORDERS.name]: { kind: "counter", value: 2 * EVERY },
    [VISITS.name]: { kind: "counter", value: 2 * EVERY },
  });
});

test("a pool that is new is counted from the reading before", async () => {
  const { next } = open();
  const first = await next([ORDERS], [STABLE]);
  const second = await next([ORDERS]);
  expect(valuesOf(second)["2-canary"]).toEqual({ [ORDERS.name]: second.at - first.at });
});

test("a canary is charged with nothing of the one before it, whose role it has", async () => {
  const delayMs = ms(3 * EVERY);
  const { next } = open(true, {}, delayMs);
  await next([ORDERS, QUEUE], [STABLE, pool("2-canary", "canary")]);
  await clock.advance(ms(5 * EVERY));
  const backMs = clock.now();
  // What the old canary did until it was taken back; since then nothing is there of this role.
  const upTo = (toMs: number): number => Math.min(toMs, backMs);
  answer = ({ query, as, fromMs, toMs }) => {
    if (!query.endsWith("canary")) return { ok: true, value: 1 };
    return { ok: true, value: as === "count" ? Math.max(0, upTo(toMs) - fromMs) : Number(fromMs < backMs) };
  };
  await next([ORDERS, QUEUE], [STABLE]);
  asked = [];
  const readyMs = clock.now() - 2_500;
  const pools = [STABLE, pool("3-canary", "canary", readyMs - 1_000, readyMs)];
  const told: unknown[] = [];
  let early: readonly string[] = [];
  for (let round = 0; round < 8; round += 1) {
    const signals = await next([ORDERS, QUEUE], pools);
    if (round === 0) early = signals.troubles;
    told.push(valuesOf(signals)["3-canary"]);
  }
  const ofCanary = asked.flat().filter(({ query }) => query.endsWith("canary"));
  expect(Math.min(...ofCanary.map(({ fromMs }) => fromMs))).toBe(Math.ceil(readyMs / EVERY) * EVERY);
  expect(told.findLast((one) => one !== undefined)).toEqual({ [ORDERS.name]: 0, [QUEUE.name]: 0 });
  expect(told[0]).toBeUndefined();
  expect(early).toEqual(
    [ORDERS, QUEUE].map(({ name }) => `${name}: 3-canary is asked about after its first whole interval`),
  );
});

test("a replica that is ready again does not keep its pool from being asked about", async () => {
  const { next } = open();
  const readyMs = clock.now();
  await next([ORDERS, QUEUE], [STABLE, pool("2-canary", "canary", readyMs, readyMs)]);
  await next([ORDERS, QUEUE], [STABLE, pool("2-canary", "canary", readyMs, readyMs)]);
  const third = await next([ORDERS, QUEUE], [STABLE, pool("2-canary", "canary", readyMs, clock.now() + EVERY - 1)]);
  expect(valuesOf(third)["2-canary"]).toEqual({ [ORDERS.name]: 2 * EVERY, [QUEUE.name]: 7 });
});

test("under another role a pool begins anew", async () => {
  const { next } = open();
  await next([ORDERS]);
  await next([ORDERS]);
  asked = [];
  const pools = [pool("2-canary", "stable")];
  await clock.advance(ms(1));
  const changedMs = clock.now() + EVERY;
  await next([ORDERS], pools);
  await next([ORDERS], pools);
  const last = await next([ORDERS], pools);
  expect(asked.flat().every(({ fromMs }) => fromMs >= changedMs)).toBe(true);
  expect(valuesOf(last)["2-canary"]).toEqual({ [ORDERS.name]: 2 * EVERY });
});

test("what two rounds have asked about the same interval is counted once", async () => {
  const { observe, next } = open();
  await next([ORDERS]);
  await clock.advance(EVERY);
  const first = observe([ORDERS], [STABLE]);
  await Promise.all([first, observe([ORDERS])]);
  const told = await next([ORDERS]);
  expect(valuesOf(told)["1-canary"]).toEqual({ [ORDERS.name]: 2 * EVERY });
});

test("a pool that is gone is forgotten", async () => {
  const { next } = open();
  await next([ORDERS]);
  await next([ORDERS]);
  const alone = await next([ORDERS], [STABLE]);
  const again = await next([ORDERS]);
  // Not what the pool of this name had counted before it went.
  expect(valuesOf(again)["2-canary"]).toEqual({ [ORDERS.name]: again.at - alone.at });
});

test("when nothing is answered nothing is known, and why", async () => {
  const { next, observe } = open();
  await next([ORDERS]);
  answer = () => ({ ok: false, why: "answered 403" });
  await clock.advance(ms(3 * EVERY));
  expect(await observe([ORDERS])).toEqual({ kind: "unreadable", why: "shop answered 403" });
  const broken = open(true, { ask: () => Promise.reject(new Error("no machine has this name")) });
  expect(await broken.observe([QUEUE])).toEqual({ kind: "unreadable", why: "shop no machine has this name" });
  const short = open(true, { ask: () => Promise.resolve([]) });
  expect(await short.observe([QUEUE])).toMatchObject({
    kind: "unreadable",
    why: expect.stringContaining("fewer questions"),
  });
});

test("what is no number, less than nothing, or no single figure is named", async () => {
  const { next } = open();
  await next([ORDERS, QUEUE]);
  answer = ({ as }) => ({ ok: true, value: as === "count" ? -1 : 7 });
  const less = await next([ORDERS, QUEUE]);
  expect(less.series).toEqual([]);
  expect(less.troubles[0]).toContain("counted -1, less than nothing");
  answer = () => ({ ok: true, value: Number.NaN });
  await clock.advance(ms(3 * EVERY));
  const { observe } = open();
  expect(await observe([QUEUE])).toMatchObject({ kind: "unreadable", why: expect.stringContaining("answered NaN") });
  answer = () => ({ ok: true, value: 7 });
  const histogram: SignalWanted = { name: "@shop took", kind: "histogram" };
  expect((await next([QUEUE, histogram])).troubles).toEqual(["@shop took: a single figure is no histogram"]);
});

test("what is about no pool is asked once and told with stable's", async () => {
  const { next } = open();
  const signals = await next([{ name: "@shop = all of {{service}}", kind: "gauge" }], [CANARY, STABLE]);
  expect(asked.flat().map(({ query }) => query)).toEqual(["all of shop"]);
  expect(signals.series.map(({ replica }) => replica)).toEqual(["1-canary"]);
});

test("services that ask at the same time are asked for in one batch", async () => {
  const { poller, observe } = open();
  const other = poller.signals({ service: "other", name: "x", all: true });
  const name = "@x = queue {{role}}";
  const reading = other.read([{ name, kind: "gauge" }], [STABLE], { signal: new AbortController().signal });
  await observe([QUEUE]);
  await reading;
  expect(asked.map((batch) => batch.length)).toEqual([3]);
});

test("a source of queries alone leaves the series to another", () => {
  const { signals } = open(false);
  expect([ORDERS.name, QUEUE.name, "@other = x"].map((name) => signals.covers(name))).toEqual([false, true, false]);
});

test("a silent source holds up one look for a second, and its answer is taken when it comes", async () => {
  let speak = (): void => undefined;
  const asks: FigureAsked[][] = [];
  const { signals, observe } = open(true, {
    ask: (these) =>
      new Promise((resolve) => {
        asks.push([...these]);
        speak = () => resolve(these.map((): Figure => ({ ok: true, value: 7 })));
      }),
  });
  const read = () => signals.read([QUEUE], [STABLE], { signal: new AbortController().signal });
  const first = observe([QUEUE], [STABLE]);
  await clock.advance(ms(1_000));
  const silent = { kind: "unreadable", why: "shop has not answered yet" };
  expect(await first).toEqual(silent);
  // Time stands still: whoever waits for it waits for ever.
  expect(await read()).toEqual(silent);
  await clock.advance(ms(3 * EVERY));
  expect(await read()).toEqual(silent);
  expect(asks).toHaveLength(1);
  speak();
  await expect.poll(read).toMatchObject({ kind: "value" });
});

test("what failed last is told as it failed, at once, while it is asked again", async () => {
  const { signals, observe } = open();
  answer = () => ({ ok: false, why: "answered 503" });
  const failed = { kind: "unreadable", why: "shop answered 503" };
  expect(await observe([QUEUE], [STABLE])).toEqual(failed);
  await clock.advance(ms(5 * EVERY));
  answer = () => ({ ok: true, value: 7 });
  // Nobody moves the clock meanwhile: whoever waits for it waits for ever.
  expect(await signals.read([QUEUE], [STABLE], { signal: new AbortController().signal })).toEqual(failed);
  await clock.advance(GATHER);
  expect(await observe([QUEUE], [STABLE])).toMatchObject({ kind: "value" });
});
