// Which entries of two lists belong together?

/** Two entries that are compared with one another; `undefined` for an entry that the other list lacks. */
export type Pair = readonly [user: unknown, copy: unknown];

/** Names by which entries are known, the best first. */
const KEYS = ["id", "key", "name"];

/**
 * The pairs of entries that are left when equal ones are taken away, in whatever order they stand: those with the same
 * id, key or name first, the rest in their order. `textOf` gives the same text for entries that are equal.
 */
export function pairUp(
  users: readonly unknown[],
  copies: readonly unknown[],
  textOf: (entry: unknown) => string,
): readonly Pair[] {
  const [left, right] = withoutEqual(users, copies, textOf);
  const pairs: Pair[] = [];
  const rest = left.filter((user) => {
    const key = keyOf(user);
    const at = key === undefined ? -1 : right.findIndex((copy) => keyOf(copy) === key);
    if (at < 0) return true;
    pairs.push([user, right[at]]);
    right.splice(at, 1);
    return false;
  });
  for (let at = 0; at < Math.max(rest.length, right.length); at += 1) pairs.push([rest[at], right[at]]);
  return pairs;
}

function withoutEqual(
  users: readonly unknown[],
  copies: readonly unknown[],
  textOf: (entry: unknown) => string,
): [unknown[], unknown[]] {
  const waiting = new Map<string, number>();
  for (const user of users) {
    const text = textOf(user);
    waiting.set(text, (waiting.get(text) ?? 0) + 1);
  }
  const taken = new Map<string, number>();
  const right = copies.filter((copy) => {
    const text = textOf(copy);
    const left = waiting.get(text) ?? 0;
    if (left === 0) return true;
    waiting.set(text, left - 1);
    taken.set(text, (taken.get(text) ?? 0) + 1);
    return false;
  });
  const left = users.filter((user) => {
    const text = textOf(user);
    const equal = taken.get(text) ?? 0;
    if (equal > 0) taken.set(text, equal - 1);
    return equal === 0;
  });
  return [left, right];
}

function keyOf(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  for (const name of KEYS) {
    const value = (entry as Readonly<Record<string, unknown>>)[name];
    if (typeof value === "string" || typeof value === "number") return `${name} ${value}`;
  }
  return undefined;
}
