// Does a source that reads a real Prometheus tell what its replicas have told?
import { afterEach, expect, test, vi } from "vitest";
import { signalIncrements, type Signals, type SignalWanted } from "../../src/core/signals.ts";
import { signalContract } from "../../src/ports/signals.contract.ts";
import type { AskedPool, SignalSource } from "../../src/ports/signals.ts";
import { call } from "./process/place.ts";
import { hubOf, Place } from "./prometheus/place.ts";
import { HAS_PROMETHEUS, LIMIT, PrometheusServer } from "../support/prometheus.ts";

const WANTED: readonly SignalWanted[] = [
  { name: "@prom orders_total", kind: "counter" },
  { name: '@prom orders_total{result!="paid"}', kind: "counter" },
  { name: '@prom held{what=~"ca.*"}', kind: "gauge" },
  { name: "@prom took_seconds", kind: "histogram" },
  { name: "@prom took_seconds_count", kind: "counter" },
];

if (HAS_PROMETHEUS) {
  signalContract("a Prometheus", async () => {
    const place = await new Place().open(3);
    const source = place.source();
    return {
      source,
      wanted: WANTED,
      growing: WANTED.map(({ name }) => name).filter((name) => !name.startsWith("@prom held")),
      missing: { name: "@prom refunds_total", kind: "counter" },
      mistaken: { name: "@prom held", kind: "counter" },
      foreign: { name: "@other orders_total", kind: "counter" },
      pools: async () => place.pages.pools(),
      work: async () => place.pages.work(),
      restart: async (replica) => place.pages.restart(Number(replica.slice(2))),
      untilNext: async () => place.scraped(),
      dispose: () => place.close(),
    };
  });
}

let place: Place | undefined;
afterEach(async () => {
  await place?.close();
  place = undefined;
});

const ORDERS: readonly SignalWanted[] = WANTED.slice(0, 1);

async function observe(source: SignalSource, wanted = ORDERS) {
  if (!place) throw new Error("nothing is open");
  return source.read(wanted, place.pages.pools(), call());
}

async function read(source: SignalSource, wanted = ORDERS): Promise<Signals> {
  const observed = await observe(source, wanted);
  if (observed.kind !== "value") throw new Error(JSON.stringify(observed));
  return observed.value;
}

/** Reads until what was read is as expected. */
async function until(source: SignalSource, expected: (signals: Signals) => void, wanted = ORDERS): Promise<Signals> {
  return vi.waitFor(async () => {
    const signals = await read(source, wanted);
    expected(signals);
    return signals;
  }, LIMIT);
}

const totalOf = (signals: Signals, name = "@prom orders_total"): number =>
  signals.series.reduce((sum, { values }) => {
    const value = values[name];
    return sum + (value?.kind === "counter" ? value.value : 0);
  }, 0);

test.skipIf(!HAS_PROMETHEUS)(
  "counters go on over restarts, each order once; the time is that of the samples",
  async () => {
    place = await new Place().open(2);
    const { pages } = place;
    const source = place.source();
    const first = await read(source);
    let expected = 0;
    for (let round = 0; round < 4; round += 1) {
      pages.work();
      expected += 2 * 4;
      await place.scraped();
      if (round % 2 === 1) pages.restart(0);
    }
    const last = await until(source, (signals) => expect(totalOf(signals)).toBe(expected));
    expect(last.at).toBeGreaterThan(first.at);
    expect(last.at).toBeLessThanOrEqual(Date.now());
    const more = signalIncrements(first, last).map(({ values }) => values["@prom orders_total"]);
    expect(more).toEqual([
      { kind: "counter", value: expected / 2 },
      { kind: "counter", value: expected / 2 },
    ]);
  },
);

