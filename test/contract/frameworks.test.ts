// Does every preset of a framework find its series on the pages of real services?
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { PageFormat } from "../../src/core/exposition/line.ts";
import { type Page, parsePage } from "../../src/core/exposition/parse.ts";
import { readPage } from "../../src/core/exposition/read.ts";
import { readSelector } from "../../src/core/exposition/selector.ts";
import { signalsOf } from "../../src/core/plan/metric-signals.ts";
import {
  FRAMEWORKS,
  FRAMEWORK_NAMES,
  type FrameworkName,
  KNOWN_PRESETS,
} from "../../src/core/spec/frameworks/catalogue.ts";
import type { Framework } from "../../src/core/spec/frameworks/shape.ts";
import { MetricSchema } from "../../src/core/spec/metrics.ts";

function saved(...names: readonly string[]): Page {
  const texts = names.map((name) =>
    readFileSync(new URL(`../corpus/expositions/${name}.txt`, import.meta.url), "utf8"),
  );
  const format: PageFormat = names.some((name) => name.endsWith(".openmetrics")) ? "openmetrics" : "prometheus";
  return parsePage(texts.join(""), format);
}

/** Without a real one at hand: the names and labels that the projects' own descriptions give. */
const DESCRIBED: Readonly<Partial<Record<FrameworkName, string>>> = {
  istio: `# TYPE istio_requests_total counter
istio_requests_total{reporter="destination",destination_workload="shop-v1",response_code="200",response_flags="-"} 20
istio_requests_total{reporter="destination",destination_workload="shop-v1",response_code="500",response_flags="-"} 3
istio_requests_total{reporter="source",destination_workload="stock-v1",response_code="500",response_flags="-"} 5
# TYPE istio_request_duration_milliseconds histogram
istio_request_duration_milliseconds_bucket{reporter="destination",response_code="200",le="0.5"} 19
istio_request_duration_milliseconds_bucket{reporter="destination",response_code="200",le="+Inf"} 23
istio_request_duration_milliseconds_sum{reporter="destination",response_code="200"} 18
istio_request_duration_milliseconds_count{reporter="destination",response_code="200"} 23
`,
  "ingress-nginx": `# TYPE nginx_ingress_controller_requests counter
nginx_ingress_controller_requests{canary="",ingress="shop",method="GET",status="200"} 20
nginx_ingress_controller_requests{canary="",ingress="shop",method="GET",status="502"} 3
# TYPE nginx_ingress_controller_request_duration_seconds histogram
nginx_ingress_controller_request_duration_seconds_bucket{ingress="shop",status="200",le="0.005"} 19
nginx_ingress_controller_request_duration_seconds_bucket{ingress="shop",status="200",le="+Inf"} 23
nginx_ingress_controller_request_duration_seconds_sum{ingress="shop",status="200"} 0.2
nginx_ingress_controller_request_duration_seconds_count{ingress="shop",status="200"} 23
# TYPE nginx_ingress_controller_nginx_process_connections gauge
nginx_ingress_controller_nginx_process_connections{state="active"} 4
nginx_ingress_controller_nginx_process_connections{state="waiting"} 1
# TYPE nginx_ingress_controller_nginx_process_cpu_seconds_total counter
nginx_ingress_controller_nginx_process_cpu_seconds_total 1.5
# TYPE nginx_ingress_controller_nginx_process_resident_memory_bytes gauge
nginx_ingress_controller_nginx_process_resident_memory_bytes 1e7
`,
};

const PAGES: Readonly<Record<FrameworkName, readonly (readonly string[])[]>> = {
  "spring-boot": [
    ["spring40", "hikaricp-caffeine"],
    ["spring35", "hikaricp-caffeine"],
  ],
  quarkus: [["quarkus-micrometer.openmetrics"]],
  "quarkus-smallrye": [["quarkus-smallrye"]],
  micronaut: [["micronaut", "hikaricp-caffeine"]],
  jvm: [["jvm.openmetrics"]],
  node: [["node"]],
  go: [["go.openmetrics"]],
  "prometheus-client": [["node"], ["go.openmetrics"]],
  envoy: [["envoy"]],
  istio: [],
  nginx: [["nginx"]],
  "ingress-nginx": [],
};

/** Figures whose series the saved services do not have, each with why. */
const ABSENT: Readonly<Record<string, string>> = {
  "quarkus:latency-histogram": "buckets are off until they are asked for",
  "micronaut:latency-histogram": "buckets are off until they are asked for",
  "quarkus:cache-misses": "the saved service has no cache",
  "quarkus:connection-pool": "the saved service has no database",
  "quarkus:connection-pool-waiting": "the saved service has no database",
  "quarkus-smallrye:connection-pool": "the saved service has no database",
  "quarkus-smallrye:connection-pool-waiting": "the saved service has no database",
};

