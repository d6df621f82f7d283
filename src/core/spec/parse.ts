// What did they ask, or where exactly is the file wrong?
import type { Issue } from "../issues.ts";
import type { Rollout } from "./rollout.ts";

/** A place in the text; lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type ParseResult =
  | {
      readonly ok: true;
      readonly rollout: Rollout;
      /** Where a path such as `spec.strategy.canary.steps[1].weight` stands; its nearest parent when it is not there. */
      readonly at: (path: string) => Position;
    }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Reads a rollout file: the rollout, or every mistake in it with its place. */
export function parseRollout(text: string): ParseResult {
  throw new Error(`not written yet: ${text.length}`);
}
