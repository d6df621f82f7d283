// What is remembered of a group of services?
import type { Abilities } from "../abilities.ts";
import type { ApplyCommand } from "../engine/input.ts";
import type { DecisionRecord } from "../engine/state.ts";
import type { Rollout } from "../spec/rollout.ts";
import type { Wave } from "../spec/release.ts";
import type { Ms } from "../units.ts";
import type { Revision } from "../world.ts";

/** Version of the layout of a group's state in the journal. */
export const GROUP_FORMAT = 1;

export type GroupKind = "facade" | "release";

/** What a member shall be brought to. */
export interface Target {
  readonly spec: Rollout;
  readonly origin: string;
  readonly revision: Revision;
  readonly abilities: Abilities;
  /** Further candidates, of an experiment. */
  readonly rivals?: ApplyCommand["rivals"];
}

/** Several services as one, and in which order they come. */
export interface ReleasePlan {
  readonly kind: "release";
  readonly waves: readonly Wave[];
  readonly needs: Readonly<Record<string, readonly string[]>>;
  readonly promote: "together" | "each";
  readonly onWorse: "takeBack" | "hold";
}

/** Routes that move away from legacy, in order. */
export interface FacadePlan {
  readonly kind: "facade";
  readonly order: "one-by-one" | "together";
  /** The service of all requests that no route takes. */
  readonly rest: string;
  readonly line: readonly Route[];
  /** What answers whatever has not moved. */
  readonly legacy: Revision;
  /** Revisions that were legacy before, of other addresses. */
  readonly former: readonly string[];
}

interface Route {
  readonly service: string;
  readonly route: string;
  /** Its requests, in words. */
  readonly requests: string;
}

export type Plan = ReleasePlan | FacadePlan;

/** How far a member is. Plain words for people; only the first one is decided on. */
export interface Standing {
  readonly at:
    | "waiting"
    | "starting"
    | "under-way"
    | "gate"
    | "promoted"
    | "going-back"
    | "rolled-back"
    | "stopped"
    | "undone"
    | "refused";
  readonly why?: string | undefined;
}

/** What the group has done about a member. */
export interface Progress {
  readonly target: Target;
  /** Rollouts that the member had had when it was told to start; nothing while its turn has not come. */
  readonly askedAfter?: number | undefined;
  /** It was rolled back or stopped before, and a person wants it again. */
  readonly again?: true | undefined;
  /** Why it could not start. */
  readonly refused?: string | undefined;
  /** What was stable when the run began. */
  readonly before?: string | undefined;
  /** How far it was when that was last written down. */
  readonly standing: Standing["at"];
  /** The rollout that a person wants aborted. */
  readonly abort?: number | undefined;
  /** A person has taken its place in the line away. */
  readonly skipped?: true | undefined;
  /** Its file says something else of the same revision: not told to it yet. */
  readonly stale?: true | undefined;
  /** Legacy did not come up behind it, and a person wants another try: after so many rollouts. */
  readonly legacyAgain?: number | undefined;
  /** How often it was told to go back to what was stable before, and after how many rollouts last. */
  readonly undo?: { readonly tries: number; readonly after: number } | undefined;
}

/** One run of the group, from its file to its end. */
export interface Run {
  readonly number: number;
  readonly phase: "forward" | "held" | "back" | "ended";
  readonly startedMs: Ms;
  /** Who asked for it. */
  readonly startedBy?: string | undefined;
  /** Index of the wave under way. */
  readonly wave: number;
  /** All members of the wave stood at their gate and none was worse: they are let through, in order. */
  readonly passed?: true | undefined;
  /** Since when all members of the wave are promoted. */
  readonly bakesSinceMs?: Ms | undefined;
  /** A person has said that the wave was watched long enough. */
  readonly watched?: true | undefined;
  readonly back?: { readonly sinceMs: Ms; readonly why: string; readonly outcome: GroupOutcome } | undefined;
  readonly endedMs?: Ms | undefined;
  readonly outcome?: GroupOutcome | undefined;
  readonly why?: string | undefined;
}

export type GroupOutcome = "promoted" | "rolled-back" | "stopped";

/** A run that has ended, as `history` lists it. */
export interface EndedRun {
  readonly number: number;
  readonly outcome: GroupOutcome;
  readonly why: string;
  readonly startedMs: Ms;
  readonly endedMs: Ms;
}

/** Requests that legacy has answered for one member. */
export interface LegacyCount {
  /** What the counters said last. */
  readonly total: number;
  /** Requests since the count began, at moments of the last minute, oldest first. */
  readonly samples: readonly { readonly atMs: Ms; readonly requests: number }[];
  /** When the last request was seen; the start of counting before the first. */
  readonly askedMs: Ms;
}

/** Everything that is known of one group. Plain data of bounded size. */
export interface GroupState {
  /** `release/shop`: also its name in the journal, where no service's name has a slash. */
  readonly group: string;
  readonly version: number;
  readonly plan: Plan;
  readonly members: Readonly<Record<string, Progress>>;
  /** Members of an earlier file, to be taken down. */
  readonly leaving: readonly string[];
  readonly runs: number;
  readonly run?: Run | undefined;
  readonly paused?: { readonly by: string; readonly reason: string; readonly atMs: Ms } | undefined;
  readonly legacy: Readonly<Record<string, LegacyCount>>;
  readonly history: readonly EndedRun[];
  readonly recent: readonly DecisionRecord[];
}

/** Whether a name in the journal is a group's. */
export function isGroupName(name: string): boolean {
  return name.includes("/");
}

/** The gate at which all members of a release wait for each other. */
export function gateOf(group: string): string {
  return group.replace("/", " ");
}

/** A group of which nothing has been decided yet. */
export function newGroup(group: string, plan: Plan): GroupState {
  return { group, version: 0, plan, members: {}, leaving: [], runs: 0, legacy: {}, history: [], recent: [] };
}

/** The group's members, in the order of the file. */
export function namesOf({ plan }: Pick<GroupState, "plan">): readonly string[] {
  if (plan.kind === "release") return plan.waves.flatMap(({ members }) => members);
  return [plan.rest, ...plan.line.map(({ service }) => service)];
}
