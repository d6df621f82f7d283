// Does a text match a regular expression, in time that its length bounds?

/** Characters, as ranges of code points. */
interface CharSet {
  readonly ranges: readonly (readonly [from: number, to: number])[];
  readonly negated: boolean;
}

/** A regular expression as a tree. `most` is Infinity where there is no end. */
type Node =
  | { readonly kind: "set"; readonly set: CharSet }
  | { readonly kind: "all"; readonly parts: readonly Node[] }
  | { readonly kind: "one"; readonly parts: readonly Node[] }
  | { readonly kind: "repeat"; readonly part: Node; readonly least: number; readonly most: number };

/** One state of the automaton: a character to eat, or two states to go on in. */
type State =
  | { readonly op: "eat"; readonly set: CharSet }
  | { readonly op: "fork"; readonly to: readonly number[] }
  | { readonly op: "end" };

/** A compiled expression. It must match a text from its beginning to its end, as in PromQL. */
export type Pattern = readonly State[];

/** Why an expression cannot be used, and where: from 0, in UTF-16 units. */
export class BadPattern extends Error {
  override readonly name = "BadPattern";
  readonly at: number;

  constructor(at: number, why: string) {
    super(why);
    this.at = at;
  }
}

const LONGEST = 256;
const MOST_STATES = 2_000;
const MOST_REPEATS = 1_000;
const DEEPEST = 32;

const ANY: CharSet = { ranges: [], negated: true };
const DIGIT = [[48, 57]] as const;
const SPACE = [
  [9, 10],
  [12, 13],
  [32, 32],
] as const;
const WORD = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
] as const;
const CLASSES: Readonly<Record<string, CharSet>> = {
  d: { ranges: DIGIT, negated: false },
  D: { ranges: DIGIT, negated: true },
  s: { ranges: SPACE, negated: false },
  S: { ranges: SPACE, negated: true },
  w: { ranges: WORD, negated: false },
  W: { ranges: WORD, negated: true },
};
const CONTROLS: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
}

/**
 * Compiles an expression: literals, `.`, classes, groups, `|`, `*`, `+`, `?` and `{2,3}`, with the meaning that they
 * have in RE2. It is followed by all of its ways at once (Thompson 1968), so that no expression takes longer than states
 * × characters. Throws BadPattern for what else RE2 knows, and for what is too large.
 */
export function compilePattern(text: string): Pattern {
  if (text.length > LONGEST) throw new BadPattern(LONGEST, `an expression has at most ${LONGEST} characters`);
  // The whole text is meant in any case.
  const start = text.startsWith("^") ? 1 : 0;
  const end = /(?<!\\)(?:\\\\)*\$$/u.test(text) ? text.length - 1 : text.length;
  const cursor: Cursor = { text: text.slice(0, end), at: start, depth: 0 };
  const node = readChoice(cursor);
  if (cursor.at < end) throw new BadPattern(cursor.at, "there is no group that this ) ends");
  const states: State[] = [];
  build(states, node);
  states.push({ op: "end" });
  return states;
}

function readChoice(cursor: Cursor): Node {
  const parts: Node[] = [readSequence(cursor)];
  while (cursor.text[cursor.at] === "|") {
    cursor.at += 1;
    parts.push(readSequence(cursor));
  }
  return { kind: "one", parts };
}

function readSequence(cursor: Cursor): Node {
  const parts: Node[] = [];
  for (;;) {
    const next = cursor.text[cursor.at];
    if (next === undefined || next === "|" || next === ")") return { kind: "all", parts };
    parts.push(readRepeats(cursor));
  }
}

const COUNTS = /\{(\d{1,4})(,(\d{0,4}))?\}/y;

function readRepeats(cursor: Cursor): Node {
  const part = readOne(cursor);
  const bounds = readBounds(cursor);
  if (!bounds) return part;
  // The lazy form takes the same texts.
  if (cursor.text[cursor.at] === "?") cursor.at += 1;
  else if (readBounds(cursor)) throw new BadPattern(cursor.at - 1, "a repetition is not repeated itself");
  return { kind: "repeat", part, ...bounds };
}

