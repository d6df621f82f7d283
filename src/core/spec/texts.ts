// How is a wrong field named to the person who wrote it?
import type * as z from "zod";
import { descriptionAt, eitherOf, namesAt, pathText, placesOf, requiredOf, type Path } from "./fields.ts";
import { nearest } from "./nearest.ts";
import { shown } from "./reading.ts";
import { listed } from "./rule.ts";

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

/** The text for what zod itself has found. Given to zod as its error map; texts of the schema's own come first. */
export function wrongText(issue: z.core.$ZodRawIssue): string {
  const found = `found ${shown(issue.input)}`;
  if (issue.code === "invalid_type")
    return `${found}, ${KINDS[issue.expected] ?? issue.expected} must be here${hint(issue)}`;
  if (issue.code === "invalid_value")
    return valueText(
      issue.input,
      issue.values.map(String).filter((value) => value !== ""),
    );
  if (issue.code === "too_small") return `${found}, ${tooSmallText(issue)}`;
  if (issue.code === "too_big") return `${found}, at most ${issue.maximum} can be here`;
  if (issue.code === "invalid_key") return keyText(issue);
  return `${found}, which is not right here`;
}

function keyText({ input, issues }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidKey>): string {
  const why = issues.find(({ code }) => code === "invalid_format" || code === "custom")?.message;
  return input === "" || why === undefined ? "found an empty name, a name must be here" : why;
}

function tooSmallText({ origin, minimum, inclusive }: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>): string {
  if (origin === "array") return `at least ${minimum} ${Number(minimum) === 1 ? "entry" : "entries"} must be in it`;
  if (origin === "string") return "something must be here";
  return `${inclusive === false ? "more than" : "at least"} ${minimum} must be here`;
}

function hint({ input, expected, inst }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string {
  const isMap = KINDS[expected] === "a map";
  if (isMap && (input === null || input === undefined)) {
    const needed = inst ? requiredOf(inst as z.core.$ZodType) : [];
    if (needed.length > 0) return `: with ${listed(needed, "and")}`;
    const either = inst ? eitherOf(inst as z.core.$ZodType) : [];
    return either.length === 0 ? ": {} for an empty one" : `: with ${listed(either, "or")}`;
  }
  const isPlain = typeof input === "number" || typeof input === "boolean";
  if (expected === "string" && isPlain) return ": put it in quotes";
  const isNumber = expected === "number" || expected === "int";
  return isNumber && typeof input === "string" && /^\d+$/u.test(input) ? ": take the quotes away" : "";
}

const MANY = 10;

function valueText(input: unknown, values: readonly string[]): string {
  if (values.length === 1) return `found ${shown(input)}, ${values[0]} must be here`;
  const near = typeof input === "string" ? nearest(input, values) : undefined;
  const known = `one of ${listed(values, "or")} must be here`;
  // Whoever has mistyped one of many names does not want to read them all.
  const others = values.length > MANY ? "" : ` Known are ${listed(values, "and")}`;
  return `found ${shown(input)}, ${near === undefined ? known : `did you mean ${near}?${others}`}`;
}

/** The text for a field that nobody knows: the nearest name, the place where it belongs, or all names there are. */
export function unknownText(root: z.core.$ZodType, path: Path, name: string): string {
  const known = namesAt(root, path);
  const found = `found ${shown(name)}, `;
  const near = nearest(name, known);
  if (near !== undefined) return `${found}no such field: did you mean ${near}?`;
  const places = placesOf(root, name);
  if (places.length === 1) return `${found}no such field here: it belongs in ${places[0] || "the document itself"}`;
  const all = known.length === 0 ? "there are none" : `known here: ${listed(known, "and")}`;
  return `${found}no such field: ${all}`;
}

/** The text for a field that must be there and is not. */
export function missingText(root: z.core.$ZodType, path: Path): string {
  const about = descriptionAt(root, path);
  return `${pathText(path.slice(-1))} is missing${about ? `. ${about}` : ""}`;
}
