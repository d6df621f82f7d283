// Which of thousands looks when?

/** A part of one, above 0, that a name has to itself, more or less. */
export function turnOf(name: string): number {
  let hash = 0;
  for (let at = 0; at < name.length; at += 1) hash = (hash * 31 + name.charCodeAt(at)) >>> 0;
  // Multiplied with the golden ratio, names that follow each other are far apart.
  return ((Math.imul(hash, 0x9e3779b1) >>> 0) + 1) / 2 ** 32;
}
