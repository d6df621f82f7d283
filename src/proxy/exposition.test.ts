// Does a Prometheus understand what it reads?
import { expect, test } from "vitest";
import { bucketOf } from "../core/histogram.ts";
import { weightOf } from "../core/units.ts";
import { noSums } from "./mirror/messages.ts";
import { exposition } from "./exposition.ts";

const latency = { [bucketOf(900)]: 90, [bucketOf(30_000)]: 9, [bucketOf(500_000_000)]: 1 };
const text = exposition({
  counts: [
    { replica: "v1-0", pool: "v1", requests: 100, failed: 3, clientErrors: 2, latency },
    { replica: "cart/v7-0", pool: "cart/v7", requests: 9, failed: 0, clientErrors: 0, latency: {} },
    { replica: "-", pool: "cart/v6", requests: 1, failed: 1, clientErrors: 0, latency: {} },
    { replica: 'a "b"\\\n', pool: "old", requests: 0, failed: 0, clientErrors: 0, latency: {} },
  ],
  copies: new Map([
    ["", { ...noSums(), canary: { sent: 9, shed: 8, failed: 1, compared: 7, differing: 2 } }],
    ["cart", { ...noSums(), baseline: { sent: 5, shed: 4, failed: 0, compared: 5, differing: 1 } }],
  ]),
  routes: [
    { split: { weights: { stable: weightOf(1) } }, pools: { stable: { pool: "v1", backends: [] } } },
    {
      split: { weights: { canary: weightOf(0.25), stable: weightOf(0.75) } },
      pools: { canary: { pool: "cart/v7", backends: [] } },
      section: { name: "cart", order: 0, when: [] },
    },
  ],
  workers: 2,
});
const lines = text.split("\n");

test("every line is a comment or a sample, every family is announced once, and the end is a line's end", () => {
  const sample = /^[a-z_]+(\{([a-z]+="(\\.|[^"\\])*",?)+\})? (\d+(\.\d+)?(e[+-]?\d+)?|\+Inf)$/;
  for (const line of lines.slice(0, -1))
    expect(line).toMatch(line.startsWith("#") ? /^# (HELP|TYPE) [a-z_]+ / : sample);
  expect(lines.at(-1)).toBe("");
  const announced = lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ")[2]);
  expect(new Set(announced).size).toBe(announced.length);
});

test("counters and shares are there, by role, pool and replica", () => {
  expect(lines).toContain('serin_requests_total{role="stable",pool="v1",replica="v1-0"} 100');
  expect(lines).toContain('serin_requests_failed_total{role="stable",pool="v1",replica="v1-0"} 3');
  expect(lines).toContain('serin_requests_client_errors_total{role="stable",pool="v1",replica="v1-0"} 2');
  expect(lines).toContain(String.raw`serin_requests_total{role="none",pool="old",replica="a \"b\"\\\n"} 0`);
  expect(lines).toContain('serin_share_ratio{role="stable"} 1');
  expect(lines).toContain('serin_share_ratio{role="canary"} 0');
  expect(lines).toContain("serin_proxy_workers 2");
  expect(lines).toContain('serin_mirror_sent_total{role="canary"} 9');
  expect(lines).toContain('serin_mirror_shed_total{role="canary"} 8');
  expect(lines).toContain('serin_mirror_differing_total{role="baseline"} 0');
});

test("what a section counts has its name as a label, and the names that its service gave", () => {
  expect(lines).toContain('serin_requests_total{section="cart",role="canary",pool="v7",replica="v7-0"} 9');
  expect(lines).toContain('serin_requests_total{section="cart",role="none",pool="v6",replica="-"} 1');
  expect(lines).toContain('serin_share_ratio{section="cart",role="canary"} 0.25');
  expect(lines).toContain('serin_mirror_sent_total{section="cart",role="baseline"} 5');
  expect(lines).toContain('serin_mirror_sent_total{section="cart",role="canary"} 0');
});

test("buckets are cumulative, in order, and end with all requests", () => {
  const buckets = lines.filter((line) => line.startsWith('serin_request_duration_seconds_bucket{role="stable"'));
  const edges = buckets.map((line) => Number(/,le="([^"]+)"/.exec(line)?.[1]?.replace("+Inf", "Infinity")));
  const counts = buckets.map((line) => Number(line.split(" ").at(-1)));
  expect(edges).toEqual(edges.toSorted((a, b) => a - b));
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  const at = (seconds: number): number => counts[edges.findIndex((edge) => edge >= seconds)] ?? 0;
  expect(at(0.0002)).toBe(0);
  expect(at(0.002)).toBe(90);
  expect(at(1)).toBe(99);
  expect(counts.at(-1)).toBe(100);
  expect(lines).toContain('serin_request_duration_seconds_count{role="stable",pool="v1",replica="v1-0"} 100');
});
