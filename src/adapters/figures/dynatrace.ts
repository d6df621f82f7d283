// What does Dynatrace answer?
import { z } from "zod";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import { inBatches } from "./batches.ts";
import { failed, figureOfSeries, widened } from "./figure.ts";
import { excerpt, jsonOf } from "./http.ts";
import { figureSource, type Parts, type Turn } from "./turn.ts";

type Spec = VendorSpecs["dynatrace"];

/** https://docs.dynatrace.com/docs/dynatrace-api/environment-api/metric-v2/get-data-points */
const ANSWER = z.object({
  nextPageKey: z.string().nullish(),
  warnings: z.array(z.string()).nullish(),
  result: z.array(
    z.object({
      metricId: z.string(),
      warnings: z.array(z.string()).nullish(),
      data: z.array(z.object({ timestamps: z.array(z.number()), values: z.array(z.number().nullable()) })),
    }),
  ),
});

/** One question per request: the answer names metrics as Dynatrace writes them, not as they were asked for. */
export function createDynatrace(spec: Spec, parts: Parts): FigureSource {
  return figureSource(spec, parts, (asked, turn) =>
    inBatches(asked, {
      turn,
      size: 1,
      ask: (batch) => Promise.all(batch.map((question) => ask(spec, question, turn))),
    }),
  );
}

async function ask(spec: Spec, asked: FigureAsked, turn: Turn): Promise<Figure> {
  const { secrets } = turn;
  // A point stands at the end of its step, so that the one that is going on lies after the interval.
  const { fromMs, toMs } = widened(asked, spec.stepMs);
  const query = new URLSearchParams({
    metricSelector: asked.query,
    from: String(fromMs),
    to: String(toMs),
    resolution: resolutionOf(spec.stepMs),
  });
  const headers = {
    ...(await secrets.textsOf(spec.headers)),
    accept: "application/json",
    authorization: `Api-Token ${await secrets.textOf(spec.token)}`,
  };
  const request = { url: `${spec.url}/api/v2/metrics/query?${String(query)}`, headers };
  const { result, warnings, nextPageKey } = await jsonOf(request, ANSWER, turn);
  const warned = [...(warnings ?? []), ...result.flatMap((one) => one.warnings ?? [])];
  if (warned.length > 0) return failed(`warns ${excerpt(warned.join("; "))}`);
  if (nextPageKey) return failed("answered only the first page of many series");
  const series = result.flatMap(({ data }) => data);
  return figureOfSeries(
    series.map(({ timestamps, values }) => timestamps.map((atMs, index) => ({ atMs, value: values[index] }))),
    asked,
  );
}

function resolutionOf(stepMs: number): string {
  const minutes = stepMs / 60_000;
  return Number.isInteger(minutes) ? `${minutes}m` : `${Math.max(1, Math.round(stepMs / 1_000))}s`;
}
