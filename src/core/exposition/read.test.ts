// Is the value that a page gives for a selector the right one, and why is there none otherwise?
import { describe, expect, test } from "vitest";
import type { Reading } from "../signals.ts";
import type { PageFormat } from "./line.ts";
import { parsePage } from "./parse.ts";
import { readPage, type PageReading } from "./read.ts";
import { readSelector } from "./selector.ts";

interface Asked {
  readonly page: readonly string[];
  readonly format?: PageFormat;
}

/** Reads selectors of one page, each as `counter orders{a="b"}`. */
const reader =
  ({ page, format = "prometheus" }: Asked) =>
  (asked: string): PageReading => {
    const [kind = "", text = ""] = asked.split(/ (.*)/u);
    const read = readSelector(text);
    if (!read.ok) throw new Error(read.why);
    return readPage(parsePage(`${page.join("\n")}\n`, format), read.selector, kind as Reading["kind"]);
  };
const counter = (value: number) => ({ ok: true, reading: { kind: "counter", value } });
const gauge = (value: number) => ({ ok: true, reading: { kind: "gauge", value } });
const why = (text: string) => ({ ok: false, why: expect.stringContaining(text) });

// As Spring, Quarkus and Micronaut write them.
const SPRING = reader({
  format: "openmetrics",
  page: [
    "# TYPE process_cpu_time_ns counter",
    "process_cpu_time_ns_total 8.68E9",
    "# TYPE jvm_memory_used_bytes gauge",
    'jvm_memory_used_bytes{area="heap",id="G1 Eden Space"} 100',
    'jvm_memory_used_bytes{area="heap",id="G1 Old Gen"} 20.5',
    'jvm_memory_used_bytes{area="nonheap",id="Metaspace"} 3',
    "# TYPE http_server_requests_active_seconds gaugehistogram",
    'http_server_requests_active_seconds_bucket{uri="UNKNOWN",le="120.0"} 1',
    'http_server_requests_active_seconds_bucket{uri="UNKNOWN",le="+Inf"} 1',
    'http_server_requests_active_seconds_gcount{uri="UNKNOWN"} 1',
    "# TYPE http_server_requests_seconds histogram",
    'http_server_requests_seconds_bucket{status="200",uri="/a",le="0.1"} 3',
    'http_server_requests_seconds_bucket{status="200",uri="/a",le="1.0"} 5',
    'http_server_requests_seconds_bucket{status="200",uri="/a",le="+Inf"} 6 # {trace_id="1"} 2.5 1520879607.7',
    'http_server_requests_seconds_count{status="200",uri="/a"} 6',
    'http_server_requests_seconds_sum{status="200",uri="/a"} 4.25',
    'http_server_requests_seconds_bucket{status="500",uri="/b",le="0.1"} 10',
    'http_server_requests_seconds_bucket{status="500",uri="/b",le="1"} 10',
    'http_server_requests_seconds_bucket{status="500",uri="/b",le="+Inf"} 10',
    'http_server_requests_seconds_count{status="500",uri="/b"} 10',
    'http_server_requests_seconds_sum{status="500",uri="/b"} 0.5',
    "# EOF",
  ],
});
const SUMMARIES = reader({
  page: [
    "# TYPE base_REST_request_total counter",
    'base_REST_request_total{class="Hello",method="hi"} 21.0',
    "# TYPE base_REST_request_maxTimeDuration_seconds gauge",
    'base_REST_request_maxTimeDuration_seconds{class="Hello",method="hi"} NaN',
    'base_REST_request_total{class="Hello",method="i"} 3.0',
    'base_REST_request_maxTimeDuration_seconds{class="Hello",method="i"} 0.5',
    "# TYPE executor_seconds summary",
    "# TYPE jvm_gc_pause_seconds summary",
    'jvm_gc_pause_seconds{cause="G1",quantile="0.5"} 0.001',
    'jvm_gc_pause_seconds{cause="G1",quantile="0.99"} 0.004',
    'jvm_gc_pause_seconds_count{cause="G1",} 2.0',
    'jvm_gc_pause_seconds_sum{cause="G1",} 0.008',
  ],
});

