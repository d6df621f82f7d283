// What may a rollout file say of who keeps figures, and what is said of what is wrong?
import { describe, expect, test } from "vitest";
import { wrongText } from "./texts.ts";
import { filledQuery, wrongQuery } from "./vendor-query.ts";
import { anchoredVendor, VENDORS, type VendorKind } from "./vendors.ts";

const KEY = { env: "KEY" };

/** The least that each needs. */
const LEAST: Readonly<Record<VendorKind, object>> = {
  datadog: { apiKey: KEY, appKey: KEY },
  cloudwatch: { region: "eu-central-1" },
  influxdb: { url: "http://influx:8086", database: "shop" },
  graphite: { url: "http://graphite" },
  newrelic: { account: 1, apiKey: KEY },
  dynatrace: { url: "https://abc.live.dynatrace.com", token: KEY },
  googleCloud: { project: "shop-1" },
  splunk: { url: "https://splunk:8089", bearer: KEY },
  json: { url: "http://shop/stats" },
  command: { command: ["count"] },
};

const KINDS = Object.keys(VENDORS) as VendorKind[];

function wrongs(kind: VendorKind, fields: object): readonly string[] {
  const read = VENDORS[kind].safeParse(fields, { error: wrongText });
  return (read.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe.each(KINDS)("%s", (kind) => {
  test("has a kind, a rhythm, a time limit and a delay", () => {
    const read = VENDORS[kind].parse(LEAST[kind]);
    expect(read).toMatchObject({ kind, everyMs: 60_000, timeoutMs: 10_000 });
    expect(read.delayMs).toBeGreaterThanOrEqual(0);
  });

  test("knows no other field", () => {
    const read = VENDORS[kind].safeParse({ ...LEAST[kind], pasword: "x" });
    expect(read.error?.issues).toMatchObject([{ code: "unrecognized_keys", keys: ["pasword"] }]);
  });
});

test("a credential in the file is refused, and not shown", () => {
  const found = wrongs("datadog", { apiKey: "s3cret", appKey: KEY });
  expect(found).toEqual([
    "apiKey: found a text, a credential is not written into the file: { env: NAME } or { file: PATH } must be here",
  ]);
});

test.each<[VendorKind, object, string]>([
  ["influxdb", { database: undefined }, ": one of database (InfluxQL) or org (Flux) must be here"],
  ["influxdb", { database: "a", org: "b" }, "org: found beside database, only one of database or org can be here"],
  [
    "influxdb",
    { org: "b", database: undefined, retentionPolicy: "c" },
    "retentionPolicy: Flux names the bucket in its query: take it out",
  ],
  ["datadog", { step: "5m", every: "5m" }, "delay: found 2m, less than a step of 5m: its points are not complete"],
  ["cloudwatch", { delay: "30s" }, "delay: found 30s, less than a step of 1m: its points are not complete"],
  ["cloudwatch", { accessKeyId: KEY }, ": secretAccessKey is missing, accessKeyId and secretAccessKey go together"],
  [
    "cloudwatch",
    { sessionToken: KEY },
    "sessionToken: found without accessKeyId: take it out, or name the key that it belongs to",
  ],
  ["cloudwatch", { region: "frankfurt" }, "region: found frankfurt, a region such as eu-central-1 must be here"],
  ["datadog", { site: "https://x" }, "site: found https://x, a host's name such as datadoghq.eu must be here"],
  ["datadog", { every: "10s" }, "every: found 10s, less than a step of 1m: most intervals would have no point"],
  ["cloudwatch", { every: "30s" }, "every: found 30s, less than a step of 1m: most intervals would have no point"],
  ["dynatrace", { every: "59s" }, "every: found 59s, less than a step of 1m: most intervals would have no point"],
  ["splunk", { bearer: undefined }, ": one of basic or bearer must be here"],
  [
    "googleCloud",
    { credentials: KEY, bearer: KEY },
    "bearer: found beside credentials, only one of credentials or bearer can be here",
  ],
  [
    "graphite",
    { url: "http://graphite?a=b" },
    "url: found a query in the address, a base address is http:// or https://, a host and a path",
  ],
  ["json", { headers: { "a b": "c" } }, "headers.a b: found a b, a header's name has letters, digits and -"],
  [
    "json",
    { url: "http://shop/{{role}}" },
    "url: found {{role}}, filled in here are {{from}}, {{to}} and {{interval}}: {{role}} belongs in the metric's query",
  ],
  ["json", { url: "http://shop/{{" }, "url: found {{, a name must stand between {{ and }}"],
  [
    "json",
    { body: '{"role":"{{role}}"}' },
    "body: found {{role}}, filled in here are {{from}}, {{to}} and {{interval}}: {{role}} belongs in the metric's query",
  ],
  ["json", { body: "{{query}}" }, "body: found {{query}}, filled in here are {{from}}, {{to}} and {{interval}}"],
  [
    "command",
    { command: ["./count", "--role={{ role }}"] },
    "command.1: found {{role}}, filled in here are {{query}}, {{from}}, {{to}} and {{interval}}: {{role}} belongs in the metric's query",
  ],
])("%s with %j", (kind, fields, said) => {
  expect(wrongs(kind, { ...LEAST[kind], ...fields })).toEqual([said]);
});

test("a command can be told the query and the interval, and holds texts that are no names", () => {
  expect(wrongs("command", { command: ["a", "{{query}} {{from}} {{to}} {{interval}}", "{{.State}}"] })).toEqual([]);
});

test("a page's address can name the interval", () => {
  expect(wrongs("json", { url: "http://shop/stats?from={{from}}&to={{ to }}" })).toEqual([]);
});

test("paths begin at the file's folder", () => {
  const file = { file: "key" };
  const json = VENDORS.json.parse({ url: "http://a", bearer: file, headers: { a: file, b: "c" } });
  expect(anchoredVendor(json, "/rollouts")).toMatchObject({
    url: "http://a",
    bearer: { file: "/rollouts/key" },
    headers: { a: { file: "/rollouts/key" }, b: "c" },
  });
  const basic = VENDORS.graphite.parse({ url: "http://a", basic: { user: "me", password: file } });
  expect(anchoredVendor(basic, "/rollouts").basic).toEqual({ user: "me", password: { file: "/rollouts/key" } });
  const command = VENDORS.command.parse({ command: ["a"], cwd: "bin", env: { A: { file: "/key" } } });
  expect(anchoredVendor(command, "/rollouts")).toMatchObject({ cwd: "/rollouts/bin", env: { A: { file: "/key" } } });
});

test.each<[VendorKind, string, string | undefined]>([
  [
    "influxdb",
    "SELECT mean(x) FROM y",
    "has no {{from}} and no {{to}} in its query, so it would not keep to the interval",
  ],
  ["influxdb", "SELECT mean(x) FROM y WHERE time > {{from}} AND time <= {{to}}", undefined],
  [
    "newrelic",
    "SELECT count(*) FROM T since 1 hour ago",
    "has SINCE in its query, which Serin says itself: take it out",
  ],
  ["newrelic", "SELECT count(*) FROM T WHERE name = 'since' AND `until` = 1", undefined],
  ["graphite", "shop.{{role}}", "has {{role}} in its query: known are from, to and interval"],
  ["graphite", "shop.{{", "has {{ in its query, which is no name of the interval"],
  ["datadog", "  ", "has an empty query"],
  ["json", "$.[[[canary", "has a query that is no JSONPath: unexpected shorthand selector '[' ('$.[[[cana':2)"],
  ["json", ' $.a[?@.role == "canary" && @.since >= {{from}}].v ', undefined],
  ["command", "", undefined],
])("%s is asked %j", (kind, query, said) => {
  expect(wrongQuery(kind, query)).toBe(said);
});

test("the interval is filled in", () => {
  const interval = { from: "1", to: "3", interval: "2s" };
  expect(filledQuery("a {{from}} b {{ to }} c {{interval}} {{from}}", interval)).toBe("a 1 b 3 c 2s 1");
});
