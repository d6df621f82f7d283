// Which pages are read by both, as they are and spoilt?
import * as fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import type { PageFormat } from "../../../src/core/exposition/line.ts";
import type { Case } from "./reader.ts";

const page = (text: string, format: PageFormat = "prometheus"): Case => ({ text, format });

const folder = new URL("../../corpus/expositions/", import.meta.url);

/** Pages of real services, as they were served. */
export const SAVED = readdirSync(folder).map((name): Case => {
  const text = readFileSync(new URL(name, folder), "utf8");
  return page(text, name.endsWith(".openmetrics.txt") ? "openmetrics" : "prometheus");
});

/** What the descriptions of the two formats show, in names of our own. */
export const DESCRIBED: readonly Case[] = [
  page(`# HELP calls_total The total number of calls.
# TYPE calls_total counter
calls_total{method="post",code="200"} 1027 1395066363000
calls_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_time{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9

# Minimalistic line:
bare 12.47

# A weird metric from before the epoch:
strange{problem="division by zero"} +Inf 1

# A histogram, which has a pretty complex representation in the text format:
# HELP took_seconds A histogram of durations.
# TYPE took_seconds histogram
took_seconds_bucket{le="0.05"} 24054
took_seconds_bucket{le="0.1"} 33444
took_seconds_bucket{le="+Inf"} 144320
took_seconds_sum 53423
took_seconds_count 144320

# Finally a summary:
# TYPE rpc_seconds summary
rpc_seconds{quantile="0.01"} 3102
rpc_seconds{quantile="0.99"} 76656
rpc_seconds_sum 1.7560473e+07
rpc_seconds_count 2693
`),
  page(
    `# TYPE acme_latency_seconds histogram
# UNIT acme_latency_seconds seconds
# HELP acme_latency_seconds Latency of the \\"acme\\" service.
acme_latency_seconds_bucket{le="0.01"} 0
acme_latency_seconds_bucket{le="0.1"} 8 # {} 0.054
acme_latency_seconds_bucket{le="1"} 11 # {trace_id="KOO5S4vxi0o"} 0.67
acme_latency_seconds_bucket{le="+Inf"} 17 # {trace_id="oHg5SJYRHA0"} 9.8 1520879607.789
acme_latency_seconds_count 17
acme_latency_seconds_sum 324789.3
acme_latency_seconds_created 1520430000.123
# TYPE visits counter
visits_total{path="/"} 17.0 1520879607.789 # {id="7",span="b7"} 1.0 1520879607.1
visits_created{path="/"} 1520430000.123
# TYPE sizes gaugehistogram
sizes_bucket{le="0.01"} 20.0
sizes_bucket{le="+Inf"} 25.0
sizes_gcount 25.0
sizes_gsum 3.4
# TYPE lights stateset
lights{lights="red"} 1
lights{lights="green"} 0
# TYPE built info
built_info{version="1"} 1
# TYPE odd unknown
odd -1e-3
# TYPE temperature gauge
temperature NaN
# TYPE took summary
took{quantile="0.5"} 0.3
took_count 2
took_sum 0.6
took_created 1.5e9
# EOF
`,
    "openmetrics",
  ),
];

/** Texts that are put somewhere into a page. */
const MARKS = [" ", "\t", "\n", "{", "}", '"', ",", "=", "\\", "#", ".", ":", "_", "0", "-", "+", "é", "\r"];
const PIECES = [...MARKS, "NaN", "+Inf", "# TYPE a counter\n", "1e5", '="', '",', "# EOF\n"];

type Change = readonly [what: "insert" | "remove" | "repeat" | "swap" | "cut", at: number, piece: string];

function changed(text: string, [what, at, piece]: Change): string {
  const place = Math.floor(at * text.length);
  const before = text.slice(0, place);
  if (what === "insert") return before + piece + text.slice(place);
  if (what === "remove") return before + text.slice(place + piece.length);
  if (what === "cut") return before;
  if (what === "repeat") return text.slice(0, place) + text.slice(Math.max(0, place - 5));
  return (
    before +
    text
      .slice(place, place + 2)
      .split("")
      .toReversed()
      .join("") +
    text.slice(place + 2)
  );
}

/** Some lines of a saved page, spoilt in a place or two; the same ones for the same seed. */
export function spoilt(count: number, seed: number): readonly Case[] {
  const change: fc.Arbitrary<Change> = fc.tuple(
    fc.constantFrom("insert", "insert", "remove", "remove", "swap", "repeat", "cut"),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.constantFrom(...PIECES),
  );
  const one = fc
    .tuple(
      fc.constantFrom(...SAVED, ...DESCRIBED),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 12 }),
      fc.array(change, { minLength: 1, maxLength: 2 }),
    )
    .map(([{ text, format }, from, length, changes]): Case => {
      const lines = String(text).split("\n").slice(0, -1);
      const first = Math.floor(from * lines.length);
      const some = lines.slice(first, first + length).filter((line) => line !== "# EOF");
      const end = format === "openmetrics" ? "# EOF\n" : "";
      return page(changes.reduce(changed, `${some.join("\n")}\n${end}`), format);
    });
  return fc.sample(one, { numRuns: count, seed });
}
