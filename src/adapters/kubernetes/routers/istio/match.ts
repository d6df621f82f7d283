// How does a VirtualService say which requests are meant?
import type { Condition, ValueIs } from "../../../../core/match.ts";
import { cookieExpression } from "../cookies.ts";
import { both, bothPaths, holds, pathExpression, segments, type Both, type PathIs } from "../values.ts";
import { unwritable } from "../weave.ts";
import type { HttpMatch, StringMatch } from "./objects.ts";

/**
 * What a match and all conditions together are in one match; nothing when no request is both. Throws a SerinError when one
 * match cannot say it.
 */
export function narrowed(match: HttpMatch, when: readonly Condition[]): HttpMatch | undefined {
  const found = new Narrowing(match);
  for (const condition of when) found.add(condition);
  return found.result();
}

/** Puts conditions into a match one by one. */
class Narrowing {
  readonly #match: HttpMatch;
  readonly #headers = new Map<string, ValueIs>();
  readonly #query = new Map<string, ValueIs>();
  readonly #cookies: Extract<Condition, { readonly on: "cookie" | "header" | "query" }>[] = [];
  #method: ValueIs | undefined;
  #path: PathIs | undefined;
  #isNever = false;

  constructor(match: HttpMatch) {
    this.#match = match;
    for (const [name, is] of Object.entries(match.headers ?? {})) this.#headers.set(name, valueOf(is));
    for (const [name, is] of Object.entries(match.queryParams ?? {})) this.#query.set(name, valueOf(is));
    this.#method = match.method && valueOf(match.method);
    this.#path = match.uri && pathOf(match.uri);
  }

  add(condition: Condition): void {
    if (condition.on === "header") this.#into(this.#headers, condition.name, condition.is);
    if (condition.on === "query") this.#into(this.#query, condition.name, condition.is);
    if (condition.on === "cookie") this.#cookies.push(condition);
    if (condition.on === "method") this.#addMethod(condition.is);
    if (condition.on === "path") this.#addPath(condition.is);
    // There is no second address.
    if (condition.on === "listener") this.#isNever = true;
  }

  #into(values: Map<string, ValueIs>, name: string, is: ValueIs): void {
    const before = values.get(name);
    const value = this.#one(before === undefined ? is : both(before, is), name);
    if (value) values.set(name, value);
  }

  /** Those methods that are left are named: which of them a request has is all that can still differ. */
  #addMethod(names: readonly string[]): void {
    const before = this.#method;
    const left = before === undefined ? names : names.filter((name) => isMethod(before, name));
    const [only] = left;
    this.#isNever ||= only === undefined;
    this.#method = left.length === 1 && only !== undefined ? { exact: only } : { regex: left.join("|") };
  }

  #addPath(is: Extract<Condition, { readonly on: "path" }>["is"]): void {
    if (this.#match.ignoreUriCase) throw unwritable("a path, in a route that does not tell lower from upper case");
    const path = this.#one(bothPaths(this.#path, "prefix" in is ? segments(is.prefix) : is), "the path");
    if (path) this.#path = path;
  }

  #one<T>(value: Both<T> | undefined, what: string): T | undefined {
    if (value === "unknown") throw unwritable(`${what} has to match two expressions, the route's and the rule's`);
    if (value !== "never") return value;
    this.#isNever = true;
    return undefined;
  }

  result(): HttpMatch | undefined {
    if (this.#cookies.length > 0) {
      const regex = this.#one(cookieExpression(this.#cookies), "a cookie, or more than 3 of them,");
      if (regex !== undefined) this.#into(this.#headers, "cookie", { regex });
    }
    if (this.#isNever) return undefined;
    const { headers: _headers, queryParams: _query, method: _method, uri: _uri, ...rest } = this.#match;
    return {
      ...rest,
      ...(this.#path && { uri: uriOf(this.#path) }),
      ...(this.#method && { method: matchOf(this.#method) }),
      ...(this.#headers.size > 0 && { headers: record(this.#headers, matchOf) }),
      // A field that is there, whatever its value, has no form of its own.
      ...(this.#query.size > 0 && { queryParams: record(this.#query, (is) => solid(matchOf(is))) }),
    };
  }
}

function isMethod(is: ValueIs, name: string): boolean {
  const isHeld = holds(is, name);
  if (isHeld === undefined) throw unwritable("a method has to match an expression that cannot be tried here");
  return isHeld;
}

function valueOf({ exact, prefix, regex }: StringMatch): ValueIs {
  if (exact !== undefined) return { exact };
  if (prefix !== undefined) return { prefix };
  return regex === undefined ? { present: true } : { regex };
}

function pathOf(is: StringMatch): PathIs | undefined {
  const value = valueOf(is);
  return "present" in value ? undefined : value;
}

function matchOf(is: ValueIs): StringMatch {
  return "present" in is ? {} : is;
}

function solid(is: StringMatch): StringMatch {
  return Object.keys(is).length === 0 ? { regex: ".*" } : is;
}

function uriOf(is: PathIs): StringMatch {
  return "segments" in is ? { regex: pathExpression(is) } : is;
}

function record<T>(values: ReadonlyMap<string, ValueIs>, of: (is: ValueIs) => T): Readonly<Record<string, T>> {
  return Object.fromEntries([...values].map(([name, is]) => [name, of(is)]));
}
