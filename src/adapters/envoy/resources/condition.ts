// How does an Envoy look for a condition in a request?
import type { Condition, ValueIs } from "../../../core/match.ts";
import type {
  CookieMatcherSchema,
  HeaderMatcherSchema,
  QueryParameterMatcherSchema,
  RouteMatchSchema,
} from "../protos/envoy/config/route/v3/route_components_pb.ts";
import type { StringMatcherSchema } from "../protos/envoy/type/matcher/v3/string_pb.ts";
import { literal, type Init } from "./messages.ts";

/** Which requests a route is for, as Envoy's message is made of it. */
export interface MatchInit {
  readonly pathSpecifier: Exclude<Init<typeof RouteMatchSchema>["pathSpecifier"], undefined>;
  readonly headers: Init<typeof HeaderMatcherSchema>[];
  readonly cookies: Init<typeof CookieMatcherSchema>[];
  readonly queryParameters: Init<typeof QueryParameterMatcherSchema>[];
}

type Text = Init<typeof StringMatcherSchema>;
type Header = Init<typeof HeaderMatcherSchema>;
type PathIs = Extract<Condition, { readonly on: "path" }>["is"];

/** Requests of which all conditions hold; nothing when none can come in at this listener. */
export function matchOf(when: readonly Condition[], listener: "main" | "preview"): MatchInit | undefined {
  if (when.some(({ on }) => on === "listener") && listener !== "preview") return undefined;
  const [path, ...paths] = when.flatMap((condition) => (condition.on === "path" ? [condition.is] : []));
  const headers: Header[] = paths.map((is) => ({
    name: ":path",
    headerMatchSpecifier: {
      case: "stringMatch",
      value: { matchPattern: { case: "safeRegex", value: { regex: withQuery(is) } } },
    },
  }));
  const match: Omit<MatchInit, "pathSpecifier" | "headers"> = { cookies: [], queryParameters: [] };
  for (const condition of when) {
    if (condition.on === "method") headers.push(methods(condition.is));
    if (condition.on === "header") headers.push(header(condition.name, condition.is));
    if (condition.on === "cookie") match.cookies.push({ name: condition.name, stringMatch: text(condition.is) });
    if (condition.on === "query") match.queryParameters.push(query(condition.name, condition.is));
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

/** A second condition on the path looks at the header that holds path and query. */
function withQuery(is: PathIs): string {
  const rest = String.raw`(?:\?.*)?`;
  if ("exact" in is) return literal(is.exact) + rest;
  if ("regex" in is) return `(?:${is.regex})${rest}`;
  return `${literal(is.prefix.replace(/\/+$/u, ""))}(?:/[^?]*)?${rest}`;
}

export function methods(names: readonly string[]): Header {
  const regex = names.map(literal).join("|");
  return {
    name: ":method",
    headerMatchSpecifier: { case: "stringMatch", value: { matchPattern: { case: "safeRegex", value: { regex } } } },
  };
}

function header(name: string, is: ValueIs): Header {
  if ("present" in is) return { name, headerMatchSpecifier: { case: "presentMatch", value: true } };
  return { name, headerMatchSpecifier: { case: "stringMatch", value: text(is) } };
}

function query(name: string, is: ValueIs): Init<typeof QueryParameterMatcherSchema> {
  if ("present" in is) return { name, queryParameterMatchSpecifier: { case: "presentMatch", value: true } };
  return { name, queryParameterMatchSpecifier: { case: "stringMatch", value: text(is) } };
}

function text(is: ValueIs): Text {
  if ("exact" in is) return { matchPattern: { case: "exact", value: is.exact } };
  // An empty prefix is one that Envoy refuses.
  if ("prefix" in is && is.prefix !== "") return { matchPattern: { case: "prefix", value: is.prefix } };
  return { matchPattern: { case: "safeRegex", value: { regex: "regex" in is ? is.regex : ".*" } } };
}
