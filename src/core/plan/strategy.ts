// What does a strategy's compiler get, and what does it return?
import type { Abilities } from "../abilities.ts";
import type { Issue } from "../issues.ts";
import type { HookSpec } from "../outbox/message.ts";
import type { JudgeSpec } from "../spec/steps.ts";
import type { Step, Undecided } from "./step.ts";

/** A mistake at a place of the document that is named by its path only; `parseRollout(…).at(path)` knows the line. */
export type PlanIssue = Omit<Issue, "line" | "column">;

/** What every strategy is compiled with. */
export interface Frame {
  readonly abilities: Abilities;
  /** Replicas that together carry all of the traffic. */
  readonly fullSize: number;
  /** Replicas above the full size that may run, where shares are made by counts. */
  readonly surge?: number | undefined;
  /** Whether a candidate's replicas take the places of stable's, one by one. */
  readonly inPlace: boolean;
  /** Whether something always runs in each place: what is lost comes back at once. */
  readonly refills: boolean;
  /** What a judgement does when time is up that does not say so itself. */
  readonly undecided: Undecided;
  /** Whether requests that come in at a second address go to the candidate. */
  readonly preview: boolean;
  readonly hooks: readonly HookSpec[];
}

/** The steps, and what stands against them. */
export interface Compiled {
  readonly steps: readonly Step[];
  readonly issues: readonly PlanIssue[];
  /** Replicas that carry all of the traffic at the least, where fewer than all may be ready for a time. */
  readonly leastSize?: number | undefined;
  /** Steps after which the candidate is ready to be tested, where a preview for people comes before that. */
  readonly testable?: number | undefined;
}

/** A judgement as a step. */
export function judgement({ atLeastMs, atMostMs, undecided }: JudgeSpec, frame: Frame): Step {
  return {
    op: "judge",
    atLeastMs,
    ...(atMostMs === undefined ? {} : { atMostMs }),
    undecided: undecided ?? frame.undecided,
  };
}
