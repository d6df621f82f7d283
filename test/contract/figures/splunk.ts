// How does Splunk answer?
// https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTsearch (search/v2/jobs/export)
// https://docs.splunk.com/Documentation/Splunk/latest/Search/ExportdatausingRESTAPI
import { FROM, INSIDE, KEY, SECRET, TO, type Vendor } from "./place.ts";
import { must } from "./front.ts";

const rows = (...results: readonly object[]): string =>
  results
    .map((result, offset) =>
      JSON.stringify({ preview: false, offset, ...(offset === results.length - 1 && { lastrow: true }), result }),
    )
    .join("\n");

const message = (type: string, text: string): string => JSON.stringify({ messages: [{ type, text }] });

const ANSWERS: Readonly<Record<string, string>> = {
  "search index=web role=canary | timechart span=1m avg(ms)": rows(
    ...INSIDE.map(([at, value]) => ({
      _time: new Date(at).toISOString(),
      _span: "60",
      "avg(ms)": value === null ? "" : String(value),
    })),
  ),
  "| tstats count where index=web status>=500": `${message("INFO", "Your timerange was substituted")}\n${JSON.stringify({ preview: true, offset: 0, result: { count: "3" } })}\n${rows({ count: "12" })}`,
  "search index=none | stats avg(ms)": `{"preview":false,"lastrow":true}`,
  "search index=web | stats count by role": rows({ role: "canary", count: "1" }, { role: "stable", count: "2" }),
  "search index=web | stats max(role)": rows({ "max(role)": "stable" }),
  "search index=web | stats sum(ms)": `${rows({ "sum(ms)": "5" })}\n${message("WARN", "Search peer idx-2 did not answer: results may be incomplete")}`,
  "search index=web | nonsense": message("FATAL", "Unknown search command 'nonsense'."),
};

export const SPLUNK: Vendor = {
  kind: "splunk",
  fields: (url) => ({ url, bearer: KEY, app: "shop" }),
  level: "index=web role=canary | timechart span=1m avg(ms)",
  count: "| tstats count where index=web status>=500",
  odd: {
    empty: { query: "index=none | stats avg(ms)", why: /^has no data for the interval$/u },
    several: {
      query: "index=web | stats count by role",
      why: /^answered 2 values \(role, count\) where one was asked for$/u,
    },
    text: { query: "index=web | stats max(role)", why: /^answered "stable", which is no number$/u },
    cut: { query: "index=web | stats sum(ms)", why: /^says WARN: "Search peer idx-2 did not answer/u },
    wrong: { query: "index=web | nonsense", why: /^says FATAL: "Unknown search command 'nonsense'\."$/u },
  },
  answer: ({ method, path, headers, body }) => {
    must("method and path", [method, path], ["POST", "/servicesNS/-/shop/search/v2/jobs/export"]);
    must("token", headers.authorization, `Bearer ${SECRET}`);
    const form = new URLSearchParams(body);
    const times = [form.get("earliest_time"), form.get("latest_time")];
    must("interval", times, [((FROM + 1) / 1_000).toFixed(3), ((TO + 1) / 1_000).toFixed(3)]);
    must("mode", [form.get("output_mode"), form.get("preview")], ["json", "false"]);
    return { body: ANSWERS[form.get("search") ?? ""] ?? message("FATAL", `unexpected ${form.get("search")}`) };
  },
};
