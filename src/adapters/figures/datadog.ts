// What does Datadog answer?
import { z } from "zod";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import { inBatches } from "./batches.ts";
import { figureOfSeries, widened } from "./figure.ts";
import { excerpt, jsonOf } from "./http.ts";
import { figureSource, NoFigure, type Parts, type Turn } from "./turn.ts";

type Spec = VendorSpecs["datadog"];

/** So many formulas in one request. */
const MOST = 50;

/**
 * The points of all formulas have their times in common. Which formula a series is of stands in `query_index`; a formula
 * that groups has several. https://docs.datadoghq.com/api/latest/metrics/query-timeseries-data-across-multiple-products/
 */
const ANSWER = z.object({
  errors: z.union([z.string(), z.array(z.string())]).optional(),
  data: z
    .object({
      attributes: z.object({
        series: z.array(z.object({ query_index: z.int().optional() })).default([]),
        times: z.array(z.number()).default([]),
        values: z.array(z.array(z.union([z.number(), z.null(), z.string()]))).default([]),
      }),
    })
    .optional(),
});

export function createDatadog(spec: Spec, parts: Parts): FigureSource {
  return figureSource(spec, parts, (asked, turn) =>
    inBatches(asked, { turn, size: MOST, ask: (batch) => ask(spec, batch, turn) }),
  );
}

async function ask(spec: Spec, batch: readonly FigureAsked[], turn: Turn): Promise<readonly Figure[]> {
  const [first] = batch;
  if (!first) return [];
  const { fromMs, toMs } = widened(first, spec.stepMs);
  const attributes = {
    // From inclusive, to exclusive, as the points of whole steps are.
    from: fromMs,
    to: toMs,
    interval: spec.stepMs,
    queries: batch.map(({ query }, index) => ({ data_source: "metrics", name: `q${index}`, query })),
    formulas: batch.map((_, index) => ({ formula: `q${index}` })),
  };
  const { secrets } = turn;
  const request = {
    url: `${spec.url ?? `https://api.${spec.site}`}/api/v2/query/timeseries`,
    headers: {
      ...(await secrets.textsOf(spec.headers)),
      "content-type": "application/json",
      "dd-api-key": await secrets.textOf(spec.apiKey),
      "dd-application-key": await secrets.textOf(spec.appKey),
    },
    body: JSON.stringify({ data: { type: "timeseries_request", attributes } }),
  };
  const { data, errors } = await jsonOf(request, ANSWER, turn);
  const words = [errors ?? []].flat();
  // Points beside an error are a part of what was asked for.
  if (words.length > 0) throw new NoFigure(`answered ${excerpt(words.join("; "))}`, { isOfQuery: true });
  if (!data) throw new NoFigure("answered without data");
  const { series, times, values } = data.attributes;
  return batch.map((asked, index) => {
    const own = series.flatMap(({ query_index: of = 0 }, at) => (of === index ? [values[at] ?? []] : []));
    return figureOfSeries(
      own.map((points) => points.map((value, at) => ({ atMs: times[at] ?? Number.NaN, value }))),
      asked,
    );
  });
}
