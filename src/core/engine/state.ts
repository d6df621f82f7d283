// What does the engine remember of one service?
import type { Abilities } from "../abilities.ts";
import type { Counters } from "../evidence.ts";
import type { Program } from "../plan/step.ts";
import type { Rollout } from "../spec/rollout.ts";
import type { Signals } from "../signals.ts";
import type { HookRun, Message } from "../outbox/message.ts";
import type { NotifyState } from "../outbox/notify-state.ts";
import type { Comparison } from "../comparison.ts";
import type { AbReport } from "../stats/ab/judge.ts";
import type { ApplyCommand } from "./input.ts";
import type { MeasuredCourse } from "./measured.ts";
import type { Rival, Role, Split, Weights } from "../split.ts";
import type { Verdict } from "../stats/plan.ts";
import type { Trail } from "../stats/trail.ts";
import type { AnalysisState, Background } from "../stats/verdict.ts";
import type { Ms } from "../units.ts";
import type { Revision } from "../world.ts";

/** Version of the layout of state and records in the journal. */
export const FORMAT = 3;

/** A pool that shall run. `former` was stable until the promotion and waits to be retired. */
export interface PoolState {
  readonly pool: string;
  readonly role: Role | "former";
  /** The revision's name; its content is in `revisions`. */
  readonly revision: string;
  readonly size: number;
}

/** How a rollout ended. */
export type Outcome = "promoted" | "rolled-back" | "stopped" | "concluded";

/** What a rollout waits for right now, for people to read. */
export interface Waiting {
  readonly for: "replicas" | "router" | "time" | "evidence" | "person" | "hook";
  readonly text: string;
}

/** The way back, once it is taken. It is never left for the way forward again. */
interface Back {
  readonly sinceMs: Ms;
  readonly why: string;
  readonly outcome: Exclude<Outcome, "promoted">;
  /** Since when the router has reported that the candidate gets nothing. */
  readonly clearMs?: Ms | undefined;
}

/** One rollout: a candidate revision on its way to become stable. */
export interface RolloutState {
  /** Counts the rollouts of the service from 1: `checkout/3`. */
  readonly number: number;
  readonly candidate: string;
  /** What was stable when it began. */
  readonly stable?: string | undefined;
  readonly program: Program;
  readonly phase: "forward" | "back" | "ended";
  /** Index of the step under way; the number of steps when all are done. */
  readonly cursor: number;
  readonly startedMs: Ms;
  readonly stepSinceMs: Ms;
  /** A person has said that the step under way counts as passed. */
  readonly waived: boolean;
  /** Who asked for it. Not known of rollouts that an earlier version started. */
  readonly startedBy?: string | undefined;
  /** Who has approved the gate under way. */
  readonly approvals?: readonly string[] | undefined;
  readonly paused?: { readonly by: string; readonly reason: string; readonly atMs: Ms } | undefined;
  readonly waiting?: Waiting | undefined;
  readonly back?: Back | undefined;
  /** Since when the candidate has had too few ready replicas for its share. */
  readonly shortSinceMs?: Ms | undefined;
  readonly analysis?: AnalysisState | undefined;
  readonly verdict?: Verdict | undefined;
  /** How the evidence came about. */
  readonly trail?: Trail | undefined;
  /** Who got which requests, until the candidate is stable. */
  readonly measured?: MeasuredCourse | undefined;
  /** Further candidates of an experiment. */
  readonly rivals?: readonly RivalState[] | undefined;
  /** How hooks ended, by message; the last ones. */
  readonly runs?: Readonly<Record<string, HookRun>> | undefined;
  /** What the answers to copies differ in, as last read. */
  readonly comparison?: Comparison | undefined;
  /** What the A/B test says, as last read. */
  readonly test?: TestReading | undefined;
  /** How often a worse version was taken down a step. */
  readonly steppedBack?: number | undefined;
  /** Canary requests counted since its share was last raised, and when that was. */
  readonly requestsAtShare: number;
  readonly raisedMs?: Ms | undefined;
  /** Whether the last look could read the evidence. */
  readonly blind?: string | undefined;
  readonly endedMs?: Ms | undefined;
  readonly outcome?: Outcome | undefined;
  readonly why?: string | undefined;
}

/** A further candidate of an experiment, with evidence and a verdict of its own. */
export interface RivalState {
  readonly role: Rival;
  readonly name: string;
  readonly revision: string;
  readonly analysis?: AnalysisState | undefined;
  readonly verdict?: Verdict | undefined;
  /** Why it has left the experiment. */
  readonly left?: string | undefined;
}

/** An A/B test, as it was read. */
export interface TestReading {
  readonly report: AbReport;
  /** The sentence for whoever answers for the product. */
  readonly text: string;
}

