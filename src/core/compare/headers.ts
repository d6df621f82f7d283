// In which headers do two answers differ?

/** Name in lower case, and value, as often as it comes. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/** They differ by nature, between any two answers or connections. */
const BY_NATURE = new Set([
  "age",
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "proxy-connection",
  "server-timing",
  "transfer-encoding",
  "via",
]);

/** Values by name, of the headers that are compared; of cookies the names alone, since their values are made anew. */
function compared(lines: HeaderLines): ReadonlyMap<string, string> {
  const values = new Map<string, readonly string[]>();
  for (const [name, value] of lines) {
    if (BY_NATURE.has(name) || name.startsWith("x-serin-")) continue;
    const said = name === "set-cookie" ? value.slice(0, Math.max(0, value.indexOf("="))) : value;
    values.set(name, [...(values.get(name) ?? []), said]);
  }
  return new Map(
    [...values].map(([name, all]) => [name, (name === "set-cookie" ? all.toSorted() : all).join(", ")] as const),
  );
}

/** Names of the headers that differ, with both values; `undefined` where it is not there. */
export function differingHeaders(
  user: HeaderLines,
  copy: HeaderLines,
): readonly (readonly [name: string, user: string | undefined, copy: string | undefined])[] {
  const [left, right] = [compared(user), compared(copy)];
  const names = [...new Set([...left.keys(), ...right.keys()])];
  return names
    .filter((name) => left.get(name) !== right.get(name))
    .map((name) => [name, left.get(name), right.get(name)]);
}
