// What does a strategy's compiler get, and what does it return?
import type { Abilities } from "../abilities.ts";
import type { Issue } from "../issues.ts";
import type { Undecided } from "./step.ts";
import type { Step } from "./step.ts";

/** A mistake at a place of the document that is named by its path only; `parseRollout(…).at(path)` knows the line. */
export type PlanIssue = Omit<Issue, "line" | "column">;

/** What every strategy is compiled with. */
export interface Frame {
  readonly abilities: Abilities;
  /** Replicas that together carry all of the traffic. */
  readonly fullSize: number;
  /** What a judgement does that does not say itself. */
  readonly undecided: Undecided;
}

/** Steps, or what stands against them. */
export type Compiled = { readonly steps: readonly Step[]; readonly issues: readonly PlanIssue[] };
