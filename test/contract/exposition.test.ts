// Does Serin read metrics pages exactly as a real Prometheus reads them?
import { expect, test } from "vitest";
import { textOf } from "../../src/adapters/exposition/fetch.ts";
import { MalformedPage } from "../../src/core/exposition/line.ts";
import { parsePage } from "../../src/core/exposition/parse.ts";
import { HAS_PROMETHEUS } from "./alerts/monitor.ts";
import { AWKWARD } from "./exposition/awkward.ts";
import { DESCRIBED, SAVED, spoilt } from "./exposition/pages.ts";
import { type Case, isOwn, keyOf, type Made, readByPrometheus } from "./exposition/reader.ts";

function readBySerin({ text, format }: Case): Made {
  try {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    const page = parsePage(textOf(bytes), format);
    const series = new Map<string, string>();
    // Of a series that stands there twice Prometheus keeps the first; Serin names it when it is asked for.
    for (const { name, labels, value } of [...page.samples.values()].flat().toReversed()) {
      if (!isOwn(name)) series.set(keyOf(name, labels), valueText(value));
    }
    const told = [...page.families].map(([name, { type, help = "", unit = "" }]) => {
      return [name, JSON.stringify([type, help, unit])] as const;
    });
    return { series, told: new Map(told) };
  } catch (error) {
    if (error instanceof MalformedPage || error instanceof TypeError) return { refused: error.message };
    throw error;
  }
}

/** The two write the same number differently. */
function valueText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

const same = (made: Made): Made =>
  "refused" in made
    ? made
    : { ...made, series: new Map([...made.series].map(([key, text]) => [key, valueText(numberOf(text))])) };

function numberOf(text: string): number {
  return text.endsWith("Inf") ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
}

interface Exception {
  readonly why: string;
  readonly is: (one: Case, serin: Made, prometheus: Made) => boolean;
}

const refuses = (right: string) => (_: Case, serin: Made, prometheus: Made) =>
  "refused" in serin && serin.refused.includes(right) && !("refused" in prometheus);

/** Every difference that there may be; what each is called is its reason. */
const EXCEPTIONS: readonly Exception[] = [
  { why: "stricter: a page whose last line has no end may be cut off", is: refuses("a part of the page is missing") },
  {
    why: "differs: of a metric with two types Prometheus takes the later one, Serin none",
    is: ({ text }, serin, prometheus) => {
      const types = [...String(text).matchAll(/^#[ \t]+TYPE[ \t]+(\S+)/gmu)].map(([, name]) => name);
      return new Set(types).size < types.length && !("refused" in serin) && !("refused" in prometheus);
    },
  },
  { why: "stricter: labels without a comma between them are in no description", is: refuses("after a label comes") },
  { why: "stricter: the end of a line in quotes is a quote that is missing", is: refuses('ends with "') },
  {
    why: "stricter: # HELP a.b is not about a metric a",
    is: refuses("after the name of a metric comes a space"),
  },
  {
    why: "stricter: a page that is not UTF-8 in a comment is not trusted elsewhere",
    is: refuses("encoded data was not valid"),
  },
  {
    why: "differs: a NUL ends a page for Prometheus; for Serin it is a character",
    is: ({ text }) => text.includes("\0"),
  },
  {
    why: "more lenient: names in quotes are those of Prometheus 3",
    is: ({ text }, serin, prometheus) =>
      "refused" in prometheus && !("refused" in serin) && /[{,] *"|^#[ \t]+(?:TYPE|HELP)[ \t]+"/mu.test(String(text)),
  },
  {
    why: "more lenient: exemplars are read over wherever they stand",
    is: (_, serin, prometheus) =>
      !("refused" in serin) && "refused" in prometheus && prometheus.refused.includes("does not support exemplars"),
  },
];

function difference(one: Case, serin: Made, prometheus: Made): string | undefined {
  const shown = JSON.stringify(String(one.text).slice(-300));
  if ("refused" in serin || "refused" in prometheus) {
    if ("refused" in serin && "refused" in prometheus) return undefined;
    const text = (made: Made): string => ("refused" in made ? `refused (${made.refused})` : "read");
    return `${one.format} ${shown}: Serin ${text(serin)}, Prometheus ${text(prometheus)}`;
  }
  const [a, b] = [serin, same(prometheus)] as const;
  if ("refused" in b) return undefined;
  for (const part of ["series", "told"] as const) {
    const keys = [...new Set([...a[part].keys(), ...b[part].keys()])];
    const key = keys.find((each) => a[part].get(each) !== b[part].get(each));
    if (key !== undefined)
      return `${one.format} ${shown}: ${key}: Serin ${a[part].get(key)}, Prometheus ${b[part].get(key)}`;
  }
  return undefined;
}

const SPOILT = spoilt(1_500, 1);
const CASES: readonly Case[] = [...SAVED, ...DESCRIBED, ...AWKWARD, ...SPOILT];

test.skipIf(!HAS_PROMETHEUS)(
  "saved, described, awkward and spoilt pages are read as Prometheus reads them",
  { timeout: 240_000 },
  async () => {
    const made = await readByPrometheus(CASES);
    const used = new Set<string>();
    const differences = CASES.flatMap((one, index) => {
      const [serin, prometheus] = [readBySerin(one), made[index] ?? { refused: "not scraped" }];
      const found = difference(one, serin, prometheus);
      if (found === undefined) return [];
      const exception = EXCEPTIONS.find(({ is }) => is(one, serin, prometheus));
      if (!exception) return [found];
      used.add(exception.why);
      return [];
    });
    expect(differences).toEqual([]);
    // Spoilt pages of both kinds, or the comparison would say little.
    const refused = made.slice(-SPOILT.length).filter((one) => "refused" in one).length;
    expect(refused).toBeGreaterThan(SPOILT.length / 5);
    expect(refused).toBeLessThan((SPOILT.length * 4) / 5);
    expect([...used].toSorted()).toEqual(EXCEPTIONS.map(({ why }) => why).toSorted());
  },
);
