// What was told to whom lately?
import type { Ms } from "../units.ts";

/** What one receiver was told in the minute that began at `sinceMs`. */
export interface Told {
  readonly sinceMs: Ms;
  readonly count: number;
  /** What was not told because it was too much: how many, and the last texts of them. */
  readonly left: number;
  readonly last: readonly string[];
}

/** By the receiver's name in the file. */
export type NotifyState = Readonly<Record<string, Told>>;
