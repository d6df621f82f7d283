// Is what a page tells proposed, and is what it does not tell left out with the reason?
import { expect, test } from "vitest";
import { parsePage } from "../exposition/parse.ts";
import { parseRollout } from "../spec/parse.ts";
import { propose } from "./propose.ts";
import { proposalText } from "./text.ts";

const PAGE = `# HELP orders_total Orders that were\\npaid. \u001b[31m
# TYPE orders_total counter
orders_total{kind="web"} 7
# TYPE baskets gauge
baskets 3
# TYPE search_seconds histogram
search_seconds_bucket{le="0.1"} 4
search_seconds_bucket{le="+Inf"} 5
search_seconds_sum 1
search_seconds_count 5
# TYPE basket_euros summary
basket_euros_sum 90
basket_euros_count 3
# TYPE announced counter
# TYPE go_goroutines gauge
go_goroutines 12
# TYPE go_memstats_heap_inuse_bytes gauge
go_memstats_heap_inuse_bytes 10485760
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 1.5
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 2e7
# TYPE http_requests_total counter
http_requests_total{code="200"} 20
http_requests_total{code="503"} 2
# TYPE http_request_duration_seconds summary
http_request_duration_seconds_sum 1.1
http_request_duration_seconds_count 22
# TYPE my.own gauge
{"my.own"} 4
`.replace("# TYPE my.own", '# TYPE "my.own"');

const FOUND = { url: "http://127.0.0.1:80/metrics", path: "/metrics?all=1", port: 80, format: "text" };

test("figures of the framework that it is, with what stands there now", () => {
  const { frameworks, hidden, metrics, leftOut, start, counted } = propose(parsePage(PAGE, "prometheus"));
  expect(frameworks).toEqual([{ name: "go", title: "Go (client_golang)" }]);
  expect(hidden.map(({ name, by }) => [name, by])).toEqual([["prometheus-client", "Go (client_golang)"]]);
  expect(metrics.map(({ preset, now }) => [preset, now])).toEqual([
    ["go:errors", "2 of 22"],
    ["go:client-errors", "0 of 22"],
    ["go:latency", "0.05 s, of 22"],
    ["go:cpu", "1.5 s since its start"],
    ["go:memory", "19 MiB"],
    ["go:heap", "10 MiB"],
    ["go:goroutines", "12"],
  ]);
  expect(leftOut).toEqual([
    { what: "go:latency-histogram", why: expect.stringContaining("as a summary, which has no buckets") },
    { what: "go:open-files", why: "has no process_open_fds on its page" },
    { what: "go:threads", why: "has no go_threads on its page" },
    { what: "go:gc-pause", why: "has no go_gc_duration_seconds_sum on its page" },
  ]);
  expect({ start, counted }).toEqual({ start: false, counted: { metrics: 15, series: 17 } });
});

test("what the service tells itself, by its kind", () => {
  const { own } = propose(parsePage(PAGE, "prometheus"));
  expect(own.map(({ kind, name, series, total }) => [kind, name, series, total])).toEqual([
    ["mean", "basket euros", "basket_euros_sum", "basket_euros_count"],
    ["gauge", "baskets", "baskets", undefined],
    ["rate", "orders", "orders_total", undefined],
    ["histogram", "search seconds", "search_seconds", undefined],
    ["gauge", "my.own", '{"my.own"}', undefined],
  ]);
});

test("the text is right in a rollout file, and so is what is commented out in it", () => {
  const text = proposalText(FOUND, propose(parsePage(PAGE, "prometheus")));
  expect(text).toContain("# - { kind: rate, name: orders, series: orders_total } # Orders that were paid. [31m");
  expect(text).toContain("#   go:latency-histogram: gives http_request_duration_seconds as a summary");
  expect(text).toContain('metrics: { path: "/metrics?all=1", port: 80 }');
  const whole = text.replaceAll("    # - {", "    - {").replaceAll(/^/gmu, "  ");
  const parsed = parseRollout(`apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [shop], metrics: { path: /metrics } } }
  traffic: { proxy: { listen: 8080 } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 1m }] } }
${whole}
`);
  expect(parsed.ok ? [] : parsed.issues).toEqual([]);
  expect(parsed.ok && parsed.rollout.spec.analysis?.metrics.length).toBe(2 + 7 + 5);
});

test("a page of nobody that is known still gives what it has", () => {
  const proposal = propose(parsePage("# TYPE a counter\na 1\n", "prometheus"));
  expect(proposal).toMatchObject({ frameworks: [], metrics: [], own: [{ series: "a" }] });
  expect(proposalText(FOUND, proposal)).toContain("No framework was recognised");
});
