// How does an Envoy look for a condition in a request?
import type { Condition, ValueIs } from "../../../core/match.ts";
import type {
  CookieMatcherSchema,
  HeaderMatcherSchema,
  RouteMatchSchema,
} from "../protos/envoy/config/route/v3/route_components_pb.ts";
import type { StringMatcherSchema } from "../protos/envoy/type/matcher/v3/string_pb.ts";
import { literal, type Init } from "./messages.ts";

/** Which requests a route is for, as Envoy's message is made of it. */
export interface MatchInit {
  readonly pathSpecifier: Exclude<Init<typeof RouteMatchSchema>["pathSpecifier"], undefined>;
  readonly headers: Init<typeof HeaderMatcherSchema>[];
  readonly cookies: Init<typeof CookieMatcherSchema>[];
}

type Text = Init<typeof StringMatcherSchema>;
type Header = Init<typeof HeaderMatcherSchema>;
type PathIs = Extract<Condition, { readonly on: "path" }>["is"];

/** Requests of which all conditions hold; nothing when none can come in at this listener. */
export function matchOf(when: readonly Condition[], listener: "main" | "preview"): MatchInit | undefined {
  if (when.some(({ on }) => on === "listener") && listener !== "preview") return undefined;
  // An expression goes where it sees nothing but the path, for it could not say in itself that it ends before the query.
  const [path, ...paths] = when
    .flatMap((condition) => (condition.on === "path" ? [condition.is] : []))
    .toSorted((one, other) => Number("regex" in other) - Number("regex" in one));
  const headers: Header[] = paths.map((is) => wholePath(withQuery(is)));
  const match: Pick<MatchInit, "cookies"> = { cookies: [] };
  for (const condition of when) {
    if (condition.on === "method") headers.push(methods(condition.is));
    if (condition.on === "header") headers.push(header(condition.name, condition.is));
    if (condition.on === "cookie") match.cookies.push({ name: condition.name, stringMatch: text(condition.is) });
    if (condition.on === "query") headers.push(wholePath(inQuery(condition.name, condition.is)));
  }
  return { pathSpecifier: pathOf(path), headers, ...match };
}

function pathOf(is: PathIs | undefined): MatchInit["pathSpecifier"] {
  if (is === undefined) return { case: "prefix", value: "/" };
  if ("exact" in is) return { case: "path", value: is.exact };
  if ("regex" in is) return { case: "safeRegex", value: { regex: is.regex } };
  // Whole segments only; Envoy wants it without a slash at the end, and has no such form of the root.
  const prefix = is.prefix.replace(/\/+$/u, "");
  return prefix === "" ? { case: "prefix", value: "/" } : { case: "pathSeparatedPrefix", value: prefix };
}

/** What is looked for in path and query together. */
function wholePath(regex: string): Header {
  return expressed(":path", regex);
}

/** A second condition on the path looks at the header that holds path and query. */
function withQuery(is: PathIs): string {
  const rest = String.raw`(?:\?.*)?`;
  if ("exact" in is) return literal(is.exact) + rest;
  if ("regex" in is) return `(?:${within(is.regex, "?")})${rest}`;
  return `${literal(is.prefix.replace(/\/+$/u, ""))}(?:/[^?]*)?${rest}`;
}

/** Envoy itself looks at the first of several fields of one name only, and at what is written, not at what is meant. */
function inQuery(name: string, is: ValueIs): string {
  const field = String.raw`[^?]*\?(?:.*&)?${written(name)}`;
  if ("present" in is) return `${field}(?:[=&].*)?`;
  if ("exact" in is) return `${field}${is.exact === "" ? "=?" : `=${written(is.exact)}`}(?:&.*)?`;
  if ("prefix" in is) return is.prefix === "" ? `${field}(?:[=&].*)?` : `${field}=${written(is.prefix)}.*`;
  return `${field}=(?:${within(is.regex, "&")})(?:&.*)?`;
}

/** A text as it may stand in a query: as it is, or in percent signs. */
function written(value: string): string {
  const forms = (char: string): string => {
    const encoded = encodeURIComponent(char);
    if (encoded === char) return literal(char);
    // As they are, these have a meaning of their own.
    const plain = char === " " ? [String.raw`\+`] : "&+#%".includes(char) ? [] : [literal(char)];
    return `(?:${[`(?i:${encoded})`, ...plain].join("|")})`;
  };
  return Array.from(value, forms).join("");
}

/** The same expression, whose open ends (`.`, `[^…]`) do not go beyond a character, and which need not stand alone. */
function within(regex: string, end: string): string {
  return regex.replaceAll(/\\.|\[\^?(?:\\.|[^\]])*\]|[.^$]/gsu, (part) => {
    if (part === "^" || part === "$") return "";
    if (part === ".") return `[^${end}]`;
    return part.startsWith("[^") ? `[^${end}${part.slice(2)}` : part;
  });
}

export function methods(names: readonly string[]): Header {
  return expressed(":method", names.map(literal).join("|"));
}

/** Values of a header that comes several times stand in one text, with commas and no space between them. */
function header(name: string, is: ValueIs): Header {
  if ("present" in is) return { name, headerMatchSpecifier: { case: "presentMatch", value: true } };
  if ("exact" in is) return expressed(name, `(?:.*,)?${literal(is.exact)}(?:,.*)?`);
  if ("prefix" in is) return expressed(name, `(?:.*,)?${literal(is.prefix)}.*`);
  return expressed(name, `(?:.*,)?(?:${is.regex})(?:,.*)?`);
}

function expressed(name: string, regex: string): Header {
  const matchPattern = { case: "safeRegex" as const, value: { regex } };
  return { name, headerMatchSpecifier: { case: "stringMatch", value: { matchPattern } } };
}

function text(is: ValueIs): Text {
  if ("exact" in is) return { matchPattern: { case: "exact", value: is.exact } };
  // An empty prefix is one that Envoy refuses.
  if ("prefix" in is && is.prefix !== "") return { matchPattern: { case: "prefix", value: is.prefix } };
  return { matchPattern: { case: "safeRegex", value: { regex: "regex" in is ? is.regex : ".*" } } };
}
