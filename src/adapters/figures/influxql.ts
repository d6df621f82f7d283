// What does an InfluxDB answer in InfluxQL?
import { z } from "zod";
import { filledQuery } from "../../core/spec/vendor-query.ts";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked } from "../../ports/figures.ts";
import { failed, figureOfValues, NO_DATA, several } from "./figure.ts";
import { authorization, excerpt, jsonOf } from "./http.ts";
import { NoFigure, type Turn } from "./turn.ts";

type Spec = VendorSpecs["influxdb"];

/** So many statements in one request. */
export const MOST_STATEMENTS = 20;

const Series = z.object({
  columns: z.array(z.string()),
  values: z.array(z.array(z.unknown())).default([]),
  partial: z.boolean().optional(),
});

/** https://docs.influxdata.com/influxdb/v1/tools/api/#query-http-endpoint */
const ANSWER = z.object({
  error: z.string().optional(),
  results: z
    .array(
      z.object({ series: z.array(Series).optional(), error: z.string().optional(), partial: z.boolean().optional() }),
    )
    .default([]),
});
type Result = z.output<typeof ANSWER>["results"][number];

/** Statements of one interval in one request. By GET, with which an InfluxDB changes nothing, whatever the query says. */
export async function askInfluxQl(spec: Spec, batch: readonly FigureAsked[], turn: Turn): Promise<readonly Figure[]> {
  const query = new URLSearchParams({
    db: spec.database ?? "",
    ...(spec.retentionPolicy !== undefined && { rp: spec.retentionPolicy }),
    epoch: "ms",
    q: batch.map(statementOf).join(";\n"),
  });
  const headers = { ...(await turn.secrets.textsOf(spec.headers)), ...(await credentials(spec, turn)) };
  const request = { url: `${spec.url}/query?${String(query)}`, headers };
  const { results, error } = await jsonOf(request, ANSWER, turn);
  const first = error ?? results.find((result) => result.error !== undefined)?.error;
  // After the first error the rest is not executed, and statements in a query shift the others.
  if (error !== undefined || (batch.length > 1 && (first !== undefined || results.length !== batch.length)))
    throw new NoFigure(`answered ${excerpt(first ?? "another number of results than of queries")}`, {
      isOfQuery: true,
    });
  if (results.length !== batch.length) return [several(results.length, "results")];
  return batch.map((asked, index) => figureOfResult(results[index] ?? {}, asked));
}

/** A token of its own kind, or one of the usual ways. */
export async function credentials(spec: Spec, turn: Turn): Promise<Readonly<Record<string, string>>> {
  if (spec.token === undefined) return authorization(spec, turn);
  return { authorization: `Token ${await turn.secrets.textOf(spec.token)}` };
}

function statementOf({ query, fromMs, toMs }: FigureAsked): string {
  return filledQuery(query.trim().replace(/;$/u, ""), {
    from: `${fromMs}ms`,
    to: `${toMs}ms`,
    interval: `${toMs - fromMs}ms`,
  });
}

/** The query itself keeps to the interval: each row that came counts. */
function figureOfResult({ series = [], error, partial }: Result, asked: FigureAsked): Figure {
  if (error !== undefined) return failed(`answered ${excerpt(error)}`);
  const [only] = series;
  if (!only) return NO_DATA;
  if (partial || only.partial) return failed("answered only a part of the rows");
  if (series.length > 1) return several(series.length);
  const columns = only.columns.flatMap((name, index) => (name === "time" ? [] : [index]));
  const [column] = columns;
  if (column === undefined) return NO_DATA;
  if (columns.length > 1) {
    const names = columns.map((index) => only.columns[index]).join(", ");
    return several(columns.length, `values (${names})`);
  }
  return figureOfValues(
    only.values.map((row) => row[column]),
    asked,
  );
}
