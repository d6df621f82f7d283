// How does an InfluxDB answer in Flux?
// https://docs.influxdata.com/influxdb/v2/api/v2/#operation/PostQuery
// https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/
import { FROM, INSIDE, KEY, SECRET, TO, type Vendor } from "./place.ts";
import { must } from "./front.ts";

const table = (number: number, values: readonly (number | string | null)[]): string =>
  values
    .map((value, index) => `,_result,${number},${new Date(FROM + index).toISOString()},${value ?? ""}\r\n`)
    .join("");

const HEADER = ",result,table,_time,_value\r\n";
const values = INSIDE.map(([, value]) => value);
const at = (momentMs: number): string => new Date(momentMs).toISOString().replace("Z", "000001Z");
const RANGE = `|> range(start: ${at(FROM)}, stop: ${at(TO)})`;
const query = (field: string): string => `from(bucket: "shop") |> range(start: {{from}}, stop: {{to}}) |> ${field}`;

const ANSWERS: Readonly<Record<string, string>> = {
  latency: `${HEADER}${table(0, values)}\r\n`,
  errors: `#datatype,string,long,dateTime:RFC3339,long\r\n${HEADER}${table(0, [12])}\r\n`,
  none: "\r\n",
  roles: `${HEADER}${table(0, values)}${table(1, values)}\r\n`,
  kinds: `${HEADER}${table(0, values)}\r\n,result,table,_time,_value,host\r\n,_result,1,x,5,a\r\n`,
  text: `${HEADER}${table(0, ['"a, ""b"""'])}\r\n`,
  // Begun well, and then it failed.
  late: `${HEADER}${table(0, values)}\r\nerror,reference\r\n"Failed to read, timed out",897\r\n`,
  nan: `${HEADER}${table(0, [1, "NaN"])}\r\n`,
};

export const FLUX: Vendor = {
  kind: "influxdb",
  fields: (url) => ({ url, org: "shop", token: KEY }),
  level: query("latency"),
  count: query("errors"),
  garbage: /^answered with something that is no table: "<html>a page of somebody else/u,
  odd: {
    empty: { query: query("none"), why: /^has no data for the interval$/u },
    several: { query: query("roles"), why: /^answered 2 tables where one was asked for$/u },
    kinds: { query: query("kinds"), why: /^answered 2 tables where one was asked for$/u },
    text: { query: query("text"), why: /^answered "a, \\"b\\"", which is no number$/u },
    late: { query: query("late"), why: /^answered "Failed to read, timed out"$/u },
    nan: { query: query("nan"), why: /^answered NaN$/u },
    wrong: { query: query("nonsense"), why: /^answered 400: "error @1:1-1:5: undefined identifier nonsense"$/u },
    unbound: { query: 'from(bucket: "shop")', why: /^has no \{\{from\}\} and no \{\{to\}\} in its query/u },
  },
  answer: ({ method, path, query: sent, headers, body }) => {
    must("method and path", [method, path, sent.get("org")], ["POST", "/api/v2/query", "shop"]);
    must("token", headers.authorization, `Token ${SECRET}`);
    must("form", [headers.accept, headers["content-type"]], ["application/csv", "application/json"]);
    const asked = JSON.parse(body) as { readonly query: string; readonly type: string; readonly dialect: object };
    must("dialect", [asked.type, asked.dialect], ["flux", { header: true, annotations: [] }]);
    must("range", asked.query.includes(RANGE), true);
    const csv = ANSWERS[asked.query.split("|> ").at(-1) ?? ""];
    if (csv !== undefined) return { body: csv, type: "text/csv; charset=utf-8" };
    return {
      status: 400,
      body: JSON.stringify({ code: "invalid", message: "error @1:1-1:5: undefined identifier nonsense" }),
    };
  },
};
