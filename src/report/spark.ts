// How does a course look in one line of text?

const BARS = "▁▂▃▄▅▆▇█";

/** A value of 0…1 at a moment. */
export interface Level {
  readonly atMs: number;
  readonly level: number;
}

/** As many bars as asked for, each the last level until its end; a space before the first. Empty for fewer than two moments. */
export function spark(levels: readonly Level[], bars: number): string {
  const known = levels.filter(({ level }) => Number.isFinite(level));
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last || !(last.atMs > first.atMs)) return "";
  const span = last.atMs - first.atMs;
  return Array.from({ length: bars }, (_, index) => {
    const untilMs = first.atMs + (span * (index + 1)) / bars;
    const level = known.findLast(({ atMs }) => atMs <= untilMs)?.level ?? 0;
    return BARS[Math.min(BARS.length - 1, Math.max(0, Math.round(level * (BARS.length - 1))))] ?? " ";
  }).join("");
}
