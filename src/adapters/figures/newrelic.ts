// What does New Relic answer?
import { z } from "zod";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import { inBatches } from "./batches.ts";
import { failed, figureOf, figureOfValues, NO_DATA, several } from "./figure.ts";
import { excerpt, jsonOf } from "./http.ts";
import { figureSource, NoFigure, type Parts, type Turn } from "./turn.ts";

type Spec = VendorSpecs["newrelic"];

/** So many questions in one document. */
const MOST = 20;
const ADDRESSES = { us: "https://api.newrelic.com", eu: "https://api.eu.newrelic.com" } as const;

const Row = z.record(z.string(), z.unknown());
type Row = z.output<typeof Row>;

/**
 * Errors come with status 200, each with the path of the field that it is of. Rows are of NRQL's own form.
 * https://docs.newrelic.com/docs/apis/nerdgraph/examples/nerdgraph-nrql-tutorial/
 */
const ANSWER = z.object({
  data: z
    .object({
      actor: z
        .object({ account: z.record(z.string(), z.object({ results: z.array(Row).nullable() }).nullable()).nullable() })
        .nullable(),
    })
    .nullish(),
  errors: z
    .array(z.object({ message: z.string(), path: z.array(z.union([z.string(), z.number()])).optional() }))
    .optional(),
});

export function createNewRelic(spec: Spec, parts: Parts): FigureSource {
  return figureSource(spec, parts, (asked, turn) =>
    inBatches(asked, { turn, size: MOST, ask: (batch) => ask(spec, batch, turn) }),
  );
}

async function ask(spec: Spec, batch: readonly FigureAsked[], turn: Turn): Promise<readonly Figure[]> {
  const { secrets } = turn;
  const request = {
    url: `${spec.url ?? ADDRESSES[spec.region]}/graphql`,
    headers: {
      ...(await secrets.textsOf(spec.headers)),
      "content-type": "application/json",
      "api-key": await secrets.textOf(spec.apiKey),
    },
    body: JSON.stringify(documentOf(spec, batch)),
  };
  const { data, errors = [] } = await jsonOf(request, ANSWER, turn);
  const common = errors.find(({ path }) => !path?.some((part) => /^q\d+$/u.test(String(part))));
  if (common) throw new NoFigure(`answered ${excerpt(common.message)}`, { isOfQuery: true });
  const account = data?.actor?.account ?? {};
  return batch.map(({ as }, index) => {
    const own = errors.find(({ path }) => path?.includes(`q${index}`));
    if (own) return failed(`answered ${excerpt(own.message)}`);
    const results = account[`q${index}`]?.results;
    return results ? figureOfRows(results, as) : failed("answered without results");
  });
}

/** One document with a field per question. SINCE is inclusive and UNTIL exclusive, both in whole milliseconds. */
function documentOf({ account, timeoutMs }: Spec, batch: readonly FigureAsked[]): object {
  const seconds = Math.min(120, Math.max(1, Math.floor(timeoutMs / 1_000)));
  const names = batch.map((_, index) => `$q${index}: Nrql!`).join(", ");
  const fields = batch
    .map((_, index) => `q${index}: nrql(query: $q${index}, timeout: ${seconds}) { results }`)
    .join(" ");
  const queries = batch.map(({ query, fromMs, toMs }, index) => [
    `q${index}`,
    `${query} SINCE ${fromMs + 1} UNTIL ${toMs + 1}`,
  ]);
  return {
    query: `query ($account: Int!, ${names}) { actor { account(id: $account) { ${fields} } } }`,
    variables: { account, ...(Object.fromEntries(queries) as Record<string, string>) },
  };
}

/** Beside what was asked for: of TIMESERIES, of how it was computed, of FACET, whose value stands under its name too. */
const BESIDE = new Set(["beginTimeSeconds", "endTimeSeconds", "inspectedCount"]);

function figureOfRows(rows: readonly Row[], as: FigureAsked["as"]): Figure {
  const [first] = rows;
  if (!first) return NO_DATA;
  const facets = new Set(rows.map(({ facet }) => JSON.stringify(facet)));
  if (facets.size > 1) return several(facets.size);
  const names = fieldsOf(first);
  const [name] = names;
  if (name === undefined) return NO_DATA;
  if (names.length > 1) return several(names.length, `values (${names.join(", ")})`);
  const isSeries = "beginTimeSeconds" in first;
  if (!isSeries && rows.length > 1) return several(rows.length, "rows");
  const values = rows.map((row) => alone(row[name]));
  return isSeries ? figureOfValues(values, { as }) : figureOf(values[0]);
}

function fieldsOf(row: Row): readonly string[] {
  const names = Object.keys(row).filter((name) => !BESIDE.has(name));
  if (!("facet" in row)) return names;
  const facets = new Set([row["facet"]].flat());
  return names.filter((name) => name !== "facet" && !(typeof row[name] === "string" && facets.has(row[name])));
}

/** A percentile is a map from which one it is: `{"95": 0.3}`. */
function alone(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const values: unknown[] = Object.values(value);
  return values.length === 1 ? values[0] : value;
}
