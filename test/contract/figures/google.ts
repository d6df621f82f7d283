// How does Google Cloud Monitoring answer in PromQL?
// https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.location.prometheus.api.v1/query
// https://prometheus.io/docs/prometheus/latest/querying/api/
import { KEY, SECRET, TO, type Vendor } from "./place.ts";
import { must } from "./front.ts";

const vector = (...values: readonly string[]): object => ({
  status: "success",
  data: { resultType: "vector", result: values.map((value) => ({ metric: {}, value: [TO / 1_000, value] })) },
});

const ANSWERS: Readonly<Record<string, object>> = {
  'avg(run_latency{role="canary"})': vector("6"),
  "sum(increase(run_errors[180000ms]))": vector("12"),
  run_none: vector(),
  run_errors: vector("1", "2"),
  "0/0": vector("NaN"),
  "run_errors[5m]": { status: "success", data: { resultType: "matrix", result: [] } },
  run_cut: { ...vector("1"), warnings: ["the result was cut"] },
};

export const GOOGLE: Vendor = {
  kind: "googleCloud",
  fields: (url) => ({ url, project: "shop-1", bearer: KEY }),
  level: 'avg(run_latency{role="canary"})',
  count: "sum(increase(run_errors[{{interval}}]))",
  odd: {
    empty: { query: "run_none", why: /^has no data for the interval$/u },
    several: { query: "run_errors", why: /^answered 2 series where one was asked for$/u },
    nan: { query: "0/0", why: /^answered NaN$/u },
    range: { query: "run_errors[5m]", why: /^answered a matrix: an instant vector is asked for$/u },
    cut: { query: "run_cut", why: /^warns "the result was cut"$/u },
    wrong: { query: "sum(", why: /^answered 400: "parse error: unclosed left parenthesis"$/u },
  },
  answer: ({ method, path, query: form, headers, body }) => {
    must(
      "method and path",
      [method, body, path],
      ["GET", "", "/v1/projects/shop-1/location/global/prometheus/api/v1/query"],
    );
    must("token", headers.authorization, `Bearer ${SECRET}`);
    must("time", form.get("time"), (TO / 1_000).toFixed(3));
    const answer = ANSWERS[form.get("query")?.trim() ?? ""];
    if (answer) return { body: JSON.stringify(answer) };
    const error = "parse error: unclosed left parenthesis";
    return { status: 400, body: JSON.stringify({ status: "error", errorType: "bad_data", error }) };
  },
};