test.skipIf(!HAS_PROMETHEUS)("a replica that is not scraped any more is a trouble, and the others go on", async () => {
  place = await new Place().open(2);
  const { pages } = place;
  const source = place.source();
  expect((await read(source)).series).toHaveLength(2);
  pages.answers.set(0, (request) => request.socket.destroy());
  const gone = await until(source, ({ troubles }) => expect(troubles).toHaveLength(1));
  expect(gone.troubles[0]).toMatch(/^@prom: a-0 was last scraped \d+s ago \(\{instance="127/u);
  expect(gone.series.map(({ replica }) => replica)).toEqual(["a-1"]);
  pages.answers.clear();
  pages.work();
  const back = await until(source, (signals) => expect(totalOf(signals)).toBe(8));
  expect(back.troubles).toEqual([]);
});

test.skipIf(!HAS_PROMETHEUS)(
  "while a Prometheus is stopped nothing is known; then all that happened counts",
  async () => {
    place = await new Place().open(2);
    const { pages, server } = place;
    const source = place.source();
    await read(source);
    await server.stop();
    await vi.waitFor(async () => {
      const why = `${server.url} nobody listens there`;
      expect(await observe(source)).toEqual({ kind: "unreadable", why });
    }, LIMIT);
    pages.work();
    await server.start();
    const back = await vi.waitFor(async () => {
      const signals = await read(source);
      expect(totalOf(signals)).toBe(8);
      return signals;
    }, LIMIT);
    expect(back.troubles).toEqual([]);
  },
);

test.skipIf(!HAS_PROMETHEUS)("an error that happens for the first time is new, and 0 before", async () => {
  place = await new Place().open(1);
  const { pages } = place;
  const wanted: readonly SignalWanted[] = [
    { name: "@prom orders_total", kind: "counter" },
    { name: '@prom orders_total{result="lost"}', kind: "counter" },
    { name: '@prom orders_total{reslt="lost"}', kind: "counter" },
  ];
  const source = place.source();
  const first = await read(source, wanted);
  expect(first.series[0]?.values[wanted[1]?.name ?? ""]).toEqual({ kind: "counter", value: 0 });
  expect(first.troubles).toEqual([
    expect.stringMatching(/reslt="lost"\}: a-0 has no such series, but for instance orders_total\{/u),
  ]);
  const page = pages.page.bind(pages);
  pages.page = (number) => page(number).replace("# TYPE held", 'orders_total{result="lost"} 3\n# TYPE held');
  const last = await until(source, (signals) => expect(totalOf(signals, wanted[1]?.name)).toBe(3), wanted);
  expect(signalIncrements(first, last)[0]?.values[wanted[1]?.name ?? ""]).toEqual({ kind: "counter", value: 3 });
});

test.skipIf(!HAS_PROMETHEUS)("NaN is named and no level; the rest of the page is read", async () => {
  place = await new Place().open(1);
  const { pages } = place;
  const page = pages.page.bind(pages);
  pages.page = (number) => page(number).replace(/held\{what="cart"\} \d+/u, 'held{what="cart"} NaN');
  await place.scraped();
  const wanted: readonly SignalWanted[] = [...ORDERS, { name: "@prom held", kind: "gauge" }];
  const signals = await until(place.source(), ({ troubles }) => expect(troubles).toHaveLength(1), wanted);
  expect(signals.troubles[0]).toMatch(/^@prom held: a-0 gives held\{.*\} NaN$/u);
  expect(Object.keys(signals.series[0]?.values ?? {})).toEqual(["@prom orders_total"]);
});

test.skipIf(!HAS_PROMETHEUS)(
  "what two jobs scrape is told twice, and counted not at all until one is chosen",
  async () => {
    place = await new Place(new PrometheusServer({ jobs: ["shop", "all"] })).open(1);
    const chosen: readonly SignalWanted[] = [...ORDERS, { name: '@prom orders_total{job="all"}', kind: "counter" }];
    const signals = await until(place.source(), ({ series }) => expect(series).toHaveLength(1), chosen);
    expect(signals.troubles).toEqual([
      expect.stringMatching(/^@prom orders_total: a-0 is told twice, as .*job="all"/u),
    ]);
    expect(Object.keys(signals.series[0]?.values ?? {})).toEqual(['@prom orders_total{job="all"}']);
  },
);

test.skipIf(!HAS_PROMETHEUS)(
  "by labels of a pool its replicas are added up; who has no role is not asked for",
  async () => {
    place = new Place();
    await place.pages.start(3);
    const [first = "", second = "", third = ""] = place.targets();
    await place.server.start([
      { targets: [first, second], labels: { role: "stable", app: "shop" } },
      { targets: [third], labels: { role: "canary", app: "shop" } },
    ]);
    await place.scraped();
    const [all] = place.pages.pools();
    if (!all) throw new Error("no pool");
    const pools = [
      { ...all, pool: "1-stable", replicas: all.replicas.slice(0, 2), role: "stable" as const },
      { ...all, pool: "2-canary", replicas: all.replicas.slice(2), role: "canary" as const },
      { ...all, pool: "0-former", replicas: all.replicas.slice(0, 1) },
    ];
    const source = place.source(hubOf(place.server.url), { role: "{{role}}", app: "{{service}}" });
    const look = async (of: readonly AskedPool[] = pools) => {
      const observed = await source.read(ORDERS, of, call());
      if (observed.kind !== "value") throw new Error(JSON.stringify(observed));
      return observed.value;
    };
    const before = await look();
    place.pages.work();
    await place.scraped();
    const more = await vi.waitFor(async () => {
      const found = signalIncrements(before, await look()).map(({ replica, pool, values }) => {
        const value = values["@prom orders_total"];
        return [replica, pool, value?.kind === "counter" ? value.value : Number.NaN];
      });
      expect(found[0]?.[2]).toBe(8);
      return found;
    }, LIMIT);
    expect(more).toEqual([
      ["1-stable", "1-stable", 8],
      ["2-canary", "2-canary", 4],
    ]);
    // Under another role another series is its: what that has counted before is not new.
    const promoted = pools.map((pool) =>
      Object.assign({}, pool, { role: pool.pool === "2-canary" ? ("stable" as const) : undefined }),
    );
    await vi.waitFor(async () => {
      const { series } = await look(promoted);
      const nothing = { "@prom orders_total": { kind: "counter", value: 0 } };
      expect(series).toMatchObject([{ pool: "2-canary", values: nothing }]);
    }, LIMIT);
  },
);
