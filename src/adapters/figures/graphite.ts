// What does Graphite answer?
import { z } from "zod";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import { inBatches } from "./batches.ts";
import { figureOfSeries } from "./figure.ts";
import { authorization, jsonOf } from "./http.ts";
import { figureSource, type Parts, type Turn } from "./turn.ts";

type Spec = VendorSpecs["graphite"];

/** So many targets in one request. */
const MOST = 50;

/** https://graphite.readthedocs.io/en/latest/render_api.html */
const ANSWER = z.array(
  z.object({
    target: z.string(),
    datapoints: z.array(z.tuple([z.union([z.number(), z.null(), z.string()]), z.number()])),
  }),
);

export function createGraphite(spec: Spec, parts: Parts): FigureSource {
  return figureSource(spec, parts, (asked, turn) =>
    inBatches(asked, { turn, size: MOST, ask: (batch) => ask(spec, batch, turn) }),
  );
}

async function ask(spec: Spec, batch: readonly FigureAsked[], turn: Turn): Promise<readonly Figure[]> {
  const [first] = batch;
  if (!first) return [];
  const form = new URLSearchParams({
    format: "json",
    // Whole seconds around the interval; which points lie in it is looked at afterwards.
    from: String(Math.floor(first.fromMs / 1_000)),
    until: String(Math.ceil(first.toMs / 1_000)),
    // What was answered a minute ago is not what stands there now.
    noCache: "1",
  });
  // The answer names series, not targets: each target's series get its number as their name.
  batch.forEach(({ query }, index) => form.append("target", `alias(${query},"serin ${index}")`));
  const headers = {
    ...(await turn.secrets.textsOf(spec.headers)),
    ...(await authorization(spec, turn)),
    accept: "application/json",
    "content-type": "application/x-www-form-urlencoded",
  };
  const answer = await jsonOf({ url: `${spec.url}/render`, headers, body: String(form) }, ANSWER, turn);
  return batch.map((asked, index) => {
    const own = answer.filter(({ target }) => target === `serin ${index}`);
    return figureOfSeries(
      own.map(({ datapoints }) => datapoints.map(([value, at]) => ({ atMs: at * 1_000, value }))),
      asked,
    );
  });
}
