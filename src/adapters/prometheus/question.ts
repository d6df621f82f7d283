// In which words are the samples of many replicas asked for at once?

/** Which labels tell whose a series is: `{ instance: "10.0.0.1:8080" }`. */
export type Whose = Readonly<Record<string, string>>;

/** What is asked for, of everybody. */
export interface Wanted {
  /** A selector, without a range: `orders_total{result="paid"}`. */
  readonly selector: string;
  /** Then its buckets, and the native histogram of the same name. */
  readonly isHistogram: boolean;
}

const BRACES = /^\s*([A-Za-z_:][\w:]*)\s*(?:\{([^]*)\}\s*)?$/u;

/** The question for the samples of those named. Who else matches is left out when the answer is read. */
export function questionFor({ selector, isHistogram }: Wanted, whose: readonly Whose[], windowMs: number): string {
  const [, metric = "", inside = ""] = BRACES.exec(selector) ?? [];
  const name = isHistogram ? `__name__=~${text(`${metric}|${metric}_bucket`)}` : `__name__=${text(metric)}`;
  const own = inside.trim().replace(/\s*,$/u, "");
  const labels = Object.keys(whose[0] ?? {});
  const narrowed = labels.map((label) => {
    const values = [...new Set(whose.map((one) => one[label] ?? ""))];
    return values.length === 1
      ? `${label}=${text(values[0] ?? "")}`
      : `${label}=~${text(values.map(literal).join("|"))}`;
  });
  return `{${[name, ...(own === "" ? [] : [own]), ...narrowed].join(",")}}[${windowMs}ms]`;
}

/** The name of the metric alone. */
export function metricOf(selector: string): string {
  return BRACES.exec(selector)?.[1] ?? "";
}

/** Names of the labels that a selector has conditions on. */
export function labelsOf(selector: string): readonly string[] {
  const inside = BRACES.exec(selector)?.[2] ?? "";
  const bare = inside.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/gu, "");
  return [...bare.matchAll(/[A-Za-z_]\w*(?=\s*(?:=|!))/gu)].map(([name]) => name);
}

const text = (value: string): string => JSON.stringify(value);

/** Expressions are anchored, so that alternatives of plain texts are looked up and not tried. */
const literal = (value: string): string => value.replaceAll(/[\\^$.|?*+()[\]{}]/gu, String.raw`\$&`);