describe("counters", () => {
  test.each([
    ["process_cpu_time_ns", 8.68e9],
    ["process_cpu_time_ns_total", 8.68e9],
    ["http_server_requests_seconds_count", 16],
    ['http_server_requests_seconds_count{status=~"5.."}', 10],
    ['http_server_requests_seconds_sum{uri!="/b"}', 4.25],
    ['http_server_requests_seconds_bucket{le="0.1"}', 13],
    // Nothing has failed so yet: the series begins with the first failure.
    ['http_server_requests_seconds_count{status="503"}', 0],
  ])("%s of Spring", (selector, value) => {
    expect(SPRING(`counter ${selector}`)).toEqual(counter(value));
  });

  test.each([
    ["base_REST_request_total", 24],
    ["base_REST_request", 24],
    ['base_REST_request{method="i"}', 3],
    ["jvm_gc_pause_seconds_count", 2],
    ["executor_seconds_count", 0],
  ])("%s of MicroProfile and Micrometer", (selector, value) => {
    expect(SUMMARIES(`counter ${selector}`)).toEqual(counter(value));
  });

  test.each([
    ["orders", "has no orders on its page"],
    ["http_server_requests_seconds", "but http_server_requests_seconds_bucket and http_server_requests_seconds_count"],
    // Misspelt labels would otherwise count nothing for ever.
    [
      'http_server_requests_seconds_count{state="503"}',
      'but for instance http_server_requests_seconds_count{status="200"',
    ],
    ["jvm_memory_used_bytes", "gives jvm_memory_used_bytes as a gauge, not as a counter"],
    ["http_server_requests_active_seconds_gcount", "as a gauge, not as a counter"],
  ])("%s is no counter: %s", (selector, text) => {
    expect(SPRING(`counter ${selector}`)).toEqual(why(text));
  });
});

describe("pages that say something else than they mean", () => {
  test("a gauge and a counter that share a name but for _total, as Go's library writes OpenMetrics", () => {
    const go = reader({
      format: "openmetrics",
      page: [
        "# TYPE go_memstats_alloc_bytes gauge",
        "go_memstats_alloc_bytes 5",
        "# TYPE go_memstats_alloc_bytes counter",
        "go_memstats_alloc_bytes_total 9",
        "# EOF",
      ],
    });
    expect(go("gauge go_memstats_alloc_bytes")).toEqual(gauge(5));
    expect(go("counter go_memstats_alloc_bytes_total")).toEqual(counter(9));
  });

  test("sums of times that MicroProfile Metrics calls gauges", () => {
    const name = "base_REST_request_elapsedTime_seconds";
    const rest = reader({ page: [`# TYPE ${name} gauge`, `${name}{method="hi"} 1.5`, `${name}{method="i"} 2`] });
    expect(rest(`counter ${name}`)).toEqual(counter(3.5));
    expect(rest(`gauge ${name}`)).toEqual(why("as a counter, not as a gauge"));
  });

  test("a label without a value is none", () => {
    const twice = reader({ page: ["# TYPE a gauge", 'a{b=""} 1', "a 2"] });
    expect(twice("gauge a")).toEqual(why("twice (lines 2 and 3)"));
  });

  test("a label that must not have a value may be absent, also where nothing is counted", () => {
    const one = reader({ page: ["# TYPE a_total counter", 'a_total{code="200"} 3'] });
    expect(one('counter a_total{code="500",path!~"/health.*"}')).toEqual(counter(0));
    expect(one('counter a_total{code="200",path!="/health"}')).toEqual(counter(3));
    expect(one('counter a_total{cod="500"}')).toEqual(why("has no such series, but for instance"));
  });

  test("names in quotes", () => {
    const page = reader({ page: ['# TYPE "my.metric" gauge', '{"my.metric","my.label"="x"} 4'] });
    expect(page('gauge {"my.metric","my.label"="x"}')).toEqual(gauge(4));
    expect(page('gauge {"my.metric","my.label"="y"}')).toEqual(why('{"my.metric","my.label"="x"}'));
    expect(page('gauge {"my.other"}')).toEqual(why("has no my.other on its page"));
  });
});

describe("gauges", () => {
  test("are added, and one that is missing is missing", () => {
    expect(SPRING('gauge jvm_memory_used_bytes{area="heap"}')).toEqual(gauge(120.5));
    expect(SPRING("gauge http_server_requests_active_seconds_gcount")).toEqual(gauge(1));
    expect(SPRING('gauge jvm_memory_used_bytes{area="stack"}')).toEqual(why("no such series, but for instance"));
    expect(SPRING("gauge process_cpu_time_ns_total")).toEqual(why("as a counter, not as a gauge"));
    expect(SPRING("gauge http_server_requests_seconds_count")).toEqual(why("as a counter, not as a gauge"));
  });

  test("what is not a number is named, and not left out of a sum", () => {
    const nan = 'gives base_REST_request_maxTimeDuration_seconds{class="Hello",method="hi"} NaN';
    expect(SUMMARIES("gauge base_REST_request_maxTimeDuration_seconds")).toEqual(why(nan));
    expect(SUMMARIES('gauge base_REST_request_maxTimeDuration_seconds{method="i"}')).toEqual(gauge(0.5));
  });

  test("one quantile is a gauge, two cannot be added", () => {
    expect(SUMMARIES('gauge jvm_gc_pause_seconds{quantile="0.99"}')).toEqual(gauge(0.004));
    expect(SUMMARIES("gauge jvm_gc_pause_seconds")).toEqual(why("gives 2 quantiles"));
  });
});

