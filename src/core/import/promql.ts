// Which figures does a question in PromQL ask for?

/** Stands in a question where it named the version's own pods, in whichever way. */
export const VERSION = "\u0001";

/** What a question asks for. Selectors are Serin's: whose a series is, the source knows. */
export type Figure =
  /** A part of a whole, `rest` the other part; times 100 where it is a percentage. */
  | {
      readonly kind: "ratio";
      readonly part: string;
      readonly total: string;
      readonly rest: boolean;
      readonly factor: number;
    }
  | { readonly kind: "mean"; readonly sum: string; readonly count: string; readonly factor: number }
  | { readonly kind: "quantile"; readonly of: number; readonly histogram: Selector; readonly factor: number }
  | { readonly kind: "level"; readonly series: string };

/** A metric's name and its matchers. */
export interface Selector {
  readonly name: string;
  readonly matchers: readonly string[];
}

/** What was read, and in which way selectors were changed; nothing for a question of another shape. */
export interface Read {
  readonly figure: Figure;
  readonly changed: readonly string[];
}

const SELECTOR = String.raw`[A-Za-z_:][\w:]*(?:\{(?:[^}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*\})?`;
const BY = String.raw`(?:by\([^()]*\))?`;
const RATE = String.raw`(?:i?rate|increase)\((${SELECTOR})\[[^\]]+\]\)`;
const SUM = String.raw`(?:sum${BY}\(${RATE}\)${BY}|${RATE})`;
const RATIO = new RegExp(`^${SUM}/${SUM}$`, "u");
const QUANTILE = new RegExp(String.raw`^histogram_quantile\((0?\.\d+|[01]),${SUM}\)$`, "u");
const LEVEL = new RegExp(`^(?:avg${BY}\\((${SELECTOR})\\)${BY}|(${SELECTOR}))$`, "u");
const MATCHER = /^([A-Za-z_]\w*)(=~|!=|!~|=)(["'])(.*)\3$/su;

/** Reads a question, when it is of one of the usual shapes. */
export function readFigure(query: string): Read | undefined {
  const changed: string[] = [];
  const figure = figureOf(withoutSpaces(query), changed);
  // Where it names the pods outside of a selector, nobody knows what it means.
  return figure && !JSON.stringify(figure).includes(VERSION) ? { figure, changed: [...new Set(changed)] } : undefined;
}

/** Spaces outside of quotes say nothing, but beside a word. */
function withoutSpaces(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\s+/gu, (_, quoted?: string) => quoted ?? "");
}

function figureOf(text: string, changed: string[]): Figure | undefined {
  const plain = unwrapped(text.replace(/or(?:on\(\))?vector\(0\)$/u, ""));
  const scaled = /^(.*)\*(100|1000)$|^(100|1000)\*(.*)$/su.exec(plain);
  const inner = scaled?.[1] ?? scaled?.[4];
  const factor = Number(scaled?.[2] ?? scaled?.[3] ?? 1);
  const rest = /^(1|100)-(.*)$/su.exec(plain);
  if (rest) return restOf(Number(rest[1]), figureOf(rest[2] ?? "", changed));
  if (inner !== undefined) {
    const figure = figureOf(inner, changed);
    return figure && figure.kind !== "level" && figure.factor === 1 ? { ...figure, factor } : undefined;
  }
  const ratio = RATIO.exec(plain);
  if (ratio) return ratioOf([ratio[1] ?? ratio[2] ?? "", ratio[3] ?? ratio[4] ?? ""], changed);
  const quantile = QUANTILE.exec(plain);
  if (quantile) {
    const histogram = selectorOf(quantile[2] ?? quantile[3] ?? "", changed);
    if (!histogram.name.endsWith("_bucket")) return undefined;
    return {
      kind: "quantile",
      of: Number(quantile[1]),
      histogram: { ...histogram, name: histogram.name.slice(0, -7) },
      factor: 1,
    };
  }
  const level = LEVEL.exec(plain);
  return level ? { kind: "level", series: textOf(selectorOf(level[1] ?? level[2] ?? "", changed)) } : undefined;
}

/** `1 - x`, or `100 - x * 100`. */
function restOf(whole: number, figure: Figure | undefined): Figure | undefined {
  return figure?.kind === "ratio" && figure.factor === whole ? { ...figure, rest: !figure.rest } : undefined;
}

function ratioOf([first, second]: readonly [string, string], changed: string[]): Figure {
  const [part, total] = [selectorOf(first, changed), selectorOf(second, changed)];
  const isMean = part.name.endsWith("_sum") && total.name === part.name.replace(/_sum$/u, "_count");
  if (isMean) return { kind: "mean", sum: textOf(part), count: textOf(total), factor: 1 };
  return { kind: "ratio", part: textOf(part), total: textOf(total), rest: false, factor: 1 };
}

/** Without brackets around all of it. */
export function unwrapped(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index];
    if (letter === "(") depth += 1;
    if (letter === ")") depth -= 1;
    if (depth === 0 && index < text.length - 1) return text;
  }
  return unwrapped(text.slice(1, -1).trim());
}

/** Matchers in braces, split at the commas between them. */
function selectorOf(text: string, changed: string[]): Selector {
  const [, name = "", inside = ""] = /^([^{]+)(?:\{(.*)\})?$/su.exec(text) ?? [];
  const all = inside.match(/(?:[^,"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+/gu) ?? [];
  const matchers = all.flatMap((matcher) => {
    const [, label = "", operator = "", , value = ""] = MATCHER.exec(matcher) ?? [];
    if (label === "reporter" && value === "source") {
      changed.push(
        'the callers\' proxies (reporter="source") do not say which pod answered: reporter="destination" does',
      );
      return ['reporter="destination"'];
    }
    if (value.includes(VERSION)) {
      changed.push(
        `${label} named the version: the pods of each version are told by the label pod (the source's match)`,
      );
      return [];
    }
    return [`${label}${operator}"${value}"`];
  });
  return { name, matchers };
}

/** A selector as it is written. */
export function textOf({ name, matchers }: Selector): string {
  return matchers.length === 0 ? name : `${name}{${matchers.join(",")}}`;
}
