// What is a value that must be two things at once?
import type { ValueIs } from "../../../core/match.ts";

/** What a value must be; `never` when nothing is both, `unknown` when that cannot be written in one. */
export type Both<T> = T | "never" | "unknown";

/** What a path must be. `segments` are whole ones: `/cart` is `/cart` and `/cart/1`, and `prefix` is `/carts` too. */
export type PathIs =
  | { readonly exact: string }
  | { readonly prefix: string }
  | { readonly segments: string }
  | { readonly regex: string };

/** An expression that matches exactly this text. */
export function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`);
}

/** Whether a value is what it must be; nothing where the expression is of a kind that cannot be tried here. */
export function holds(is: ValueIs, value: string): boolean | undefined {
  if ("exact" in is) return value === is.exact;
  if ("prefix" in is) return value.startsWith(is.prefix);
  return "regex" in is ? matches(is.regex, value) : true;
}

function matches(regex: string, value: string): boolean | undefined {
  try {
    return new RegExp(`^(?:${regex})$`, "u").test(value);
  } catch {
    return undefined;
  }
}

/** What a value is that must be both. */
export function both(one: ValueIs, other: ValueIs): Both<ValueIs> {
  if ("present" in one) return other;
  if ("present" in other) return one;
  if ("exact" in one) return kept(one, holds(other, one.exact));
  if ("exact" in other) return kept(other, holds(one, other.exact));
  if ("prefix" in one && "prefix" in other) return longer(one, other);
  return "regex" in one && "regex" in other && one.regex === other.regex ? one : "unknown";
}

function kept<T>(is: T, isHeld: boolean | undefined): Both<T> {
  if (isHeld === undefined) return "unknown";
  return isHeld ? is : "never";
}

function longer(one: { readonly prefix: string }, other: { readonly prefix: string }): Both<ValueIs> {
  if (one.prefix.startsWith(other.prefix)) return one;
  return other.prefix.startsWith(one.prefix) ? other : "never";
}

/** What a path is that must be both. */
export function bothPaths(one: PathIs | undefined, other: PathIs | undefined): Both<PathIs> | undefined {
  if (one === undefined || isRoot(one)) return other;
  if (other === undefined || isRoot(other)) return one;
  if ("exact" in one) return kept(one, leads(other, one.exact));
  if ("exact" in other) return kept(other, leads(one, other.exact));
  if ("regex" in one || "regex" in other) {
    return "regex" in one && "regex" in other && one.regex === other.regex ? one : "unknown";
  }
  // What begins with the longer one begins with the shorter one, if that one leads to it.
  if (leads(one, textOf(other)) === true) return other;
  return leads(other, textOf(one)) === true ? one : "never";
}

function isRoot(is: PathIs): boolean {
  return ("prefix" in is && is.prefix === "/") || ("segments" in is && is.segments === "");
}

function textOf(is: { readonly prefix: string } | { readonly segments: string }): string {
  return "prefix" in is ? is.prefix : is.segments;
}

function leads(is: PathIs, path: string): boolean | undefined {
  if ("exact" in is) return path === is.exact;
  if ("prefix" in is) return path.startsWith(is.prefix);
  if ("segments" in is) return path === is.segments || path.startsWith(`${is.segments}/`);
  return matches(is.regex, path);
}

/** Whole segments, without a slash at the end. */
export function segments(prefix: string): PathIs {
  return { segments: prefix.replace(/\/+$/u, "") };
}

/** The expression for a value in RE2. */
export function expression(is: ValueIs): string {
  if ("exact" in is) return literal(is.exact);
  if ("prefix" in is) return `${literal(is.prefix)}.*`;
  return "regex" in is ? is.regex : ".*";
}

/** The expression for a path in RE2. */
export function pathExpression(is: PathIs): string {
  if ("exact" in is) return literal(is.exact);
  if ("regex" in is) return is.regex;
  return "prefix" in is ? `${literal(is.prefix)}.*` : `${literal(is.segments)}(?:/.*)?`;
}
