// What does Google Cloud Monitoring answer?
import { z } from "zod";
import { filledQuery } from "../../core/spec/vendor-query.ts";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import { inBatches } from "./batches.ts";
import { failed, figureOf, NO_DATA, several } from "./figure.ts";
import { createTokens, type Tokens } from "./google-token.ts";
import { excerpt, jsonOf } from "./http.ts";
import { figureSource, type Parts, type Turn } from "./turn.ts";

type Spec = VendorSpecs["googleCloud"];

const Sample = z.tuple([z.number(), z.string()]);

/**
 * PromQL, which takes in all of Cloud Monitoring's metrics: MQL is at its end, and a filter with its aggregations is no
 * one text. https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.location.prometheus.api.v1/query
 */
const ANSWER = z.object({
  status: z.literal("success"),
  warnings: z.array(z.string()).optional(),
  data: z.union([
    z.object({ resultType: z.literal("vector"), result: z.array(z.object({ value: Sample })) }),
    z.object({ resultType: z.literal("scalar"), result: Sample }),
    z.object({ resultType: z.enum(["matrix", "string"]), result: z.unknown() }),
  ]),
});

export function createGoogleCloud(spec: Spec, parts: Parts): FigureSource {
  const tokens = createTokens(spec);
  return figureSource(spec, parts, async (asked, turn) => {
    const of = { spec, tokens, turn };
    // One for all questions of the round.
    await tokens.get(turn);
    return inBatches(asked, {
      turn,
      size: 1,
      ask: (batch) => Promise.all(batch.map((question) => ask(of, question))),
    });
  });
}

interface Place {
  readonly spec: Spec;
  readonly tokens: Tokens;
  readonly turn: Turn;
}

/** An instant query at the end of the interval; `{{interval}}` reaches back to its beginning, which PromQL leaves out. */
async function ask({ spec, tokens, turn }: Place, asked: FigureAsked): Promise<Figure> {
  const { fromMs, toMs } = asked;
  const query = filledQuery(asked.query, {
    from: (fromMs / 1_000).toFixed(3),
    to: (toMs / 1_000).toFixed(3),
    interval: `${toMs - fromMs}ms`,
  });
  const headers = {
    ...(await turn.secrets.textsOf(spec.headers)),
    authorization: `Bearer ${await tokens.get(turn)}`,
  };
  // The documentation knows GET only.
  const at = new URLSearchParams({ query, time: (toMs / 1_000).toFixed(3) });
  const path = `/v1/projects/${encodeURIComponent(spec.project)}/location/global/prometheus/api/v1/query`;
  const request = { url: `${spec.url}${path}?${String(at)}`, headers };
  const { data, warnings = [] } = await jsonOf(request, ANSWER, turn);
  if (warnings.length > 0) return failed(`warns ${excerpt(warnings.join("; "))}`);
  if (data.resultType === "scalar") return figureOf(data.result[1]);
  if (data.resultType !== "vector") return failed(`answered a ${data.resultType}: an instant vector is asked for`);
  const [only] = data.result;
  if (!only) return NO_DATA;
  return data.result.length > 1 ? several(data.result.length) : figureOf(only.value[1]);
}
