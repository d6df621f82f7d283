// What becomes of access logs and metrics that are streamed here, and of bytes that are neither?
import { Client, credentials, type ClientWritableStream } from "@grpc/grpc-js";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StreamAccessLogsMessageSchema } from "../../src/adapters/envoy/protos/envoy/service/accesslog/v3/als_pb.ts";
import { StreamMetricsMessageSchema } from "../../src/adapters/envoy/protos/envoy/service/metrics/v3/metrics_service_pb.ts";
import { openXdsServer, type XdsServer } from "../../src/adapters/envoy/xds/server.ts";

const LOGS = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";
const METRICS = "/envoy.service.metrics.v3.MetricsService/StreamMetrics";
const LIMIT = { timeout: 30_000, interval: 2 };
const raw = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

let server: XdsServer;
let client: Client;

beforeEach(async () => {
  server = await openXdsServer({ host: "127.0.0.1", port: 0 });
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
});

afterEach(async () => {
  client.close();
  await server.close();
});

function open(path: string): { readonly call: ClientWritableStream<Uint8Array>; readonly ends: string[] } {
  const ends: string[] = [];
  const call = client.makeClientStreamRequest(path, raw, raw, (error) => ends.push(error?.message ?? "well"));
  call.on("error", () => undefined);
  return { call, ends };
}

function logs(id: string | undefined, ...clusters: string[]): Uint8Array {
  const logEntry = clusters.map((upstreamCluster) => ({ commonProperties: { upstreamCluster } }));
  const message = create(StreamAccessLogsMessageSchema, {
    ...(id === undefined ? {} : { identifier: { logName: "http", node: { id, cluster: "edge" } } }),
    logEntries: { case: "httpLogs", value: { logEntry } },
  });
  return toBinary(StreamAccessLogsMessageSchema, message);
}

test("who sends is said once, and holds for what follows", async () => {
  const seen: string[] = [];
  const stop = server.listenAccess(({ id }, name, { cluster }) => seen.push(`${id} ${name} ${cluster}`));
  const { call, ends } = open(LOGS);
  call.write(logs("one", "a", "b"));
  call.write(logs(undefined, "c"));
  await vi.waitFor(() => expect(seen).toEqual(["one http a", "one http b", "one http c"]), LIMIT);
  stop();
  call.write(logs(undefined, "d"));
  call.end();
  await vi.waitFor(() => expect(ends).toEqual(["well"]), LIMIT);
  expect(seen).toHaveLength(3);
});

test.each([LOGS, METRICS])("bytes that are no message end their stream, and no other: %s", async (path) => {
  const told: string[] = [];
  const seen: string[] = [];
  server.discovery.listen({ malformed: ({ why }) => told.push(why) });
  server.listenAccess((_node, _name, { cluster }) => seen.push(cluster));
  const good = open(LOGS);
  good.call.write(logs("good", "a"));
  const bad = open(path);
  bad.call.write(Buffer.from([0x12, 0x7f, 0x01]));
  await vi.waitFor(() => expect(bad.ends).toEqual([expect.stringContaining("not what this stream carries")]), LIMIT);
  expect(told).toHaveLength(1);
  good.call.write(logs(undefined, "b"));
  await vi.waitFor(() => expect(seen).toEqual(["a", "b"]), LIMIT);
  expect(good.ends).toEqual([]);
});

test("counters, gauges and histograms arrive with their labels", async () => {
  const seen: unknown[] = [];
  server.listenMetrics(({ id }, metrics) => seen.push([id, metrics]));
  const label = [{ name: "envoy.cluster_name", value: "shop" }];
  const message = create(StreamMetricsMessageSchema, {
    identifier: { node: { id: "one", cluster: "edge" } },
    envoyMetrics: [
      { name: "rq", type: 0, metric: [{ label, counter: { value: 7 } }] },
      { name: "active", type: 1, metric: [{ label, gauge: { value: 2 } }] },
      {
        name: "time",
        type: 4,
        metric: [
          {
            label,
            histogram: {
              sampleCount: 3n,
              sampleSum: 12.5,
              bucket: [
                { upperBound: 1, cumulativeCount: 1n },
                { upperBound: 5, cumulativeCount: 3n },
              ],
            },
          },
        ],
      },
      { name: "time", type: 2, metric: [{ label, summary: { sampleCount: 3n } }] },
    ],
  });
  open(METRICS).call.write(toBinary(StreamMetricsMessageSchema, message));
  const labels = { "envoy.cluster_name": "shop" };
  const buckets = [
    { upTo: 1, count: 1 },
    { upTo: 5, count: 3 },
  ];
  await vi.waitFor(() => {
    expect(seen).toEqual([
      [
        "one",
        [
          { kind: "counter", name: "rq", labels, value: 7 },
          { kind: "gauge", name: "active", labels, value: 2 },
          { kind: "histogram", name: "time", labels, histogram: { count: 3, sum: 12.5, buckets } },
        ],
      ],
    ]);
  }, LIMIT);
});