/** What a preset finds on a page: its values in the order of its selectors, or why there is none. */
function found(preset: string, page: Page): readonly (number | string)[] {
  return signalsOf(MetricSchema.parse({ preset })).map(({ name, kind }) => {
    const selector = readSelector(name);
    if (!selector.ok) return selector.why;
    const reading = readPage(page, selector.selector, kind);
    if (!reading.ok) return reading.why;
    const { reading: read } = reading;
    return read.kind === "histogram" ? read.counts.reduce((sum, count) => sum + count, 0) : read.value;
  });
}

const pagesOf = (name: FrameworkName): readonly Page[] => {
  const text = DESCRIBED[name];
  return [...PAGES[name].map((names) => saved(...names)), ...(text ? [parsePage(text, "prometheus")] : [])];
};

const CASES = FRAMEWORK_NAMES.flatMap((name) => {
  const { figures }: Framework = FRAMEWORKS[name];
  return Object.keys(figures).map((figure) => [name, `${name}:${figure}`] as const);
});

test("every preset of a framework is known", () => {
  expect(CASES.length).toBeGreaterThan(80);
  for (const [, preset] of CASES) expect(KNOWN_PRESETS).toContain(preset);
});

test.each(CASES)("%s: %s", (name, preset) => {
  const pages = pagesOf(name);
  expect(pages.length).toBeGreaterThan(0);
  for (const page of pages) {
    const values = found(preset, page);
    const unread = values.filter((value) => typeof value === "string");
    expect(unread).toHaveLength(ABSENT[preset] === undefined ? 0 : values.length);
  }
});

interface Requests {
  readonly failed: number;
  /** Nothing where no preset tells. */
  readonly refused?: number;
  readonly total: number;
}

test.each<[FrameworkName, Requests]>([
  ["spring-boot", { failed: 3, refused: 3, total: 30 }],
  ["quarkus", { failed: 3, refused: 3, total: 30 }],
  ["micronaut", { failed: 3, refused: 3, total: 30 }],
  ["quarkus-smallrye", { failed: 0, total: 24 }],
  ["node", { failed: 3, refused: 3, total: 26 }],
  ["go", { failed: 3, refused: 0, total: 23 }],
  ["envoy", { failed: 3, refused: 3, total: 26 }],
  ["istio", { failed: 3, refused: 0, total: 23 }],
  ["ingress-nginx", { failed: 3, refused: 0, total: 23 }],
])("%s: its requests are counted, and those that failed: %j", (name, { failed, refused, total }) => {
  const [page] = pagesOf(name);
  if (!page) throw new Error(`no page of ${name}`);
  const client = refused === undefined ? [] : [found(`${name}:client-errors`, page)];
  expect(found(`${name}:errors`, page)).toEqual([failed, total]);
  expect(client).toEqual(refused === undefined ? [] : [[refused, total]]);
});

test("a preset of a framework is overridden like any other", () => {
  const metric = MetricSchema.parse({
    preset: "spring-boot:latency",
    name: "checkout time",
    series: 'http_server_requests_seconds_sum{uri="/checkout"}',
    total: 'http_server_requests_seconds_count{uri="/checkout"}',
    margin: "10%",
    effect: "rollBack",
  });
  expect(metric).toMatchObject({
    kind: "gauge",
    name: "checkout time",
    of: { from: "mean", sum: expect.stringContaining("_sum{uri="), count: expect.stringContaining("_count{uri=") },
    go: 0.1,
    effect: "rollBack",
  });
  const dropped = MetricSchema.parse({ preset: "nginx:dropped-connections" });
  expect(dropped).toMatchObject({ kind: "ratio", rest: true, part: "nginx_connections_handled" });
  const own = MetricSchema.parse({
    preset: "node:errors",
    bad: 'http_request_duration_seconds_count{status_code="503"}',
  });
  expect(own).toMatchObject({ rest: false, whole: expect.stringContaining("_count{path!~") });
  const named = { preset: "nginx:dropped-connections", bad: "lost_total", total: "all_total" };
  expect(MetricSchema.parse(named)).toMatchObject({ rest: false, part: "lost_total", whole: "all_total" });
});

test.each([
  ["spring-boot:erors", "did you mean spring-boot:errors?"],
  ["go:heaps", "did you mean go:heap?"],
  ["envoy:sessions", "envoy has errors, client-errors, latency"],
  ["springboot:errors", "did you mean spring-boot:errors?"],
  ["rails:errors", "frameworks here are spring-boot, quarkus"],
  ["succes-rate", "did you mean success-rate?"],
  ["anything-else-at-all", "known are success-rate, client-errors"],
])("%s: %s", (preset, text) => {
  const read = MetricSchema.safeParse({ preset });
  expect(read.error?.issues.map(({ message }) => message)).toEqual([
    expect.stringContaining(`found ${preset}, ${text}`),
  ]);
});
