// Which requests are meant?
import type { Role } from "./split.ts";

/** What a value must be. Texts are compared as they stand, case included. */
export type ValueIs =
  | { readonly exact: string }
  | { readonly prefix: string }
  /**
   * A regular expression (JavaScript's, `u`, without lookarounds and back references) that the whole value must match.
   * A value of more than 1 024 characters does not.
   */
  | { readonly regex: string }
  /** It is there, whatever it is; empty counts as there. */
  | { readonly present: true };

/** One thing that a request must have. */
export type Condition =
  /** A header's name is in lower case. A header or query field that comes twice holds when any of its values does. */
  | { readonly on: "header" | "cookie" | "query"; readonly name: string; readonly is: ValueIs }
  /** The path without its query. A prefix holds for whole segments: `/cart` for `/cart` and `/cart/1`, not for `/carts`. */
  | { readonly on: "path"; readonly is: Exclude<ValueIs, { readonly present: true }> }
  | { readonly on: "method"; readonly is: readonly string[] }
  /** The request came in at the second address of the data plane. */
  | { readonly on: "listener"; readonly is: "preview" };

/** What a condition looks at. */
export type MatchKind = Condition["on"];

/** A request of which all conditions hold goes to this role. */
export interface Match {
  readonly when: readonly Condition[];
  readonly to: Role;
}

/** Whether a rule is for users: requests at the second address are somebody's who tests. */
export function isForUsers({ when }: Match): boolean {
  return when.every(({ on }) => on !== "listener");
}

/** Whether two lists of rules say the same; nothing is an empty list. */
export function sameMatches(a: readonly Match[] | undefined, b: readonly Match[] | undefined): boolean {
  return canonical(a ?? []) === canonical(b ?? []);
}

/** JSON with its fields in order: two that mean the same read the same. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Conditions as people read them: `header x-beta is "1" and path begins with /cart`. */
export function conditionsText(when: readonly Condition[]): string {
  return when.map(conditionText).join(" and ");
}

function conditionText(condition: Condition): string {
  if (condition.on === "listener") return "the preview address";
  if (condition.on === "method") return `method ${condition.is.join(" or ")}`;
  if (condition.on === "path") return `path ${isText(condition.is, true)}`;
  return `${condition.on} ${condition.name} ${isText(condition.is, false)}`;
}

function isText(is: ValueIs, bare: boolean): string {
  const shown = (text: string): string => (bare ? text : JSON.stringify(text));
  if ("exact" in is) return `is ${shown(is.exact)}`;
  if ("prefix" in is) return `begins with ${shown(is.prefix)}`;
  return "regex" in is ? `matches ${is.regex}` : "is there";
}
