// Which number stands on a page of JSON?
import { compile, JSONPathError } from "json-p3";
import { namesIn } from "../../core/outbox/template.ts";
import { filledQuery, type Interval, INTERVAL_NAMES } from "../../core/spec/vendor-query.ts";
import { ms } from "../../core/units.ts";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import { inBatches } from "./batches.ts";
import { failed, figureOf, several } from "./figure.ts";
import { authorization, excerpt, parsed, textOf } from "./http.ts";
import { figureSource, NoFigure, type Parts, type Turn } from "./turn.ts";

type Spec = VendorSpecs["json"];

/** Questions of one page: as many as there are. */
const MOST = 10_000;

/** The page is got once for all questions of an interval. Queries are JSONPath (RFC 9535). */
export function createJson(spec: Spec, parts: Parts): FigureSource {
  return figureSource(spec, parts, (asked, turn) =>
    inBatches(asked, {
      turn,
      size: MOST,
      ask: async (batch) => {
        const page = await pageOf(spec, batch, turn);
        return batch.map((question) => figureAt(page, question));
      },
    }),
  );
}

async function pageOf(spec: Spec, [asked]: readonly FigureAsked[], turn: Turn): Promise<unknown> {
  const { secrets } = turn;
  const interval = intervalOf(asked ?? { fromMs: ms(0), toMs: ms(0) });
  const headers = {
    accept: "application/json",
    ...(spec.body !== undefined && { "content-type": "application/json" }),
    ...(await authorization(spec, turn)),
    ...(await secrets.textsOf(spec.headers)),
  };
  const address = await secrets.textOf(spec.url);
  const strange = namesIn(address).find((name) => !INTERVAL_NAMES.includes(name));
  // An address that is no part of the file is seen here first.
  if (strange !== undefined) throw new NoFigure(`has {{${strange}}} in its address: it belongs in the metric's query`);
  const url = filledQuery(address, interval);
  const body = spec.body === undefined ? undefined : filledQuery(spec.body, interval);
  return parsed(await textOf({ url, headers, body }, turn));
}

/** In milliseconds. */
function intervalOf({ fromMs, toMs }: Pick<FigureAsked, "fromMs" | "toMs">): Interval {
  return { from: String(fromMs), to: String(toMs), interval: String(toMs - fromMs) };
}

function figureAt(page: unknown, asked: FigureAsked): Figure {
  const query = filledQuery(asked.query, intervalOf(asked)).trim();
  let values: readonly unknown[];
  try {
    values = compile(query)
      .query(page as never)
      .values();
  } catch (error) {
    if (!(error instanceof JSONPathError)) throw error;
    return failed(`cannot be asked ${excerpt(query)}: ${excerpt(error.message)}`);
  }
  if (values.length === 0) return failed(`has no data at ${excerpt(query)}`);
  return values.length > 1 ? several(values.length, `values at ${excerpt(query)}`) : figureOf(values[0]);
}
