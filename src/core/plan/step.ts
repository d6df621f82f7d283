// Of which instructions is a rollout made?
import type { AnalysisPlan } from "../stats/plan.ts";
import type { Role, StickyKey, Weights } from "../split.ts";
import type { Ms, Weight } from "../units.ts";

/** What to do when a judgement's longest time is over and nothing is shown. */
export type Undecided = "goOn" | "hold" | "rollBack";

/** One instruction of a program. It says what shall be true; the engine goes on when that has been observed. */
export type Step =
  /** The role's pool is ready at this size. */
  | { readonly op: "scale"; readonly role: Role; readonly size: number }
  /** The router reports these weights. */
  | { readonly op: "route"; readonly weights: Weights }
  /** The time has passed, and the canary was seen at work. */
  | { readonly op: "hold"; readonly durationMs: Ms }
  /** The evidence since this step began shows that the canary is no worse; or time is up. */
  | {
      readonly op: "judge";
      readonly atLeastMs: Ms;
      /** Without it the judgement waits as long as it takes. */
      readonly atMostMs?: Ms | undefined;
      readonly undecided: Undecided;
    }
  /** The share has risen to `to`, as fast as evidence allowed: a bad version costs about `harm` failed requests. */
  | {
      readonly op: "ramp";
      readonly to: Weight;
      readonly harm: number;
      /** Whether a baseline grows with the canary. */
      readonly baseline: boolean;
    }
  /** A person says go. */
  | { readonly op: "gate"; readonly what: string }
  /** The candidate is stable. */
  | { readonly op: "promote" }
  /** The role's pool is drained and gone. After `promote`, `stable` means the pool that was stable before. */
  | { readonly op: "retire"; readonly role: Role };

/** One entry per kind of step: forget one and it does not compile. */
export type StepTable<R> = {
  readonly [K in Step["op"]]: (step: Extract<Step, { readonly op: K }>) => R;
};

/** Looks a step up in a table. */
export function byStep<R>(table: StepTable<R>, step: Step): R {
  // The table holds for every op exactly the function of that op; TypeScript cannot follow the pairing.
  const entry = table[step.op] as (step: Step) => R;
  return entry(step);
}

/** A strategy, compiled: what to do, in which order, and what guards it. */
export interface Program {
  readonly strategy: string;
  readonly steps: readonly Step[];
  /** Replicas that together carry all of the traffic. */
  readonly fullSize: number;
  /** Longest time in which a pool must become ready. */
  readonly progressDeadlineMs: Ms;
  /** What guards the rollout from the first request to the candidate to the last; none when there is nothing to compare. */
  readonly analysis?: AnalysisPlan | undefined;
  readonly sticky?: StickyKey | undefined;
}
