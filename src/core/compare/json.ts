// In which places do two JSON bodies differ?
import type { LeavesOut } from "./ignore.ts";
import { pairUp } from "./lists.ts";

/** Told of each place that differs, with what stands there on either side; `undefined` where nothing does. */
type Note = (path: string, sides: readonly [user: unknown, copy: unknown]) => void;

/** How the search goes. */
export interface Search {
  readonly leavesOut: LeavesOut;
  readonly note: Note;
}

type Fields = Readonly<Record<string, unknown>>;

/** A uuid, a number, or 8 and more hexadecimal digits: a key that is made up anew for each entry. */
const ID_LIKE = /^(?:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|\d+|[\da-f]{8,})$/iu;

/** A key as paths have it: those that look like ids are one place, or a map of sessions would be thousands. */
function segment(key: string): string {
  return ID_LIKE.test(key) ? "{}" : key;
}

/** Notes every place at and below `path` that differs. */
export function differ(path: string, sides: readonly [user: unknown, copy: unknown], search: Search): void {
  const [user, copy] = sides;
  if (user === copy || search.leavesOut(path)) return;
  if (Array.isArray(user) && Array.isArray(copy)) {
    const entry = `${path}[]`;
    if (search.leavesOut(entry)) return;
    const textOf = (value: unknown): string => canonicalText(value, entry, search.leavesOut);
    for (const pair of pairUp(user, copy, textOf)) differ(entry, pair, search);
  } else if (isFields(user) && isFields(copy)) {
    for (const name of new Set([...Object.keys(user), ...Object.keys(copy)])) {
      differ(`${path}.${segment(name)}`, [own(user, name), own(copy, name)], search);
    }
  } else search.note(path, sides);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** The same text for values that say the same: fields and list entries in any order, without what is left out. */
function canonicalText(value: unknown, path: string, leaves: LeavesOut): string {
  if (Array.isArray(value)) {
    if (leaves(`${path}[]`)) return "[]";
    return `[${value
      .map((entry) => canonicalText(entry, `${path}[]`, leaves))
      .toSorted()
      .join()}]`;
  }
  if (!isFields(value)) return JSON.stringify(value);
  const parts = Object.keys(value)
    .toSorted()
    .flatMap((name) => {
      const below = `${path}.${segment(name)}`;
      return leaves(below) ? [] : [`${JSON.stringify(name)}:${canonicalText(value[name], below, leaves)}`];
    });
  return `{${parts.join()}}`;
}

/** How deep lists and objects lie in one another; counted before parsing, so that no body can exhaust the stack. */
export function depthOf(text: string): number {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "[" || char === "{") deepest = Math.max(deepest, (depth += 1));
    else if (char === "]" || char === "}") depth -= 1;
  }
  return deepest;
}
