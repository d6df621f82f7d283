// What does the engine get to know, and what does it answer?
import type { Abilities } from "../abilities.ts";
import type { Counters } from "../evidence.ts";
import type { Trouble } from "../issues.ts";
import type { Rollout } from "../spec/rollout.ts";
import type { Signals } from "../signals.ts";
import type { Alert } from "../stats/alert.ts";
import type { Ms } from "../units.ts";
import type { Carried, Observed, Revision, RunningPool } from "../world.ts";
import type { Comparison } from "../comparison.ts";
import type { Delivery } from "../outbox/message.ts";
import type { DecisionRecord, ServiceState, TestReading } from "./state.ts";

interface Asked {
  /** Names the answer. */
  readonly id: string;
  readonly actor: string;
  /** For whom a group asks: who has started the group's run. */
  readonly onBehalfOf?: string | undefined;
  readonly reason: string;
  /** The version of the service's state that the person saw; a stale one is refused. */
  readonly expected?: number | undefined;
}

/** A further candidate, under the name that the file gives it. */
export interface NamedRevision {
  readonly name: string;
  readonly revision: Revision;
}

/** A file is to be brought about. */
export interface ApplyCommand extends Asked {
  readonly kind: "apply";
  readonly spec: Rollout;
  readonly origin: string;
  readonly revision: Revision;
  readonly abilities: Abilities;
  /** Further candidates of an experiment, in the order of the file. */
  readonly rivals?: readonly NamedRevision[] | undefined;
  /** Takes the place of whatever is under way, and asks no calendar. */
  readonly hotfix?: boolean | undefined;
}

/** What a person, or a program for one, asks for. */
export type Command =
  | ApplyCommand
  /** Pass the step that waits; with `full`, all that would wait. */
  | (Asked & { readonly kind: "promote"; readonly full: boolean })
  | (Asked & { readonly kind: "pause" | "resume" | "abort" | "retry" })
  /** Another number of replicas, from now on. */
  | (Asked & { readonly kind: "scale"; readonly replicas: number })
  /** Each gate for a person asks for so many approvals at least, from now on. */
  | (Asked & { readonly kind: "approvals"; readonly atLeast: number })
  /** Go back to a revision that was stable before; the last one without `to`. */
  | (Asked & { readonly kind: "undo"; readonly to?: string | undefined });

/** The world, time included, as it was seen for one decision. */
export interface Input {
  readonly nowMs: Ms;
  readonly pools: Observed<readonly RunningPool[]>;
  readonly traffic: Observed<Carried>;
  readonly counters: Observed<Counters>;
  /** What replicas told of themselves, by source; only of sources that are asked for something. */
  readonly signals?: Readonly<Record<string, Observed<Signals>>> | undefined;
  /** Alerts that fire, by the address of their source; only of sources that a file names. */
  readonly alerts?: Readonly<Record<string, Observed<readonly Alert[]>>> | undefined;
  readonly commands: readonly Command[];
  /** What became of messages that were sent. */
  readonly deliveries?: readonly Delivery[] | undefined;
  /** In what the answers to copies differ; only asked while some are made. */
  readonly comparison?: Observed<Comparison> | undefined;
  /** What the A/B test says; only asked while one is under way. */
  readonly test?: Observed<TestReading> | undefined;
  /** Why the router did not take the last route it was given. */
  readonly routerTrouble?: RouterTrouble | undefined;
}

/** A route that was not taken. */
export interface RouterTrouble {
  readonly why: string;
  /** When it was last tried. */
  readonly atMs: Ms;
  /** Trying again will not help until a person does something. */
  readonly hopeless: boolean;
}

/** What became of a command. */
export interface Answer {
  readonly id: string;
  readonly refused?: Trouble | undefined;
  /** One sentence. */
  readonly text: string;
}

/** What follows from the world: the next state, which says what the world should look like, and why. */
export interface Decision {
  readonly state: ServiceState;
  readonly records: readonly DecisionRecord[];
  readonly answers: readonly Answer[];
}
