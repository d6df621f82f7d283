// Of what does a scenario consist?
import type { Tells } from "./signals.ts";

/** How a revision behaves, from some moment on. What is not named stays as it was. Shares are 0…1. */
export interface Traits {
  readonly errors?: number;
  /** Instead of `errors`, once the candidate's share of the traffic is at least this. */
  readonly errorsFrom?: { readonly share: number; readonly errors: number } | undefined;
  /** From the moment when it is said, towards a share of errors. */
  readonly drift?: { readonly errors: number; readonly overMs: number } | undefined;
  readonly clientErrors?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Every answer takes this many times longer. */
  readonly slower?: number;
  readonly slowest?: { readonly share: number; readonly factor: number } | undefined;
  readonly burst?: number;
  /** Standard deviation of the replicas' log odds of an error. */
  readonly differ?: number;
  readonly cold?: { readonly factor: number; readonly untilMs: number } | undefined;
  readonly ready?: number | "never";
  readonly crashes?: number;
  readonly tells?: Tells;
  /** Gauges as a factor of what they were. */
  readonly factors?: Readonly<Record<string, number>>;
}

export type Verb = "promote" | "pause" | "resume" | "abort" | "retry" | "undo";

/** Requests per second; from `low` to `high` and back within 24 hours when they differ. */
export interface Load {
  readonly low: number;
  readonly high: number;
}

/** What happens at a moment of a scenario. `canary`, `stable` and `everything` stand for revisions. */
export type Happening =
  | { readonly kind: "load"; readonly load: Load }
  | { readonly kind: "traits"; readonly of: string; readonly traits: Traits }
  | { readonly kind: "outage"; readonly of: string; readonly forMs: number; readonly errors: number }
  | { readonly kind: "apply"; readonly name: string }
  | { readonly kind: "gone"; readonly what: "metrics" | "router" | "controller"; readonly forMs: number }
  | { readonly kind: "crash"; readonly role: string; readonly count: number }
  | { readonly kind: "command"; readonly verb: Verb; readonly full: boolean };

export type Expectation =
  | { readonly kind: "share"; readonly role: string; readonly percent: number; readonly within: number }
  | { readonly kind: "outcome"; readonly outcome: string }
  | { readonly kind: "verdict"; readonly verdict: string }
  | { readonly kind: "waiting"; readonly on: string }
  | { readonly kind: "stable"; readonly revision: string }
  | { readonly kind: "says"; readonly text: string }
  | { readonly kind: "refused"; readonly text: string }
  | { readonly kind: "lost"; readonly atMost: number }
  | { readonly kind: "harm"; readonly atMost: number };

/** When an expectation must be true: at a moment, by a moment at the latest, in the end, or at no moment. */
export type When =
  | { readonly kind: "at"; readonly atMs: number }
  | { readonly kind: "within"; readonly atMs: number }
  | { readonly kind: "end" }
  | { readonly kind: "never" };

interface Placed {
  /** In its file, from 1. */
  readonly line: number;
  /** The line as it was understood. */
  readonly text: string;
}

/** Something that happens; `atMs` counts from the beginning, at which the stable version has been serving for a while. */
export type Event = Happening & Placed & { readonly atMs: number; readonly timed: boolean };

export type Expected = Placed & { readonly when: When; readonly what: Expectation };

export interface Scenario {
  /** The rollout file's text, or its path as the scenario gives it; neither in a scenario of lines only. */
  readonly spec?: string | undefined;
  readonly file?: { readonly path: string; readonly line: number } | undefined;
  readonly events: readonly Event[];
  readonly expectations: readonly Expected[];
}

/** What happens to one member of a group, or to all of them. */
export type GroupEvent = Event & { readonly member?: string | undefined };

/** A scenario of a release or façade: lines only. */
export interface GroupScenario {
  readonly events: readonly GroupEvent[];
}
