// Are an Envoy's statistics read as they are meant?
import { expect, test } from "vitest";
import { parsePage } from "../../core/exposition/parse.ts";
import { bucketOf, countOf } from "../../core/histogram.ts";
import { BOUNDS_MS, countedOnPage, Ledger, Statistics } from "./statistics.ts";
import type { EnvoyMetric } from "./xds/metrics-stream.ts";
import type { ConnectedEnvoy } from "./xds/node.ts";

const PAGE = `
# TYPE envoy_cluster_upstream_rq_xx counter
envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="shop/one"} 90
envoy_cluster_upstream_rq_xx{envoy_response_code_class="4",envoy_cluster_name="shop/one"} 7
envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="shop/one"} 3
envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="shop/two"} 1
# TYPE envoy_cluster_upstream_rq_time histogram
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="shop/one",le="1.02400"} 40
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="shop/one",le="0.724077"} 10
envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="shop/one",le="+Inf"} 100
envoy_cluster_upstream_rq_time_sum{envoy_cluster_name="shop/one"} 1000
envoy_cluster_upstream_rq_time_count{envoy_cluster_name="shop/one"} 100
`;

test("a page tells requests by class and latencies by bucket", () => {
  const counted = countedOnPage(parsePage(PAGE, "prometheus"));
  expect(counted.get("shop/one")).toMatchObject({ requests: 100, failed: 3, clientErrors: 7 });
  expect(counted.get("shop/two")).toMatchObject({ requests: 1, failed: 0, latency: {} });
  const latency = counted.get("shop/one")?.latency ?? {};
  expect(countOf(latency)).toBe(100);
  // Just under a bound and in its bucket: 1 000 µs lies between 724 and 1 024 µs.
  expect(latency[bucketOf(1_000)]).toBe(30);
});

test("every bound that is asked for ends a bucket, and another one is named", () => {
  const line = (le: string) =>
    `envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="a",le="${le}"} 1\nenvoy_cluster_upstream_rq_xx{envoy_cluster_name="a",envoy_response_code_class="2"} 1\n`;
  for (const bound of BOUNDS_MS) {
    const found = countedOnPage(parsePage(line(bound.toPrecision(6)), "prometheus"));
    expect(countOf(found.get("a")?.latency ?? {}), String(bound)).toBe(1);
  }
  expect(() => countedOnPage(parsePage(line("25"), "prometheus"))).toThrow("histogram_bucket_settings");
});

const envoy = { node: { id: "edge-1", fleet: "serin", metadata: {} } } as unknown as ConnectedEnvoy;

function batch(uptime: number, [requests, timed]: readonly [number, number], upTo = 1.024): readonly EnvoyMetric[] {
  const labels = { "envoy.cluster_name": "shop/one" };
  const buckets = [
    { upTo, count: timed },
    { upTo: Infinity, count: timed },
  ];
  return [
    { kind: "histogram", name: "cluster.upstream_rq_time", labels, histogram: { count: timed, sum: 0, buckets } },
    {
      kind: "counter",
      name: "cluster.upstream_rq_xx",
      labels: { ...labels, "envoy.response_code_class": "2" },
      value: requests,
    },
    { kind: "gauge", name: "server.uptime", labels: {}, value: uptime },
    { kind: "counter", name: "cluster.upstream_rq_xx", labels: {}, value: 9 },
  ];
}

async function read(statistics: Statistics) {
  const [found] = await statistics.read([envoy], { clusters: ["shop/one"], evidence: "metrics-stream" }, 0);
  const counted = found?.counts.get("shop/one");
  return [counted?.requests, countOf(counted?.latency ?? {})];
}

test("a stream's counters stand, its histograms add up", async () => {
  const statistics = new Statistics("1");
  statistics.take("serin edge-1", batch(10, [5, 5]));
  statistics.take("serin edge-1", batch(11, [8, 3]));
  expect(await read(statistics)).toEqual([8, 8]);
});

test("an Envoy or a cluster that begins anew adds to what was", async () => {
  const statistics = new Statistics("1");
  statistics.take("serin edge-1", batch(10, [5, 5]));
  statistics.take("serin edge-1", batch(1, [5, 5]));
  expect(await read(statistics)).toEqual([10, 10]);
  statistics.take("serin edge-1", batch(2, [1, 1]));
  expect(await read(statistics)).toEqual([11, 11]);
});

test("a stream with other buckets is a trouble with the Envoy's name; so is an Envoy that tells nothing", async () => {
  const statistics = new Statistics("1");
  await expect(read(statistics)).rejects.toThrow("Envoy edge-1: it has streamed nothing yet");
  statistics.take("serin edge-1", batch(10, [5, 5], 25));
  await expect(read(statistics)).rejects.toThrow("Envoy edge-1: its latencies are in other buckets");
});

test("a ledger only grows, and begins after what an earlier controller has told", () => {
  const counted = (requests: number) => ({ requests, failed: 0, clientErrors: 0, latency: { 5: requests } });
  const ledger = new Ledger(["old"]);
  const take = (pool: string, life: number, requests: number) =>
    ledger.take(pool, { epoch: "edge-1", way: "page", life }, counted(requests));
  take("old", 0, 10);
  take("new", 0, 10);
  const found = () => Object.fromEntries(ledger.read().map((one) => [one.pool, [one.requests, one.latency[5] ?? 0]]));
  expect(found()).toEqual({ old: [0, 0], new: [10, 10] });
  take("old", 0, 12);
  take("new", 0, 4);
  expect(found()).toEqual({ old: [2, 2], new: [14, 14] });
  take("new", 1, 4);
  expect(found()["new"]).toEqual([18, 18]);
  ledger.keep(new Set(["old"]));
  expect(Object.keys(found())).toEqual(["old"]);
});

test("a ledger begins again where counts come by another way, and loses none of what came before", () => {
  const counted = (requests: number, timed: number) => {
    return { requests, failed: 0, clientErrors: 0, latency: { 5: timed } };
  };
  const ledger = new Ledger([]);
  const take = (way: "page" | "stream", ...counts: [number, number]) =>
    ledger.take("new", { epoch: "edge-1", way, life: 0 }, counted(...counts));
  take("page", 10_000, 10_000);
  take("stream", 11_000, 1_000);
  take("stream", 12_000, 2_000);
  take("page", 13_000, 13_000);
  take("page", 13_500, 13_500);
  const found = ledger.read().map(({ epoch, requests, latency }) => [epoch, requests, latency[5] ?? 0]);
  expect(found).toEqual([
    ["edge-1", 10_000, 10_000],
    ["edge-1 by stream 1", 1_000, 1_000],
    ["edge-1 by page 2", 500, 500],
  ]);
});

test("where a stream is evidence, a page is not asked instead, and the other way round", async () => {
  const paged = { node: { ...envoy.node, metadata: { serin: { admin: "127.0.0.1:1" } } } } as unknown as ConnectedEnvoy;
  const statistics = new Statistics("1");
  const ask = (evidence: "metrics-stream" | "admin") =>
    statistics.read([paged], { clusters: ["shop/one"], evidence }, 0);
  await expect(ask("metrics-stream")).rejects.toThrow("it has streamed nothing yet");
  statistics.take("serin edge-1", batch(10, [5, 5]));
  await expect(ask("admin")).rejects.toThrow("its admin page at 127.0.0.1:1 does not answer");
});