/** A newer revision that waits for the rollout under way to end. */
interface Queued {
  readonly command: ApplyCommand;
  readonly atMs: Ms;
}

/** A rollout that has ended, as `history` lists it. */
export interface Ended {
  readonly number: number;
  readonly candidate: string;
  readonly outcome: Outcome;
  readonly why: string;
  readonly startedMs: Ms;
  readonly endedMs: Ms;
}

/** A revision that was rolled back: the same content does not start again by itself. */
export interface Quarantined {
  readonly revision: string;
  readonly rollout: number;
  readonly why: string;
  readonly atMs: Ms;
}

/** One decision, as it is kept for ever. */
export interface DecisionRecord {
  readonly atMs: Ms;
  /** The state's version after this decision. */
  readonly version: number;
  readonly rollout: number;
  readonly kind: "started" | "step" | "verdict" | "command" | "note" | "back" | "ended" | "hook" | "queued";
  /** One sentence. */
  readonly text: string;
  /** Index of the step under way. */
  readonly step?: number | undefined;
  readonly verdict?: Verdict | undefined;
  /** How the evidence came about, with the end of a rollout. */
  readonly trail?: Trail | undefined;
  /** Who got which requests, with the end of a rollout. */
  readonly measured?: MeasuredCourse | undefined;
  /** How a rollout ended, or begins to end; of a hook, whether it failed. */
  readonly outcome?: Outcome | "failed" | undefined;
  /** What the answers to copies differed in, with the end of a rollout. */
  readonly comparison?: Comparison | undefined;
  /** What an A/B test said, with the end of a rollout. */
  readonly test?: TestReading | undefined;
  /** How a hook ended. */
  readonly run?: HookRun | undefined;
  /** It says that somebody could not be told: nobody is told of that. */
  readonly untold?: true | undefined;
  /** Who asked for it, for commands. */
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

/** Everything that is known of one service. Plain data of bounded size. */
export interface ServiceState {
  readonly service: string;
  /** Counts the decisions. A command names the version that the person saw. */
  readonly version: number;
  /** The rollout file in force. */
  readonly spec: Rollout;
  /** Folder that relative paths of the file start from. */
  readonly origin: string;
  readonly abilities: Abilities;
  /** Contents of the revisions that run, wait or may be gone back to. */
  readonly revisions: Readonly<Record<string, Revision>>;
  readonly stable?: { readonly pool: string; readonly revision: string } | undefined;
  readonly pools: readonly PoolState[];
  readonly split: Split;
  readonly rollouts: number;
  readonly rollout?: RolloutState | undefined;
  /** The last ended rollouts, newest first. */
  readonly history: readonly Ended[];
  readonly quarantine: readonly Quarantined[];
  /** The last decisions, newest last, for whoever looks and for whoever decided on an old view. */
  readonly recent: readonly DecisionRecord[];
  /** Last reading of the counters; increments count from here. */
  readonly counters?: Counters | undefined;
  /** Last readings of what replicas tell of themselves, by source. */
  readonly signals?: Readonly<Record<string, Signals>> | undefined;
  /** Requests per second of all roles: quick to rise, slow to fall. */
  readonly perSecond?: number | undefined;
  /** The weights that the router reported at the last look, if every role that had one had somebody who answers. */
  readonly reported?: Weights | undefined;
  /** What stable's evidence looks like when nothing is rolled out. */
  readonly background?: Background | undefined;
  /** What shall be told to the world outside and was not yet. */
  readonly outbox?: readonly Message[] | undefined;
  /** What was told to whom lately, so that nobody is told too much. */
  readonly notified?: NotifyState | undefined;
  /** Newer revisions that wait: at most one, the newest. */
  readonly queued?: Queued | undefined;
  /** The number of replicas that a person has set, until a file says another. */
  readonly replicas?: number | undefined;
}

/** Entries kept of `history` and `recent`. */
export const KEEP = 20;

/** `checkout/3`. */
export function rolloutName(state: ServiceState, number = state.rollouts): string {
  return `${state.service}/${number}`;
}

/** The rollout that has not ended, if there is one. */
export function underWay(state: ServiceState): RolloutState | undefined {
  return state.rollout?.phase === "ended" ? undefined : state.rollout;
}

/** The last candidate, where its rollout has ended without making it stable. */
export function withdrawnIn({ rollout }: ServiceState): string | undefined {
  return rollout?.phase === "ended" && rollout.outcome !== "promoted" ? rollout.candidate : undefined;
}

/** The pool that has a role now. */
export function poolOf(state: ServiceState, role: Role | "former"): PoolState | undefined {
  return state.pools.find((pool) => pool.role === role);
}
