// Are settings of an Envoy that cannot go together refused, and those that can taken?
import { describe, expect, test } from "vitest";
import { EnvoySchema } from "./envoy.ts";

/** What is said, by field. */
function wrong(written: object): Readonly<Record<string, string>> {
  const read = EnvoySchema.safeParse({ listen: 8080, ...written });
  if (read.success) return {};
  return Object.fromEntries(read.error.issues.map(({ path, message }) => [path.join("."), message]));
}

const files = { cert: "a.crt", key: "a.key" };
const inner = { tls: { ca: "ca.pem", serverName: "shop", ...files } };

describe("private keys", () => {
  test.each([
    { xds: "10.0.0.5:18000", tls: files },
    { xds: "0.0.0.0:18000", upstream: inner },
    { xds: "serin.example.org:18000", tls: files },
    { xds: { listen: "10.0.0.5:18000", ...files }, tls: files },
  ])("are given to nobody who has not shown a certificate: %j", (written) => {
    expect(wrong(written)["xds"]).toContain("xds: { listen, cert, key, ca }");
  });

  test.each([
    { tls: files },
    { xds: "[::1]:18000", upstream: inner },
    { xds: "localhost:18000", tls: files },
    { xds: { listen: "10.0.0.5:18000", ...files, ca: "envoys.pem" }, tls: files, upstream: inner },
    { xds: "10.0.0.5:18000", upstream: { tls: { ca: "ca.pem", serverName: "shop" } } },
  ])("stay on this machine or go to those who have: %j", (written) => {
    expect(wrong(written)).toEqual({});
  });
});

test("a replica gets the time that its last request may take, unless another one is said", () => {
  expect(EnvoySchema.parse({ listen: 8080 }).drainMs).toBe(30_000);
  expect(EnvoySchema.parse({ listen: 8080, timeouts: { response: "6s" } }).drainMs).toBe(6_000);
  expect(EnvoySchema.parse({ listen: 8080, drain: "2s" }).drainMs).toBe(2_000);
});

test.each([
  [{ listen: "localhost:8080" }, "listen", "IP address"],
  [{ listen: "shop.example.org:8080" }, "listen", "IP address"],
  [{ preview: "shop:8081" }, "preview", "IP address"],
  [{ hosts: ["a.org", "b.org", "a.org"] }, "hosts.2", "a second time"],
  [{ listen: "0.0.0.0:8080", preview: "127.0.0.1:8080" }, "preview", "already that of listen"],
  [{ xds: "127.0.0.1:8080" }, "listen", "already that of xds"],
  [{ listen: "0.0.0.0:18000" }, "listen", "already that of xds"],
  [{ preview: 18000 }, "preview", "already that of xds"],
  [{ retries: { on: ["retriable-status-codes"] } }, "retries.statuses", "is missing"],
  [{ retries: { on: ["retriable-status-codes"], statuses: [] } }, "retries.statuses", "is missing"],
  [{ retries: { statuses: [503] } }, "retries.statuses", "does not name retriable-status-codes"],
  [{ timeouts: { response: "5s", try: "30s" } }, "timeouts.try", "more than response"],
  [{ tracing: { otlp: "http://127.0.0.1:70000/v1/traces" } }, "tracing.otlp", "port"],
  [{ tracing: { zipkin: "http://[::1:9411/api" } }, "tracing.zipkin", "no address"],
])("%j is refused at %s: %s", (written, field, said) => {
  expect(wrong(written)[field]).toContain(said);
});

test.each([
  { listen: "[::]:8080", preview: "0.0.0.0:8080" },
  { listen: "0.0.0.0:18000", xds: "10.0.0.5:18000" },
  { listen: "[fe80::1%eth0]:8080" },
  { retries: { on: ["retriable-status-codes"], statuses: [503] }, timeouts: { response: "5s", try: "5s" } },
  { tracing: { otlp: "http://[::1]:4318/v1/traces" } },
])("%j is taken", (written) => {
  expect(wrong(written)).toEqual({});
});
