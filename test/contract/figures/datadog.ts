// How does Datadog answer?
// https://docs.datadoghq.com/api/latest/metrics/query-timeseries-data-across-multiple-products/
import { FROM, KEY, MINUTE, POINTS, SECRET, TO, type Vendor } from "./place.ts";
import { must } from "./front.ts";

type Values = readonly (number | null)[];
const ALL: Values = POINTS.map(([, value]) => value);

/** The series of each query, by group. */
const SERIES: Readonly<Record<string, readonly Values[]>> = {
  "avg:shop.latency{role:canary}": [ALL],
  "sum:shop.errors{role:canary}.as_count()": [ALL],
  "avg:shop.none{*}": [],
  "avg:shop.latency{*} by {role}": [ALL, ALL],
  "avg:shop.null{*}": [ALL.map(() => null)],
};

interface Asked {
  readonly data: {
    readonly type: string;
    readonly attributes: {
      readonly from: number;
      readonly to: number;
      readonly interval: number;
      readonly queries: readonly { readonly data_source: string; readonly name: string; readonly query: string }[];
      readonly formulas: readonly { readonly formula: string }[];
    };
  };
}

export const DATADOG: Vendor = {
  kind: "datadog",
  fields: (url) => ({ url, apiKey: KEY, appKey: KEY }),
  level: "avg:shop.latency{role:canary}",
  count: "sum:shop.errors{role:canary}.as_count()",
  odd: {
    empty: { query: "avg:shop.none{*}", why: /^has no data for the interval$/u },
    several: { query: "avg:shop.latency{*} by {role}", why: /^answered 2 series where one was asked for$/u },
    null: { query: "avg:shop.null{*}", why: /^has only null for the interval$/u },
    wrong: { query: "avg:shop.latency{", why: /^answered 400: "Error parsing query: unable to parse/u },
    within: { query: "avg:too.much{*}", why: /^answered "Query timed out"$/u },
  },
  answer: ({ method, path, headers, body }) => {
    must("method and path", [method, path], ["POST", "/api/v2/query/timeseries"]);
    must("keys", [headers["dd-api-key"], headers["dd-application-key"]], [SECRET, SECRET]);
    must("type", headers["content-type"], "application/json");
    const { data } = JSON.parse(body) as Asked;
    const { from, to, interval, queries, formulas } = data.attributes;
    must("data", [data.type, from, to, interval], ["timeseries_request", FROM, TO + MINUTE, MINUTE]);
    must(
      "formulas",
      formulas.map(({ formula }) => formula),
      queries.map(({ name }) => name),
    );
    if (queries.some(({ query }) => query.trim().endsWith("{")))
      return { status: 400, body: JSON.stringify({ errors: ["Error parsing query: unable to parse avg:shop…"] }) };
    // Errors that come with status 200.
    if (queries.some(({ query }) => query.includes("too.much")))
      return { body: JSON.stringify({ errors: "Query timed out" }) };
    const series = queries.flatMap(({ query }, index) =>
      (SERIES[query.trim()] ?? []).map((values) => ({ index, values })),
    );
    const attributes = {
      series: series.map(({ index }) => ({ group_tags: [], query_index: index, unit: null })),
      times: POINTS.map(([at]) => at),
      values: series.map(({ values }) => values),
    };
    return { body: JSON.stringify({ data: { id: "0", type: "timeseries_response", attributes } }) };
  },
};
