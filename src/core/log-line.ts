// How is a line of somebody else's log shown?

/** The longest that is shown of one, in characters. */
const LONGEST = 2_000;

/** The last lines of a log, oldest first: without control characters, and shortened where they are very long. */
export function lastLines(log: string, lines: number): readonly string[] {
  const whole = log.trimEnd();
  if (whole === "") return [];
  return whole
    .split("\n")
    .slice(-lines)
    .map((line) => shortened(printable(line), LONGEST));
}

export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** A line of someone else's, safe to show. */
export function printable(line: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is taken out
  return line.replaceAll(/\u001B\[[\d;?]*[A-Za-z]|[\u0000-\u001F\u007F-\u009F]/g, "");
}
