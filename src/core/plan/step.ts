// Of which instructions is a rollout made?
import type { Calendar, OpenHours } from "../calendar.ts";
import type { Match } from "../match.ts";
import type { Mirror } from "../mirror.ts";
import type { HookSpec } from "../outbox/message.ts";
import type { AnalysisPlan } from "../stats/plan.ts";
import { RIVALS, type Role, type StickyKey, type Weights } from "../split.ts";
import type { AbPlan } from "../stats/ab/judge.ts";
import type { Ms, Weight } from "../units.ts";

/** What to do when a judgement's longest time is over and nothing is shown. */
export type Undecided = "goOn" | "hold" | "rollBack";

/** One instruction of a program. It says what shall be true; the engine goes on when that has been observed. */
export type Step =
  /** The role's pool is ready at this size. */
  | { readonly op: "scale"; readonly role: Role; readonly size: number }
  /** The router reports this split. Rules and mirror that are not named end. */
  | {
      readonly op: "route";
      readonly weights: Weights;
      readonly matches?: readonly Match[] | undefined;
      readonly mirror?: Mirror | undefined;
      /** The share that the file asks for, where only another one can be made. */
      readonly asked?: Weight | undefined;
    }
  /** The time has passed, and the canary was seen at work. */
  | {
      readonly op: "hold";
      readonly durationMs: Ms;
      /** Everybody has the candidate, and the old version is kept for the way back. */
      readonly keepsOld?: true | undefined;
    }
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
  /** A person says go; or the clock does, or somebody who is asked again and again. */
  | {
      readonly op: "gate";
      readonly what: string;
      readonly by?: GateBy | undefined;
      /** So many people must say so, none of whom has started the rollout; without it anybody may. */
      readonly approvals?: number | undefined;
    }
  /** A hook was called and has succeeded. */
  | { readonly op: "run"; readonly hook: HookSpec }
  /** So many answers to copies were compared with those that users got, and none differs beyond noise. */
  | {
      readonly op: "compare";
      readonly atLeast: number;
      /** How often a difference may be found where there is none, 0…1. */
      readonly alpha: number;
      readonly found: "rollBack" | "hold" | "goOn";
    }
  /** An A/B test has come to its end; `winner` says what becomes of the better one. */
  | {
      readonly op: "test";
      readonly plan: AbPlan;
      readonly atMostMs: Ms;
      readonly winner: AfterTest;
    }
  /** The candidate is stable. */
  | { readonly op: "promote" }
  /** The role's pool is drained and gone. After `promote`, `stable` means the pool that was stable before. */
  | { readonly op: "retire"; readonly role: Role }
  /** Nothing is promoted: stable gets everything, the candidate is retired, and what was found out stays. */
  | { readonly op: "conclude"; readonly what: string };

/** Who opens a gate, if not a person. A person may, always. */
type GateBy =
  | { readonly kind: "hook"; readonly hook: HookSpec }
  | { readonly kind: "hours"; readonly hours: readonly OpenHours[] };

/** What becomes of an A/B test: the better one gets everybody, both go on until a person says so, or it is only told. */
export type AfterTest = "promote" | "keep" | "report";

/** One entry per kind of step: forget one and it does not compile. */
export type StepTable<R> = {
  readonly [K in Step["op"]]: (step: Extract<Step, { readonly op: K }>) => R;
};

/** How often a version is tried within one rollout: each step down and each further candidate is another try. */
export function triesOf({ steps, stepsBack }: Pick<Program, "steps" | "stepsBack">): number {
  const rivals = new Set(steps.flatMap((step) => (step.op === "scale" ? [step.role] : [])));
  return 1 + (stepsBack?.times ?? 0) + RIVALS.filter((role) => rivals.has(role)).length;
}

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
  /** Replicas that carry all of the traffic at the least, where fewer than `fullSize` may be ready for a time. */
  readonly leastSize?: number | undefined;
  /** When a share may rise and a version be promoted. The way back needs no calendar. */
  readonly calendar?: Calendar | undefined;
  /** Hooks that are called again and again while the candidate gets requests, and those of the way back. */
  readonly hooks?: readonly HookSpec[] | undefined;
  /** How often a worse version is taken down a step instead of back. */
  readonly stepsBack?: StepsBack | undefined;
}

/** Instead of the way back: one share lower, and judged anew. Each try has its part of the false-rollback rate. */
interface StepsBack {
  readonly times: number;
}
