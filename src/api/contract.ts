// What do programs and people get to see of Serin, and what may they ask?
import type { DecisionRecord, Ended, Quarantined, RolloutState } from "../core/engine/state.ts";
import type { EndedRun, Run, Standing } from "../core/group/state.ts";
import type { Role, Split, Weights } from "../core/split.ts";
import type { Trail } from "../core/stats/trail.ts";
import type { Verdict } from "../core/stats/plan.ts";
import type { Usual } from "../core/stats/verdict.ts";
import type { Ms } from "../core/units.ts";
import type { Health } from "../runtime/health.ts";

/** A pool: what is wanted of it and what runs. */
export interface PoolView {
  readonly pool: string;
  readonly role: Role | "former" | "leaving";
  readonly revision: string;
  readonly wanted: number;
  /** Nothing when nobody looks. */
  readonly ready?: number | undefined;
  readonly restarts: number;
  /** Why a replica of it is not ready. */
  readonly why?: string | undefined;
}

/** A rollout, under way or the last one. */
export interface RolloutView {
  readonly number: number;
  readonly strategy: string;
  readonly candidate: string;
  readonly replaces?: string | undefined;
  readonly phase: RolloutState["phase"];
  /** What the program does, step by step, in sentences. */
  readonly steps: readonly string[];
  readonly cursor: number;
  readonly startedMs: Ms;
  readonly stepSinceMs: Ms;
  readonly endedMs?: Ms | undefined;
  readonly waiting?: RolloutState["waiting"];
  readonly paused?: RolloutState["paused"];
  readonly goesBackBecause?: string | undefined;
  readonly verdict?: Verdict | undefined;
  /** Further candidates of an experiment. */
  readonly rivals?: readonly RivalView[] | undefined;
  /** How the evidence came about, while the rollout is under way; afterwards its last decision has it. */
  readonly trail?: Trail | undefined;
  /** In what the answers to copies differ, while they are compared; afterwards the last decision has it. */
  readonly comparison?: RolloutState["comparison"];
  /** What an A/B test says, likewise. */
  readonly test?: RolloutState["test"];
  readonly outcome?: RolloutState["outcome"];
  readonly why?: string | undefined;
}

/** A further candidate of an experiment. */
export interface RivalView {
  readonly name: string;
  readonly role: Role;
  readonly revision: string;
  readonly verdict?: Verdict | undefined;
  /** Why it has left. */
  readonly left?: string | undefined;
}

/** One service as it is now. */
export interface ServiceView {
  readonly service: string;
  /** Of a service in a cluster. */
  readonly namespace?: string | undefined;
  /** Names what was seen; commands carry it back, so that nobody decides on an old view. */
  readonly version: number;
  readonly nowMs: Ms;
  readonly address?: string | undefined;
  readonly stable?: string | undefined;
  /** Whether the service answers, whatever becomes of the release; `unknown` when nobody looks. */
  readonly health: Health;
  readonly pools: readonly PoolView[];
  /** A second address, whose requests go to the candidate while there is one. */
  readonly preview?: string | undefined;
  /** The split that is wanted: its weights, and all of it. */
  readonly wanted: Weights;
  readonly split: Split;
  /** The split that the router reports; nothing when it cannot be read. */
  readonly reported?: Weights | undefined;
  /** The shares of the requests that were counted in the last seconds, 0…1. */
  readonly measured?: { readonly windowMs: number; readonly requests: number; readonly shares: Shares } | undefined;
  /** What stable does when nothing is rolled out; nothing before it was looked at for a while. */
  readonly usual?: (Usual & { readonly perSecond: number }) | undefined;
  readonly rollout?: RolloutView | undefined;
  readonly history: readonly Ended[];
  readonly quarantine: readonly Quarantined[];
  /** A newer revision that waits for the end of the rollout under way. */
  readonly queued?: { readonly revision: string; readonly atMs: Ms; readonly actor: string } | undefined;
  readonly recent: readonly DecisionRecord[];
  /** What does not work right now, by part. */
  readonly troubles: Readonly<Record<string, string>>;
}

/** One member of a group. */
export interface MemberView {
  readonly service: string;
  /** The route of a façade; else the service. */
  readonly name: string;
  readonly at: Standing["at"];
  /** How far it is, in words. */
  readonly text: string;
  /** Why it does not come further, or what it waits for. */
  readonly why?: string | undefined;
  /** Of a façade: the requests that it takes, and how many legacy answered of them in the last minute. */
  readonly requests?: string | undefined;
  readonly legacyRequests?: number | undefined;
  /** Of a release: its wave, from 0, and what must be there before it. */
  readonly wave?: number | undefined;
  readonly needs?: readonly string[] | undefined;
}

/** Several services that are looked after together. */
export interface GroupView {
  /** `release/shop`, `facade/shop`. */
  readonly group: string;
  readonly version: number;
  readonly nowMs: Ms;
  /** Of a façade: where its clients reach it. */
  readonly address?: string | undefined;
  readonly number: number;
  readonly phase: Run["phase"];
  readonly startedMs: Ms;
  readonly endedMs?: Ms | undefined;
  readonly outcome?: Run["outcome"];
  readonly why?: string | undefined;
  readonly paused?: RolloutState["paused"];
  /** In their order. */
  readonly members: readonly MemberView[];
  /** What is left, and what a person may do, in sentences. */
  readonly next: readonly string[];
  readonly history: readonly EndedRun[];
  readonly recent: readonly DecisionRecord[];
  readonly troubles: Readonly<Record<string, string>>;
}

export type Shares = Readonly<Partial<Record<Role, number>>>;

/** Who asks, and why. */
interface Asking {
  readonly actor: string;
  readonly reason: string;
}

/** A rollout file to follow. */
export interface ApplyRequest extends Asking {
  readonly text: string;
  /** Absolute folder that the file's relative paths start from. */
  readonly origin: string;
  /** Takes the place of whatever is under way, and asks no calendar. */
  readonly hotfix?: boolean | undefined;
}

/** A verb on a service. */
export interface CommandRequest extends Asking {
  readonly kind: "promote" | "pause" | "resume" | "abort" | "retry" | "undo" | "scale";
  readonly expected?: number | undefined;
  readonly full?: boolean | undefined;
  readonly to?: string | undefined;
  /** Of `scale`. */
  readonly replicas?: number | undefined;
}

/** What became of it. A refusal is thrown as a SerinError instead. */
export interface Reply {
  readonly service: string;
  readonly text: string;
  readonly version: number;
  /** Number of the rollout that is under way now; nothing when there was nothing to start. */
  readonly rollout?: number | undefined;
}

/** Everything that can be asked of a controller, here or in another process. Commands, records and removal go by name. */
export interface Link {
  /** Which part of what there is it looks at, in words; all of it without. */
  readonly where?: string | undefined;
  /** So often is enough to look, where looking costs something, in milliseconds. */
  readonly everyMs?: number | undefined;
  list(): Promise<readonly ServiceView[]>;
  get(service: string): Promise<ServiceView>;
  groups(): Promise<readonly GroupView[]>;
  group(name: string): Promise<GroupView>;
  apply(request: ApplyRequest): Promise<Reply>;
  command(service: string, request: CommandRequest): Promise<Reply>;
  /** Decisions with a version above `after`, oldest first. */
  records(service: string, after: number, limit: number): Promise<readonly DecisionRecord[]>;
  /** Takes a service down: its traffic, its replicas and what is known of it. A façade with all of its services. */
  remove(service: string): Promise<void>;
  close(): Promise<void>;
}
