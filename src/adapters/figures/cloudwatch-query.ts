// What does CloudWatch have to be asked for a query?
import { z } from "zod";
import { excerpt } from "./http.ts";

/** Queries as GetMetricData takes them, or why there are none, as a phrase that follows the source's name. */
type Read = { readonly ok: true; readonly queries: readonly object[] } | { readonly ok: false; readonly why: string };

/** `Shop/Web Requests{role=canary,zone=a} Sum`: namespace, metric, dimensions, statistic. */
const SHORT =
  /^(?<namespace>[^\s{}()[\]'"]+)\s+(?<metric>[^\s{}()[\]'"]+?)\s*(?:\{(?<dimensions>[^{}]*)\})?\s+(?<stat>[A-Za-z][\w.%:()]*)$/u;
const STAT =
  /^(?:SampleCount|Average|Sum|Minimum|Maximum|IQM|(?:p|tm|wm|tc|ts)\d{1,2}(?:\.\d+)?|(?:PR|TM|WM|TC|TS)\([\d.%]*:[\d.%]*\))$/u;

const List = z.array(z.looseObject({ Id: z.string(), ReturnData: z.boolean().optional() })).min(1);

/** Whether it is a list of queries, as the source of a graph in CloudWatch's console has them. */
export function isList(query: string): boolean {
  return query.trimStart().startsWith("[");
}

/** A list as it stands; a metric in short; otherwise an expression: `SELECT …`, `SEARCH(…)`. */
export function queriesOf(query: string, { id, stepMs }: { readonly id: string; readonly stepMs: number }): Read {
  const Period = Math.max(1, Math.round(stepMs / 1_000));
  if (isList(query)) return listOf(query);
  const short = SHORT.exec(query.trim())?.groups;
  if (!short || !STAT.test(short["stat"] ?? ""))
    return { ok: true, queries: [{ Id: id, Expression: query.trim(), Period }] };
  const Dimensions = dimensionsOf(short["dimensions"] ?? "");
  if (!Dimensions) return { ok: false, why: `cannot be asked ${excerpt(query)}: a dimension is written name=value` };
  const Metric = { Namespace: short["namespace"], MetricName: short["metric"], Dimensions };
  return { ok: true, queries: [{ Id: id, MetricStat: { Metric, Period, Stat: short["stat"] } }] };
}

function dimensionsOf(text: string): readonly object[] | undefined {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const read = parts.map((part) => /^([^=]+)=(.+)$/u.exec(part));
  if (read.includes(null)) return undefined;
  return read.flatMap((one) => (one ? [{ Name: one[1]?.trim(), Value: one[2]?.trim() }] : []));
}

function listOf(query: string): Read {
  const wrong = (why: string): Read => ({ ok: false, why: `cannot be asked its list of queries: ${why}` });
  let json: unknown;
  try {
    json = JSON.parse(query);
  } catch {
    return wrong("it is not JSON");
  }
  const read = List.safeParse(json);
  if (!read.success) return wrong("each needs an Id");
  const returning = read.data.filter(({ ReturnData = true }) => ReturnData).length;
  if (returning !== 1) return wrong(`${returning} of them return data, one must (the others have "ReturnData": false)`);
  return { ok: true, queries: read.data };
}
