// How does an Envoy that carries many requests look to the receiver of its access log? Arguments: port, entries a second, seconds.
import { Client, credentials } from "@grpc/grpc-js";
import { create, toBinary } from "@bufbuild/protobuf";
import { StreamAccessLogsMessageSchema } from "../../src/adapters/envoy/protos/envoy/service/accesslog/v3/als_pb.ts";

const [port = "", rate = "", seconds = ""] = process.argv.slice(2);
/** As many as Envoy's own buffer of 16 kB holds of these. */
const BATCH = 40;
const EVERY_MS = 4;

const address = (host: string, portValue: number) => {
  const value = { address: host, portSpecifier: { case: "portValue", value: portValue } } as const;
  return { address: { case: "socketAddress", value } } as const;
};

/** What Envoy 1.40 writes of a GET by default, with every time that it measures. */
const entry = (at: number) => ({
  commonProperties: {
    downstreamRemoteAddress: address("10.0.0.7", 40_000 + at),
    downstreamLocalAddress: address("10.0.0.1", 443),
    downstreamDirectRemoteAddress: address("10.0.0.7", 40_000 + at),
    startTime: { seconds: 1_790_000_000n, nanos: 123_456_000 },
    timeToLastRxByte: { nanos: 61_000 },
    timeToFirstUpstreamTxByte: { nanos: 412_000 },
    timeToLastUpstreamTxByte: { nanos: 420_000 },
    timeToFirstUpstreamRxByte: { nanos: 8_120_000 },
    timeToLastUpstreamRxByte: { nanos: 8_200_000 },
    timeToFirstDownstreamTxByte: { nanos: 8_210_000 },
    timeToLastDownstreamTxByte: { nanos: 8_230_000 },
    duration: { nanos: 8_240_000 },
    upstreamRemoteAddress: address("10.0.1.9", 8_080 + (at % 8)),
    upstreamLocalAddress: address("10.0.0.1", 50_000 + at),
    upstreamCluster: at % 10 === 0 ? "checkout-canary" : "checkout-stable",
    routeName: "checkout",
    responseFlags: {},
    upstreamRequestAttemptCount: 1,
    streamId: "2f1c4f0e-6a4b-4f0e-9d51-0b5b8f5f8a10",
    downstreamWireBytesSent: 1_310n,
    downstreamWireBytesReceived: 702n,
    upstreamWireBytesSent: 760n,
    upstreamWireBytesReceived: 1_270n,
    accessLogType: 6,
  },
  protocolVersion: 2,
  request: {
    requestMethod: 1,
    scheme: "https",
    authority: "shop.example.com",
    path: "/checkout/basket/42?currency=EUR",
    userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    requestId: "2f1c4f0e-6a4b-4f0e-9d51-0b5b8f5f8a10",
    requestHeadersBytes: 640n,
  },
  response: {
    responseCode: 200,
    responseHeadersBytes: 210n,
    responseBodyBytes: 1_024n,
    responseCodeDetails: "via_upstream",
  },
});

const logEntries = {
  case: "httpLogs",
  value: { logEntry: Array.from({ length: BATCH }, (_, at) => entry(at)) },
} as const;
const identifier = { logName: "http", node: { id: "one", cluster: "edge" } };
const encode = (init: object): Buffer =>
  Buffer.from(toBinary(StreamAccessLogsMessageSchema, create(StreamAccessLogsMessageSchema, init)));

const raw = (bytes: Buffer): Buffer => bytes;
const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
const call = client.makeClientStreamRequest(
  "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs",
  raw,
  raw,
  () => process.exit(0),
);
call.write(encode({ identifier }));
const batch = encode({ logEntries });
const total = Number(rate) * Number(seconds);
const started = performance.now();
let sent = 0;
const timer = setInterval(() => {
  const due = Math.min(total, ((performance.now() - started) / 1_000) * Number(rate));
  for (; sent + BATCH <= due; sent += BATCH) call.write(batch);
  if (sent + BATCH <= total) return;
  clearInterval(timer);
  call.end();
}, EVERY_MS);
