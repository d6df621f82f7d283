// Which steps follow from a rollout file?
import type { Abilities } from "../abilities.ts";
import type { Rollout } from "../spec/rollout.ts";
import type { Program } from "./step.ts";
import type { PlanIssue } from "./strategy.ts";

/** What a plan depends on besides the file. */
export interface CompileContext {
  readonly abilities: Abilities;
  /** Whether a stable version runs already. Without one there is nothing to compare with and nobody to protect. */
  readonly stable: boolean;
  /** Go straight back to a known version: an undo. No steps, no judgement. */
  readonly direct?: boolean | undefined;
}

export type CompileResult =
  | { readonly ok: true; readonly program: Program }
  | { readonly ok: false; readonly issues: readonly PlanIssue[] };

/** Compiles a rollout to a program, or says what the parts that it names cannot do. */
export function compile(rollout: Rollout, context: CompileContext): CompileResult {
  throw new Error(`not written yet: ${rollout.metadata.name} ${String(context.stable)}`);
}