function readBounds(cursor: Cursor): { readonly least: number; readonly most: number } | undefined {
  const next = cursor.text[cursor.at];
  COUNTS.lastIndex = cursor.at;
  const counts = next === "{" ? COUNTS.exec(cursor.text) : null;
  if (counts) {
    const least = Number(counts[1]);
    const most = counts[2] === undefined ? least : counts[3] === "" ? Infinity : Number(counts[3]);
    const tooMany = least > MOST_REPEATS || (most > MOST_REPEATS && most !== Infinity) || most < least;
    if (tooMany) throw new BadPattern(cursor.at, `a repetition goes from fewer to more, at most ${MOST_REPEATS}`);
    cursor.at += counts[0].length;
    return { least, most };
  }
  if (next !== "*" && next !== "+" && next !== "?") return undefined;
  cursor.at += 1;
  return { least: next === "+" ? 1 : 0, most: next === "?" ? 1 : Infinity };
}

function readOne(cursor: Cursor): Node {
  const { text, at } = cursor;
  const next = text[at] ?? "";
  if (next === "(") return readGroup(cursor);
  if (next === "[") return { kind: "set", set: readClass(cursor) };
  if ("*+?".includes(next))
    throw new BadPattern(at, `there is nothing that ${next} repeats; a ${next} itself is \\${next}`);
  if (next === "^" || next === "$") {
    throw new BadPattern(at, `the whole text is matched in any case; a ${next} itself is written \\${next}`);
  }
  if (next === "\\") return { kind: "set", set: readEscape(cursor) };
  const code = text.codePointAt(at) ?? 0;
  cursor.at += code > 0xffff ? 2 : 1;
  return { kind: "set", set: next === "." ? ANY : { ranges: [[code, code]], negated: false } };
}

function readGroup(cursor: Cursor): Node {
  const start = cursor.at;
  cursor.at += 1;
  if (cursor.text.startsWith("?:", cursor.at)) cursor.at += 2;
  else if (cursor.text[cursor.at] === "?") throw new BadPattern(cursor.at, "a group begins with ( or (?: here");
  cursor.depth += 1;
  if (cursor.depth > DEEPEST) throw new BadPattern(start, `groups stand at most ${DEEPEST} deep in each other`);
  const node = readChoice(cursor);
  if (cursor.text[cursor.at] !== ")") throw new BadPattern(start, "the group is not ended by )");
  cursor.at += 1;
  cursor.depth -= 1;
  return node;
}

