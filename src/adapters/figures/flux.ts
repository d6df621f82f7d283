// What does an InfluxDB answer in Flux?
import { parse } from "csv-parse/sync";
import { filledQuery } from "../../core/spec/vendor-query.ts";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked } from "../../ports/figures.ts";
import { failed, figureOfValues, NO_DATA, several } from "./figure.ts";
import { excerpt, textOf } from "./http.ts";
import { credentials } from "./influxql.ts";
import { NoFigure, type Turn } from "./turn.ts";

/** Asks one query. Errors that come up after the answer has begun stand in it, as a table of their own. */
export async function askFlux(spec: VendorSpecs["influxdb"], asked: FigureAsked, turn: Turn): Promise<Figure> {
  const { secrets } = turn;
  const headers = {
    ...(await secrets.textsOf(spec.headers)),
    ...(await credentials(spec, turn)),
    accept: "application/csv",
    "content-type": "application/json",
  };
  const query = new URLSearchParams({ org: spec.org ?? "" });
  const body = JSON.stringify({
    type: "flux",
    query: filledQuery(asked.query, intervalOf(asked)),
    dialect: { header: true, annotations: [] },
  });
  return figureOfTables(await textOf({ url: `${spec.url}/api/v2/query?${String(query)}`, headers, body }, turn), asked);
}

/** `range` is from inclusive to exclusive: a nanosecond later it is the other way round. */
function intervalOf({ fromMs, toMs }: FigureAsked) {
  const at = (momentMs: number): string => new Date(momentMs).toISOString().replace("Z", "000001Z");
  return { from: at(fromMs), to: at(toMs), interval: `${toMs - fromMs}ms` };
}

type Record = Readonly<{ [column: string]: string }>;

/** Tables that differ in their columns follow each other with an empty line and a header of their own. */
function recordsOf(csv: string): readonly Record[] {
  let rows: string[][];
  try {
    rows = parse(csv, { relaxColumnCount: true, skipEmptyLines: false });
  } catch (error) {
    throw new NoFigure(`answered with something that is not CSV: ${excerpt(String(error))}`);
  }
  const records: Record[] = [];
  let header: readonly string[] | undefined;
  for (const row of rows) {
    if (row.every((cell) => cell === "")) header = undefined;
    else if (row[0]?.startsWith("#")) continue;
    else if (header) records.push(Object.fromEntries(header.map((name, index) => [name, row[index] ?? ""])));
    else header = row;
  }
  return records;
}

/** https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/ */
function figureOfTables(csv: string, asked: FigureAsked): Figure {
  const records = recordsOf(csv);
  const wrong = records.find((record) => "error" in record && "reference" in record);
  if (wrong) return failed(`answered ${excerpt(wrong["error"] ?? "")}`);
  const [first] = records;
  if (!first) return csv.trim() === "" ? NO_DATA : failed(`answered with something that is no table: ${excerpt(csv)}`);
  if (!("_value" in first)) return failed(`answered without _value: ${excerpt(Object.keys(first).join(","))}`);
  const tables = new Set(records.map((record) => `${record["result"] ?? ""} ${record["table"] ?? ""}`));
  if (tables.size > 1) return several(tables.size, "tables");
  // An empty cell is null.
  const values = records.map(({ _value: value }) => (value === "" ? null : value));
  return figureOfValues(values, asked);
}
