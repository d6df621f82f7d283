// Is an access log read as it was written?
import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { HTTPAccessLogEntrySchema } from "../protos/envoy/data/accesslog/v3/accesslog_pb.ts";
import { StreamAccessLogsMessageSchema } from "../protos/envoy/service/accesslog/v3/als_pb.ts";
import { FLAGS, flagNames, type AccessEntry } from "./access-entry.ts";
import { AccessLog } from "./access-log.ts";

const entries = fc.array(
  fc.record({
    cluster: fc.string(),
    route: fc.string({ unit: "grapheme" }),
    host: fc.string(),
    port: fc.nat(65_535),
    status: fc.nat(999),
    seconds: fc.nat(100_000),
    nanos: fc.nat(999_999_999),
    attempts: fc.nat(20),
    kind: fc.nat(15),
    noHealthyUpstream: fc.boolean(),
    downstreamRemoteReset: fc.boolean(),
    upstreamConnectionFailure: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
);
type Entry = typeof entries extends fc.Arbitrary<(infer T)[]> ? T : never;

/** As Envoy writes it, with much around it that is of no interest here. */
function encode(all: readonly Entry[]): Buffer {
  const logEntry = all.map((one): MessageInitShape<typeof HTTPAccessLogEntrySchema> => ({
    commonProperties: {
      sampleRate: 0.5,
      startTime: { seconds: 1_700_000_000n, nanos: 5 },
      downstreamRemoteAddress: { address: { case: "pipe", value: { path: "/run/x" } } } as const,
      timeToLastDownstreamTxByte: { seconds: BigInt(one.seconds), nanos: one.nanos },
      upstreamRemoteAddress: {
        address: {
          case: "socketAddress",
          value: { address: one.host, portSpecifier: { case: "portValue", value: one.port } },
        },
      } as const,
      upstreamCluster: one.cluster,
      routeName: one.route,
      responseFlags: {
        noHealthyUpstream: one.noHealthyUpstream,
        downstreamRemoteReset: one.downstreamRemoteReset,
        upstreamConnectionFailure: one.upstreamConnectionFailure,
        unauthorizedDetails: { reason: 1 },
      },
      customTags: { a: "b" },
      upstreamRequestAttemptCount: one.attempts,
      accessLogType: one.kind as 0,
    },
    request: { path: "/some/where", requestHeaders: { a: "b" } },
    response: { responseCode: one.status, responseHeadersBytes: 5n },
  }));
  const identifier = { logName: "http", node: { id: "one", cluster: "edge" } };
  const logEntries = { case: "httpLogs", value: { logEntry } } as const;
  return Buffer.from(
    toBinary(StreamAccessLogsMessageSchema, create(StreamAccessLogsMessageSchema, { identifier, logEntries })),
  );
}

const expected = (one: Entry): AccessEntry => ({
  cluster: one.cluster,
  route: one.route,
  host: one.host,
  port: one.port,
  status: one.status,
  durationMs: one.seconds * 1_000 + one.nanos / 1_000_000,
  attempts: one.attempts,
  kind: one.kind,
  flags:
    (one.noHealthyUpstream ? FLAGS.noHealthyUpstream : 0) |
    (one.downstreamRemoteReset ? FLAGS.downstreamRemoteReset : 0) |
    (one.upstreamConnectionFailure ? FLAGS.upstreamConnectionFailure : 0),
});

test("every field arrives as it was, and nothing of the entry before", () => {
  fc.assert(
    fc.property(entries, (all) => {
      const seen: AccessEntry[] = [];
      const log = new AccessLog(({ id, fleet }, name, entry) => {
        expect([id, fleet, name]).toEqual(["one", "edge", "http"]);
        seen.push({ ...entry });
      });
      log.receive(encode(all));
      expect(seen).toEqual(all.map(expected));
    }),
  );
});

test("a request without an answer has no status and no duration", () => {
  const seen: AccessEntry[] = [];
  const log = new AccessLog((_node, _name, entry) => seen.push({ ...entry }));
  const logEntry = [{ commonProperties: { responseFlags: { noRouteFound: true } } }];
  const message = create(StreamAccessLogsMessageSchema, { logEntries: { case: "httpLogs", value: { logEntry } } });
  log.receive(Buffer.from(toBinary(StreamAccessLogsMessageSchema, message)));
  expect(seen).toMatchObject([{ cluster: "", host: "", status: 0, durationMs: 0, attempts: 0 }]);
  expect(seen.map(({ flags }) => flagNames(flags))).toEqual([["noRouteFound"]]);
});

function outcome(run: () => void): string {
  try {
    run();
    return "read";
  } catch (error) {
    return (error as RangeError).message;
  }
}

test("bytes that are cut off or changed are refused, or read as something else; nothing hangs and nothing else is thrown", () => {
  fc.assert(
    fc.property(entries, fc.nat(), fc.nat(255), (all, place, byte) => {
      const log = new AccessLog(() => undefined);
      const whole = encode(all);
      const at = place % whole.length;
      const changed = Buffer.from(whole);
      changed[at] = byte;
      for (const bytes of [whole.subarray(0, at), changed]) {
        expect(outcome(() => log.receive(bytes))).not.toBe("");
      }
    }),
    { numRuns: 2_000 },
  );
});

test("an entry that claims to be longer than its message is refused", () => {
  const log = new AccessLog(() => undefined);
  expect(() => log.receive(Buffer.from([0x12, 0x02, 0x0a, 0x7f]))).toThrow("longer than");
});
