// How does text become markup that says the same, whatever it holds?

declare const safe: unique symbol;

/** Well-formed XML, which is HTML too: only this file makes it. */
export type Markup = string & { readonly [safe]: "markup" };

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Text without what a page may not hold: control characters, halves of characters, and marks that turn the order of
 * what is written around.
 */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\uFFFE\uFFFF]/gu, (found) => (/[\t\n\r]/u.test(found) ? found : "\uFFFD"))
    .replaceAll(/[\u202A-\u202E\u2066-\u2069]/gu, "\uFFFD");
}

const escape = (value: string): string => printable(value).replaceAll(/[&<>"']/gu, (found) => ENTITIES[found] ?? "");

/** Text, escaped. */
export const text = (value: string): Markup => escape(value) as Markup;

/** Pieces one after the other. */
export const join = (pieces: readonly Markup[], between = ""): Markup => pieces.join(between) as Markup;

/** A style sheet of ours. Throws when it could end its element. */
export function styleSheet(css: string): Markup {
  if (/[<&]/u.test(css)) throw new TypeError("a style sheet holds < or &");
  return `<style>${css}</style>` as Markup;
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Elements that have no end tag in HTML. */
const VOID: ReadonlySet<string> = new Set(["br", "meta"]);

/** An element. Attributes that are undefined are left out. Throws for a number that is not finite. */
export function tag(name: string, attributes: Attributes = {}, children: readonly Markup[] = []): Markup {
  const written = Object.entries(attributes).map(([key, value]) => {
    if (value === undefined) return "";
    if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${name} ${key} is ${value}`);
    return ` ${key}="${escape(String(value))}"`;
  });
  const head = `<${name}${written.join("")}`;
  return (VOID.has(name) ? `${head}/>` : `${head}>${children.join("")}</${name}>`) as Markup;
}

/** At most so many characters, with `…` where something was left out. */
export function clipped(value: string, most: number): string {
  if (value.length <= most) return value;
  return `${value
    .slice(0, most - 1)
    .toWellFormed()
    .replace(/\uFFFD$/u, "")}…`;
}

/** Longest text of an element, as it is written. */
const LONGEST = 700;

/** An element that holds a text, cut where it is very long. */
export function words(name: string, value: string, attributes: Attributes = {}): Markup {
  let most = LONGEST;
  // Text that is full of what must be escaped grows up to six times as long.
  while (escape(clipped(value, most)).length > LONGEST) most = Math.floor(most * 0.8);
  return tag(name, attributes, [text(clipped(value, most))]);
}
