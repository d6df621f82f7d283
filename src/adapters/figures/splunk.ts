// What does Splunk answer?
import { z } from "zod";
import { filledQuery } from "../../core/spec/vendor-query.ts";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import { inBatches } from "./batches.ts";
import { failed, figureOf, figureOfValues, NO_DATA, several } from "./figure.ts";
import { authorization, excerpt, inForm, parsed, textOf } from "./http.ts";
import { figureSource, type Parts, type Turn } from "./turn.ts";

type Spec = VendorSpecs["splunk"];

/**
 * One JSON text per line: a row of the result, or messages of the search, which come with status 200.
 * https://help.splunk.com/en/splunk-enterprise/rest-api-reference (search/v2/jobs/export)
 */
const LINE = z.object({
  preview: z.boolean().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  messages: z.array(z.object({ type: z.string(), text: z.string() })).optional(),
});
type Line = z.output<typeof LINE>;

export function createSplunk(spec: Spec, parts: Parts): FigureSource {
  return figureSource(spec, parts, (asked, turn) =>
    inBatches(asked, {
      turn,
      size: 1,
      ask: (batch) => Promise.all(batch.map((question) => ask(spec, question, turn))),
    }),
  );
}

async function ask(spec: Spec, asked: FigureAsked, turn: Turn): Promise<Figure> {
  const { fromMs, toMs } = asked;
  const [from, to] = [seconds(fromMs + 1), seconds(toMs + 1)];
  const query = filledQuery(asked.query.trim(), { from, to, interval: `${(toMs - fromMs) / 1_000}s` });
  const form = new URLSearchParams({
    search: /^(?:\||search\s)/iu.test(query) ? query : `search ${query}`,
    // Earliest is inclusive and latest exclusive; events have whole milliseconds.
    earliest_time: from,
    latest_time: to,
    output_mode: "json",
    preview: "false",
    max_time: String(Math.max(1, Math.ceil(spec.timeoutMs / 1_000))),
  });
  const headers = {
    ...(await turn.secrets.textsOf(spec.headers)),
    ...(await authorization(spec, turn)),
    "content-type": "application/x-www-form-urlencoded",
  };
  const base = spec.app === undefined ? `${spec.url}/services` : `${spec.url}/servicesNS/-/${spec.app}`;
  const text = await textOf({ url: `${base}/search/v2/jobs/export`, headers, body: String(form) }, turn);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return figureOfLines(
    lines.map((line) => inForm(parsed(line), LINE)),
    asked,
  );
}

function seconds(momentMs: number): string {
  return (momentMs / 1_000).toFixed(3);
}

function figureOfLines(lines: readonly Line[], asked: FigureAsked): Figure {
  // A search that was cut short or that some indexers did not answer says so in a warning, beside its result.
  const wrong = lines.flatMap(({ messages = [] }) => messages).find(({ type }) => !/^(?:info|debug)$/iu.test(type));
  if (wrong) return failed(`says ${wrong.type}: ${excerpt(wrong.text)}`);
  const rows = lines.flatMap(({ preview, result }) => (preview || !result ? [] : [result]));
  const [first] = rows;
  if (!first) return NO_DATA;
  // Names that begin with _ are Splunk's own: _time, _span.
  const names = [...new Set(rows.flatMap(Object.keys))].filter((name) => !name.startsWith("_"));
  const [name] = names;
  if (name === undefined) return NO_DATA;
  if (names.length > 1) return several(names.length, `values (${names.join(", ")})`);
  const values = rows.map((row) => (row[name] === "" ? null : row[name]));
  if ("_time" in first) return figureOfValues(values, asked);
  return rows.length > 1 ? several(rows.length, "rows") : figureOf(values[0]);
}
