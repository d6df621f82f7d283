// What does a template say of a payload?
import type { Payload } from "./message.ts";

/** `{{ name }}`, `{{metadata.team}}`. */
const NAME = /\{\{\s*([A-Za-z][\w-]*(?:\.[\w-]+)*)\s*\}\}/gu;

/** Names that a template asks for, in order, each once. */
export function namesIn(template: string): readonly string[] {
  return [...new Set([...template.matchAll(NAME)].map(([, name = ""]) => name))];
}

/** The first `{{` that is not the beginning of a name, with what follows; undefined when there is none. */
export function strayIn(template: string): string | undefined {
  const rest = template.replaceAll(NAME, "");
  const at = rest.indexOf("{{");
  return at < 0 ? undefined : rest.slice(at, at + 20);
}

/** A template with the payload's values as people read them; what is not there is an empty text. */
export function filledText(template: string, payload: Payload): string {
  return template.replaceAll(NAME, (_, name: string) => asText(valueAt(payload, name)));
}

/**
 * The same where JSON is made: between quotes a value is escaped as part of the text, elsewhere it is a JSON value. So
 * what was JSON before stays JSON, whatever the values hold; what is not there is an empty text, or null.
 */
export function filledJson(template: string, payload: Payload): string {
  let isQuoted = false;
  let end = 0;
  let text = "";
  for (const { 0: whole, 1: name = "", index } of template.matchAll(NAME)) {
    const before = template.slice(end, index);
    isQuoted = quotedAfter(before, isQuoted);
    const value = valueAt(payload, name);
    text += before + (isQuoted ? JSON.stringify(asText(value)).slice(1, -1) : JSON.stringify(value ?? null));
    end = index + whole.length;
  }
  return text + template.slice(end);
}

/** Whether a template gives JSON. It does so for every payload or for none. */
export function isJson(template: string): boolean {
  try {
    JSON.parse(filledJson(template, {}));
    return true;
  } catch {
    return false;
  }
}

function quotedAfter(text: string, isQuoted: boolean): boolean {
  let quoted = isQuoted;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    // What follows a backslash ends no text.
    if (quoted && letter === "\\") at += 1;
    else if (letter === '"') quoted = !quoted;
  }
  return quoted;
}

function valueAt(payload: Payload, name: string): unknown {
  let value: unknown = payload;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