describe("histograms", () => {
  const histogram = (bounds: readonly number[], counts: readonly number[]) => ({
    ok: true,
    reading: { kind: "histogram", bounds, counts },
  });
  test("are counted per bucket, and label sets are added", () => {
    expect(SPRING('histogram http_server_requests_seconds{uri="/a"}')).toEqual(histogram([0.1, 1], [3, 2, 1]));
    expect(SPRING("histogram http_server_requests_seconds")).toEqual(histogram([0.1, 1], [13, 2, 1]));
    expect(SPRING('histogram http_server_requests_seconds{uri="/c"}')).toEqual(histogram([0.1, 1], [0, 0, 0]));
  });

  test.each([
    ["jvm_gc_pause_seconds", "as a summary, which has no buckets"],
    ["base_REST_request_total", "as a counter, not as a histogram"],
    ["executor", "has no executor on its page"],
  ])("%s is none: %s", (selector, text) => {
    expect(SUMMARIES(`histogram ${selector}`)).toEqual(why(text));
  });
  test.each([
    ["http_server_requests_active_seconds", "as a gaugehistogram, not as a histogram"],
    ["http_server_requests_seconds_bucket", "has it as the histogram http_server_requests_seconds"],
    ['http_server_requests_seconds{le="1"}', "a histogram is read whole"],
    ['http_server_requests_seconds{url="/a"}', "but for instance"],
  ])("%s is none: %s", (selector, text) => {
    expect(SPRING(`histogram ${selector}`)).toEqual(why(text));
  });

  test.each([
    [['a_bucket{le="1"} 1'], 'le="+Inf" is missing'],
    [
      ['a_bucket{le="2"} 1', 'a_bucket{le="1"} 2', 'a_bucket{le="+Inf"} 2'],
      "less than the bucket before (lines 2 and 1)",
    ],
    [
      ['a_bucket{le="1"} 1', 'a_bucket{le="1.0"} 1', 'a_bucket{le="+Inf"} 2'],
      'gives a_bucket{le="1.0"} twice (lines 1 and 2)',
    ],
    [['a_bucket{b="c"} 1'], "without the end of its bucket"],
    [['a_bucket{le="many"} 1'], "without the end of its bucket"],
    [['a_bucket{le="+Inf"} NaN'], "with a count of NaN (line 1)"],
    [['a_bucket{le="+Inf"} -1'], "with a count of -1 (line 1)"],
    [
      [
        'a_bucket{b="1",le="1"} 1',
        'a_bucket{b="1",le="+Inf"} 1',
        'a_bucket{b="2",le="2"} 1',
        'a_bucket{b="2",le="+Inf"} 1',
      ],
      'with other buckets than a_bucket{b="1",le="+Inf"}; choose one by its labels',
    ],
  ])("%j is refused: %s", (page, text) => {
    expect(reader({ page })("histogram a")).toEqual(why(text));
  });

  test("label sets are told apart whatever the order of their labels and lines", () => {
    const page = [
      'a_bucket{le="+Inf",b="1",c="2"} 5',
      'a_bucket{c="2",le="1",b="1"} 2',
      'a_bucket{le="+Inf"} 1',
      'a_bucket{le="1"} 0',
    ];
    expect(reader({ page })("histogram a")).toEqual(histogram([1], [2, 4]));
  });
});

test.each([
  [["a 1", "a 1"], "counter a", "gives a twice (lines 1 and 2)"],
  [['a{b="1",c="2"} 1', 'a{c="2",b="1"} 1'], "gauge a", 'gives a{c="2",b="1"} twice (lines 1 and 2)'],
  [["a +Inf"], "gauge a", "gives a Infinity"],
  [["a -3"], "counter a", "gives a -3, and a counter is never below 0"],
  [["a 1e308", 'a{b="1"} 1.7e308'], "counter a", "too large to add"],
])("%j has no %s: %s", (page, asked, text) => {
  expect(reader({ page })(asked)).toEqual(why(text));
});

test("what is not said to be something is what it is asked as", () => {
  const read = reader({ page: ["a 1", 'b_bucket{le="1"} 1', 'b_bucket{le="+Inf"} 3'] });
  expect([read("counter a"), read("gauge a"), read("histogram b")]).toMatchObject([
    counter(1),
    gauge(1),
    { reading: { bounds: [1], counts: [1, 2] } },
  ]);
});
