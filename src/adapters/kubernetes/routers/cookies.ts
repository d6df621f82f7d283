// How is a cookie looked for by a router that knows headers only?
import type { Condition, ValueIs } from "../../../core/match.ts";
import { both, literal, type Both } from "./values.ts";

type CookieIs = Extract<Condition, { readonly on: "header" | "cookie" | "query" }>;

/** More of them stand in more orders than an expression should have. */
const MOST = 3;

/**
 * An expression for the whole header `cookie`, in which all of these stand, in whatever order; `never` when none can,
 * `unknown` when that cannot be written down. It is RE2's, and matches from end to end.
 */
export function cookieExpression(cookies: readonly CookieIs[]): Both<string> {
  const values = new Map<string, ValueIs>();
  for (const { name, is } of cookies) {
    const before = values.get(name);
    const value = before === undefined ? is : both(before, is);
    if (value === "never" || value === "unknown") return value;
    values.set(name, value);
  }
  if (values.size > MOST) return "unknown";
  const pairs = Array.from(values, ([name, is]) => `${literal(name)}=${valueExpression(is)}`);
  const ways = orders(pairs).map((order) => `(?:.*;\\s*)?${order.join(String.raw`(?:;.*;|;)\s*`)}(?:\\s*;.*)?`);
  return ways.length === 1 ? (ways[0] ?? "unknown") : `(?:${ways.join("|")})`;
}

function valueExpression(is: ValueIs): string {
  if ("exact" in is) return literal(is.exact);
  if ("prefix" in is) return `${literal(is.prefix)}[^;]*`;
  return "regex" in is ? `(?:${within(is.regex)})` : "[^;]*";
}

/** The same expression, whose open ends (`.`, `[^…]`, `\D`) stay within the cookie, and which need not stand alone. */
function within(regex: string): string {
  return regex.replaceAll(/\\.|\[\^?(?:\\.|[^\]])*\]|[.^$]/gsu, (part) => {
    if (part === "^" || part === "$") return "";
    if (part === ".") return "[^;]";
    if (/^\\[DWS]$/u.test(part)) return `[^;${part.toLowerCase()}]`;
    return part.startsWith("[^") ? `[^;${part.slice(2)}` : part;
  });
}

function orders(items: readonly string[]): readonly (readonly string[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((first, at) => orders(items.toSpliced(at, 1)).map((rest) => [first].concat(rest)));
}
