// What is said of a field of somebody else's file?
import type { Issue } from "../issues.ts";

/**
 * `note`: the same meaning in another form. `changes`: it means something else now. `none`: Serin has nothing like it.
 * `wrong`: the file itself is not right.
 */
export type Level = "note" | "changes" | "none" | "wrong";

/** One remark, at its place in the file that was read. */
export interface Remark extends Pick<Issue, "line" | "column" | "path"> {
  readonly file: string;
  readonly level: Level;
  /** What was asked, and what Serin does; one or two sentences. */
  readonly text: string;
  /** What to do where nothing can be converted. */
  readonly instead?: string | undefined;
}

/** What people call the levels. */
export const LEVELS: Readonly<Record<Level, string>> = {
  note: "note",
  changes: "changes meaning",
  none: "no equivalent",
  wrong: "wrong",
};

/** Whether nothing was lost on the way. What has no equivalent may be left out if somebody says so. */
export function isLossless(remarks: readonly Remark[], lenient: boolean): boolean {
  return remarks.every(({ level }) => level !== "wrong" && (lenient || level !== "none"));
}

/** In the order of the files; each remark once, though a template was used twice. */
export function sorted(remarks: readonly Remark[], files: readonly string[]): readonly Remark[] {
  const seen = new Set<string>();
  const once = remarks.filter((remark) => {
    const key = JSON.stringify(remark);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const order = (name: string): number => files.indexOf(name);
  return once.toSorted((a, b) => order(a.file) - order(b.file) || a.line - b.line || a.column - b.column);
}