function readEscape(cursor: Cursor): CharSet {
  const escaped = cursor.text[cursor.at + 1] ?? "";
  const known = CLASSES[escaped];
  const control = CONTROLS[escaped];
  if (!known && control === undefined && !/^[!-/:-@[-`{-~]$/u.test(escaped)) {
    throw new BadPattern(cursor.at, "a backslash comes before a sign, or as \\d \\D \\s \\S \\w \\W \\n \\r \\t");
  }
  cursor.at += 2;
  if (known) return known;
  const code = (control ?? escaped).charCodeAt(0);
  return { ranges: [[code, code]], negated: false };
}

function readClass(cursor: Cursor): CharSet {
  const start = cursor.at;
  cursor.at += 1;
  const negated = cursor.text[cursor.at] === "^";
  if (negated) cursor.at += 1;
  const ranges: (readonly [number, number])[] = [];
  for (let first = true; first || cursor.text[cursor.at] !== "]"; first = false) {
    if (cursor.at >= cursor.text.length) throw new BadPattern(start, "the class is not ended by ]");
    if (cursor.text.startsWith("[:", cursor.at))
      throw new BadPattern(cursor.at, "write \\d, \\s, \\w or a range instead");
    ranges.push(...readRange(cursor));
  }
  cursor.at += 1;
  return { ranges, negated };
}

function readRange(cursor: Cursor): CharSet["ranges"] {
  const start = cursor.at;
  const from = readMember(cursor);
  const isRange = cursor.text[cursor.at] === "-" && !["]", undefined].includes(cursor.text[cursor.at + 1]);
  if (!isRange) return from;
  cursor.at += 1;
  const to = readMember(cursor);
  const [low, high] = [from[0]?.[0] ?? 0, to[0]?.[0] ?? 0];
  const single = from.length === 1 && to.length === 1 && from[0]?.[0] === from[0]?.[1] && to[0]?.[0] === to[0]?.[1];
  if (!single || low > high) throw new BadPattern(start, "a range goes from one character up to another");
  return [[low, high]];
}

function readMember(cursor: Cursor): CharSet["ranges"] {
  if (cursor.text[cursor.at] === "\\") {
    const { ranges, negated } = readEscape(cursor);
    if (negated) throw new BadPattern(cursor.at - 2, "a class holds no \\D, \\S or \\W; write [^…] instead");
    return ranges;
  }
  const code = cursor.text.codePointAt(cursor.at) ?? 0;
  cursor.at += code > 0xffff ? 2 : 1;
  return [[code, code]];
}

function add(states: State[], state: State): number {
  if (states.length >= MOST_STATES) throw new BadPattern(0, "the expression is too large; repeat less in it");
  return states.push(state) - 1;
}

/** Appends the states of a tree; what follows them is appended next. */
function build(states: State[], node: Node): void {
  if (node.kind === "set") add(states, { op: "eat", set: node.set });
  else if (node.kind === "all") buildSequence(states, node.parts);
  else if (node.kind === "one") buildChoice(states, node.parts);
  else buildRepeat(states, node);
}

function buildSequence(states: State[], parts: readonly Node[]): void {
  // Even nothing is a state, so that nothing repeated for ever meets the limit too.
  if (parts.length === 0) add(states, { op: "fork", to: [states.length + 1] });
  for (const part of parts) build(states, part);
}

function buildChoice(states: State[], parts: readonly Node[]): void {
  const [only] = parts;
  if (parts.length === 1 && only) return build(states, only);
  const fork = add(states, { op: "fork", to: [] });
  const starts: number[] = [];
  const ends: number[] = [];
  for (const part of parts) {
    starts.push(states.length);
    build(states, part);
    ends.push(add(states, { op: "fork", to: [] }));
  }
  states[fork] = { op: "fork", to: starts };
  for (const end of ends) states[end] = { op: "fork", to: [states.length] };
}

function buildRepeat(
  states: State[],
  { part, least, most }: { readonly part: Node; readonly least: number; readonly most: number },
): void {
  for (let count = 0; count < least; count += 1) build(states, part);
  if (most === Infinity) {
    const fork = add(states, { op: "fork", to: [] });
    build(states, part);
    add(states, { op: "fork", to: [fork] });
    states[fork] = { op: "fork", to: [fork + 1, states.length] };
    return;
  }
  const forks: number[] = [];
  for (let count = least; count < most; count += 1) {
    forks.push(add(states, { op: "fork", to: [] }));
    build(states, part);
  }
  for (const fork of forks) states[fork] = { op: "fork", to: [fork + 1, states.length] };
}

/** Whether all of a text is matched. Takes time in proportion to states × characters. */
export function matchesPattern(pattern: Pattern, text: string): boolean {
  let now = new Set<number>();
  enter(pattern, 0, now);
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const next = new Set<number>();
    for (const at of now) {
      const state = pattern[at];
      if (state?.op === "eat" && holds(state.set, code)) enter(pattern, at + 1, next);
    }
    if (next.size === 0) return false;
    now = next;
  }
  return now.has(pattern.length - 1);
}

/** Adds a state and all that are reached from it without a character. */
function enter(pattern: Pattern, first: number, into: Set<number>): void {
  const open = [first];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (into.has(at)) continue;
    into.add(at);
    const state = pattern[at];
    if (state?.op === "fork") open.push(...state.to);
  }
}

function holds({ ranges, negated }: CharSet, code: number): boolean {
  return ranges.some(([from, to]) => code >= from && code <= to) !== negated;
}
