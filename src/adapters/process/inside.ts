// What must be known of a replica to tell what it uses?
import type { LogCounts } from "./log-lines.ts";

/** One replica from within. Counts are those of this controller: an earlier one has kept its own. */
export interface Inside {
  readonly replica: string;
  readonly pool: string;
  /** Its first process, which leads a session; none while it waits for its next start. */
  readonly process: { readonly pid: number; readonly birth: string | undefined } | undefined;
  /** What was there when this controller found it; none of a replica that this controller has made. */
  readonly before: { readonly birth: string | undefined; readonly restarts: number } | undefined;
  /** Of its whole life. */
  readonly restarts: number;
  /** Looks whether it is ready, since its process was ready for the first time. */
  readonly checks: { readonly made: number; readonly failed: number };
  /** Lines of trouble in its log. Not there while it shares a log with others. */
  readonly troubles?: () => Promise<LogCounts>;
}
