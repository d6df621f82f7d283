// What does somebody learn who decided on an old view?
import type { DecisionRecord } from "../core/engine/state.ts";
import { SerinError, type Trouble } from "../core/issues.ts";

/** SERIN_STALE: a command names a version that is not the service's any more. */
export class Stale extends SerinError {
  /** What was decided since, oldest first; the first 100. */
  readonly changes: readonly DecisionRecord[];
  /** The version now. */
  readonly version: number;

  constructor(trouble: Trouble, now: { readonly changes: readonly DecisionRecord[]; readonly version: number }) {
    super(trouble);
    this.changes = now.changes;
    this.version = now.version;
  }
}
