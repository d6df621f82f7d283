// In which language is an InfluxDB asked?
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { FigureSource } from "../../ports/figures.ts";
import { inBatches } from "./batches.ts";
import { askFlux } from "./flux.ts";
import { askInfluxQl, MOST_STATEMENTS } from "./influxql.ts";
import { figureSource, type Parts } from "./turn.ts";

export function createInfluxDb(spec: VendorSpecs["influxdb"], parts: Parts): FigureSource {
  return figureSource(spec, parts, (asked, turn) => {
    if (spec.database !== undefined)
      return inBatches(asked, { turn, size: MOST_STATEMENTS, ask: (batch) => askInfluxQl(spec, batch, turn) });
    const ask = (batch: typeof asked) => Promise.all(batch.map((question) => askFlux(spec, question, turn)));
    return inBatches(asked, { turn, size: 1, ask });
  });
}
