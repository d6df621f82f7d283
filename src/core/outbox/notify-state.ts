// What was told to whom lately?
import type { Ms } from "../units.ts";
import type { NotifyEvent, Severity } from "./message.ts";

/** What one receiver was told in the minute that began at `sinceMs`, and what was too much for it. */
export interface Told {
  readonly sinceMs: Ms;
  readonly count: number;
  /** What was not told: how many, and the last texts of them. It is told in one message when the minute is over. */
  readonly left: number;
  readonly last: readonly string[];
  /** Version of the last of them: it names the message that tells them. */
  readonly version: number;
  /** The last of the weightiest of them. */
  readonly worst?:
    | {
        readonly event: NotifyEvent;
        readonly severity: Severity;
        readonly rollout: number;
        readonly outcome?: string | undefined;
      }
    | undefined;
}

/** By the receiver's name in the file. */
export type NotifyState = Readonly<Record<string, Told>>;
