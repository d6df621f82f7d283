// What does a group get to know, and what does it ask of its members?
import type { Answer, Command } from "../engine/input.ts";
import type { DecisionRecord, ServiceState } from "../engine/state.ts";
import type { Ms } from "../units.ts";
import type { GroupState, Plan, Target } from "./state.ts";

interface Asked {
  readonly id: string;
  readonly actor: string;
  readonly reason: string;
  readonly expected?: number | undefined;
}

/** A group's file is to be brought about. */
export interface GroupApply extends Asked {
  readonly kind: "apply";
  readonly plan: Plan;
  readonly targets: Readonly<Record<string, Target>>;
}

/** What a person asks of a group. */
export type GroupCommand =
  | GroupApply
  | (Asked & { readonly kind: "promote" | "pause" | "resume" | "abort" | "retry" | "undo" });

/** What a group asks of a member. Asking twice does no harm: a command names the state that it was decided on. */
export interface Ask {
  readonly service: string;
  /** Nothing: the member is to be taken down. */
  readonly command?: Command | undefined;
}

/** A member did not do what it was asked for. */
export interface Refused {
  readonly service: string;
  readonly kind: Command["kind"];
  readonly code: string;
  readonly what: string;
}

/** The members, time included, as they were seen for one decision. */
export interface GroupInput {
  readonly nowMs: Ms;
  /** Members that are there. */
  readonly members: Readonly<Record<string, ServiceState | undefined>>;
  readonly commands: readonly GroupCommand[];
  /** What became of asks of the last decision, of those that were refused. */
  readonly refused: readonly Refused[];
}

/** What follows: the next state, why, and what the members are asked for once that is written down. */
export interface GroupDecision {
  readonly state: GroupState;
  readonly records: readonly DecisionRecord[];
  readonly answers: readonly Answer[];
  readonly asks: readonly Ask[];
}
