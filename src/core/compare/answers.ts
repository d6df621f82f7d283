// In what do two answers to the same request differ?
import { differingHeaders, type HeaderLines } from "./headers.ts";
import { leavesOut, type LeavesOut } from "./ignore.ts";
import { depthOf, differ } from "./json.ts";
import { shownHeader, shownPart, shownText } from "./shown.ts";

/** An answer as it is compared. */
export interface AnswerSeen {
  readonly status: number;
  readonly headers: HeaderLines;
  /** Decoded: text, or bytes of what is no text; `undefined` when it was too large to be kept. */
  readonly body: string | Uint8Array | undefined;
}

/** One part that differs, with both sides as people may see them. */
export interface PartDiffers {
  readonly path: string;
  readonly user: string | undefined;
  readonly copy: string | undefined;
}

/** Deeper bodies are compared as texts. */
const DEEPEST = 32;
/** Parts of one pair of answers that are told apart; the others are one, `body.*`. */
const MOST_PARTS = 50;

const JSON_TYPE = /^application\/json\b|\+json\b/iu;
const PLAIN_TYPE = /^text\/plain\b/iu;

type Found = Map<string, PartDiffers>;

/** Every part in which `copy` differs from what the user got, each path once. */
export function differingParts(user: AnswerSeen, copy: AnswerSeen, ignore: readonly string[]): readonly PartDiffers[] {
  const leaves = leavesOut(ignore);
  const found: Found = new Map();
  if (user.status !== copy.status && !leaves("status")) {
    found.set("status", { path: "status", user: String(user.status), copy: String(copy.status) });
  }
  for (const [name, left, right] of differingHeaders(user.headers, copy.headers)) {
    const path = `header.${name}`;
    if (!leaves(path)) found.set(path, { path, user: shownHeader(name, left), copy: shownHeader(name, right) });
  }
  if (!leaves("body")) compareBodies([user, copy], leaves, found);
  return [...found.values()];
}

function compareBodies([user, copy]: readonly [AnswerSeen, AnswerSeen], leaves: LeavesOut, found: Found): void {
  const [left, right] = [user.body, copy.body];
  if (left === undefined || right === undefined) return;
  if (typeof left === "string" && typeof right === "string") {
    if (left === right) return;
    const parsed = parseBoth([user, copy], [left, right]);
    if (parsed) compareJson(parsed, leaves, found);
    else found.set("body", { path: "body", ...firstLine(left, right) });
    return;
  }
  if (typeof left !== "string" && typeof right !== "string" && sameBytes(left, right)) return;
  found.set("body", { path: "body", user: sizeOf(left), copy: sizeOf(right) });
}

function compareJson(sides: readonly [unknown, unknown], leaves: LeavesOut, found: Found): void {
  const note = (path: string, [left, right]: readonly [unknown, unknown]): void => {
    if (found.has(path)) return;
    const at = found.size < MOST_PARTS ? path : "body.*";
    if (!found.has(at)) found.set(at, { path: at, user: shownPart(path, left), copy: shownPart(path, right) });
  };
  differ("body", sides, { leavesOut: leaves, note });
}

/** Both as JSON, when both say that they are; a plain text that happens to be a JSON object or list counts as such. */
function parseBoth(
  answers: readonly [AnswerSeen, AnswerSeen],
  texts: readonly [string, string],
): readonly [unknown, unknown] | undefined {
  const types = answers.map(({ headers }) => headers.find(([name]) => name === "content-type")?.[1] ?? "text/plain");
  const isJson = types.every((type) => JSON_TYPE.test(type));
  if (!isJson && !types.every((type) => PLAIN_TYPE.test(type))) return undefined;
  if (!isJson && !texts.every((text) => /^\s*[[{]/u.test(text))) return undefined;
  if (texts.some((text) => depthOf(text) > DEEPEST)) return undefined;
  try {
    return [JSON.parse(texts[0]), JSON.parse(texts[1])];
  } catch {
    // Whatever it says it is: a text.
    return undefined;
  }
}

/** The first line that differs. */
function firstLine(user: string, copy: string): Pick<PartDiffers, "user" | "copy"> {
  const [left, right] = [user.split(/\r?\n/u), copy.split(/\r?\n/u)];
  let at = 0;
  while (at < left.length && at < right.length && left[at] === right[at]) at += 1;
  const shown = (line: string | undefined): string | undefined => (line === undefined ? undefined : shownText(line));
  return { user: shown(left[at]), copy: shown(right[at]) };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function sizeOf(body: string | Uint8Array): string {
  return typeof body === "string" ? `a text of ${body.length} characters` : `${body.length} bytes`;
}
