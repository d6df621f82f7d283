// How does Dynatrace answer?
// https://docs.dynatrace.com/docs/dynatrace-api/environment-api/metric-v2/get-data-points
import { FROM, KEY, MINUTE, POINTS, SECRET, TO, type Vendor } from "./place.ts";
import { must } from "./front.ts";

const series = (role: string, values = POINTS.map(([, value]) => value)) => ({
  dimensions: [role],
  dimensionMap: { role },
  timestamps: POINTS.map(([at]) => at),
  values,
});

const result = (metricId: string, data: readonly object[], warnings?: readonly string[]) => ({
  totalCount: data.length,
  nextPageKey: null,
  resolution: "1m",
  result: [{ metricId, dataPointCountRatio: 0.1, dimensionCountRatio: 0.1, data, ...(warnings && { warnings }) }],
});

const ANSWERS: Readonly<Record<string, object>> = {
  "shop.latency:filter(eq(role,canary)):avg": result("shop.latency:avg", [series("canary")]),
  "shop.errors:sum": result("shop.errors:sum", [series("canary")]),
  "shop.none": result("shop.none", []),
  "shop.latency:splitBy(role)": result("shop.latency:splitBy(role)", [series("canary"), series("stable")]),
  "shop.cut": result("shop.cut", [series("canary")], ["The number of tuples exceeds the limit"]),
  "shop.many": { ...result("shop.many", [series("canary")]), nextPageKey: "AAAB" },
};

export const DYNATRACE: Vendor = {
  kind: "dynatrace",
  fields: (url) => ({ url: `${url}/e/abc`, token: KEY }),
  level: "shop.latency:filter(eq(role,canary)):avg",
  count: "shop.errors:sum",
  odd: {
    empty: { query: "shop.none", why: /^has no data for the interval$/u },
    several: { query: "shop.latency:splitBy(role)", why: /^answered 2 series where one was asked for$/u },
    wrong: { query: "shop.latency:nonsense", why: /^answered 400: "Constraints violated\."$/u },
    cut: { query: "shop.cut", why: /^warns "The number of tuples exceeds the limit"$/u },
    pages: { query: "shop.many", why: /^answered only the first page of many series$/u },
  },
  answer: ({ method, path, query, headers }) => {
    must("method and path", [method, path], ["GET", "/e/abc/api/v2/metrics/query"]);
    must("token", headers.authorization, `Api-Token ${SECRET}`);
    must("interval", [query.get("from"), query.get("to")], [String(FROM), String(TO + MINUTE)]);
    must("resolution", query.get("resolution"), "1m");
    const answer = ANSWERS[query.get("metricSelector") ?? ""];
    if (answer) return { body: JSON.stringify(answer) };
    const violation = { path: "metricSelector", message: "unknown transformation nonsense" };
    const error = { code: 400, message: "Constraints violated.", constraintViolations: [violation] };
    return { status: 400, body: JSON.stringify({ error }) };
  },
};
