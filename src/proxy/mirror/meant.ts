// Is this request one of those that are copied?
import type { Condition, ValueIs } from "../../core/match.ts";

/** A request's head, taken apart. */
export interface HeadParts {
  readonly method: string;
  /** With its query. */
  readonly target: string;
  /** Names as they came. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Takes apart a head that the proxy has already accepted. */
export function partsOf(head: string): HeadParts {
  const [line = "", ...lines] = head.split("\r\n").filter((text) => text !== "");
  const [method = "", target = ""] = line.split(" ");
  const fields = lines.map((text) => {
    const colon = text.indexOf(":");
    return [text.slice(0, colon), text.slice(colon + 1).trim()] as const;
  });
  return { method, target, fields };
}

const patterns = new Map<string, RegExp>();

/** Whether all conditions of any entry hold; without entries, all requests are meant. */
export function isMeant(when: readonly (readonly Condition[])[] | undefined, request: HeadParts): boolean {
  return when === undefined || when.some((all) => all.every((condition) => holds(condition, request)));
}

function holds(condition: Condition, request: HeadParts): boolean {
  switch (condition.on) {
    case "method":
      return condition.is.includes(request.method);
    case "path":
      return pathIs(condition.is, request.target.split("?", 1)[0] ?? "");
    case "listener":
      // Copies do not know where their request came in: such a route is refused.
      return false;
    case "header":
    case "cookie":
    case "query":
      return valuesOf(condition, request).some((value) => is(condition.is, value));
    default:
      return condition satisfies never;
  }
}

function valuesOf(
  { on, name }: Extract<Condition, { name: string }>,
  { target, fields }: HeadParts,
): readonly string[] {
  const ofHeader = (wanted: string): readonly string[] =>
    fields.filter(([field]) => field.toLowerCase() === wanted).map(([, value]) => value);
  if (on === "header") return ofHeader(name);
  if (on === "query") return new URLSearchParams(target.split("?").slice(1).join("?")).getAll(name);
  return ofHeader("cookie")
    .flatMap((line) => line.split(";"))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}

function pathIs(wanted: Exclude<ValueIs, { readonly present: true }>, path: string): boolean {
  if (!("prefix" in wanted)) return is(wanted, path);
  const bare = wanted.prefix.replace(/\/$/u, "");
  return path === bare || path.startsWith(`${bare}/`);
}

function is(wanted: ValueIs, value: string): boolean {
  if ("exact" in wanted) return value === wanted.exact;
  if ("prefix" in wanted) return value.startsWith(wanted.prefix);
  if ("present" in wanted) return true;
  let pattern = patterns.get(wanted.regex);
  if (!pattern) patterns.set(wanted.regex, (pattern = new RegExp(`^(?:${wanted.regex})$`, "u")));
  return pattern.test(value);
}
