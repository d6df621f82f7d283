// Are questions in PromQL read for what they ask, and all others left alone?
import { expect, test } from "vitest";
import { readFigure, VERSION } from "./promql.ts";

const rate = (name: string, more = ""): string => `sum(rate(${name}{a="b"${more}}[5m]))`;

test.each([
  ["a ratio", `${rate("bad_total")} / ${rate("all_total")}`, { rest: false, factor: 1 }],
  ["in percent", `${rate("bad_total")} / ${rate("all_total")} * 100`, { rest: false, factor: 100 }],
  ["percent first", `100 * ${rate("bad_total")} / ${rate("all_total")}`, { rest: false, factor: 100 }],
  ["the rest", `1 - ${rate("bad_total")} / ${rate("all_total")}`, { rest: true, factor: 1 }],
  ["the rest in percent", `100 - ${rate("bad_total")} / ${rate("all_total")} * 100`, { rest: true, factor: 100 }],
  [
    "the rest, times a hundred",
    `(1 - (${rate("bad_total")} / ${rate("all_total")})) * 100`,
    { rest: true, factor: 100 },
  ],
  [
    "with zero for nothing",
    `(${rate("bad_total")} / ${rate("all_total")}) or on() vector(0)`,
    { rest: false, factor: 1 },
  ],
])("%s", (_, query, more) => {
  expect(readFigure(query)?.figure).toEqual({
    kind: "ratio",
    part: 'bad_total{a="b"}',
    total: 'all_total{a="b"}',
    ...more,
  });
});

test("other shapes", () => {
  expect(readFigure(`${rate("took_sum")} / ${rate("took_count")} * 1000`)?.figure).toEqual({
    kind: "mean",
    sum: 'took_sum{a="b"}',
    count: 'took_count{a="b"}',
    factor: 1000,
  });
  expect(readFigure("histogram_quantile(.95, sum by (le) (rate(took_bucket[1m])))")?.figure).toEqual({
    kind: "quantile",
    of: 0.95,
    histogram: { name: "took", matchers: [] },
    factor: 1,
  });
  expect(readFigure("avg(depth{queue='in, out'})")?.figure).toEqual({
    kind: "level",
    series: 'depth{queue="in, out"}',
  });
});

test("matchers that name the version are left to the source", () => {
  const read = readFigure(`${rate("bad", `,pod=~"${VERSION}-.*"`)} / ${rate("all", `,pod=~"${VERSION}-.*"`)}`);
  expect(read?.figure).toEqual({ kind: "ratio", part: 'bad{a="b"}', total: 'all{a="b"}', rest: false, factor: 1 });
  expect(read?.changed).toEqual([
    "pod named the version: the pods of each version are told by the label pod (the source's match)",
  ]);
  expect(readFigure('avg(istio_x{reporter="source"})')?.figure).toEqual({
    kind: "level",
    series: 'istio_x{reporter="destination"}',
  });
});

test.each([
  "sum(rate(a[5m])) / sum(rate(b[5m])) > 0.5",
  "sum(rate(a[5m])) + sum(rate(b[5m]))",
  "100 - sum(rate(a[5m])) / sum(rate(b[5m]))",
  "1 - avg(a)",
  "sum(a)",
  "max(a)",
  "histogram_quantile(0.9, sum(rate(took_sum[5m])) by (le))",
  `avg(${VERSION}_depth)`,
  "topk(1, a)",
  "",
])("not read: %s", (query) => {
  expect(readFigure(query)).toBeUndefined();
});
