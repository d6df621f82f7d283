// Who answers questions about a service's figures, when they are kept somewhere else?
import type { Ms } from "../core/units.ts";
import type { Call } from "./observed.ts";

/** One question. What stands for the role and the revision has been put in already. */
export interface FigureAsked {
  /** In the language of whoever answers: PromQL, NRQL, a JSONPath. */
  readonly query: string;
  /** `level`: how high it stands now, or stood over the interval. `count`: how much happened in the interval. */
  readonly as: "level" | "count";
  /** The interval, from exclusive, to inclusive. */
  readonly fromMs: Ms;
  readonly toMs: Ms;
}

/**
 * A finite number, or why there is none, as a phrase that follows the source's name: `answered 403`, `has no data`. No
 * data is never 0, and several values where one was asked for are never one of them.
 */
export type Figure = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly why: string };

/** Datadog, CloudWatch, a page of JSON, a command. */
export interface FigureSource {
  readonly kind: string;
  /** One figure per question, in their order. Rejects when none could be asked. */
  ask(asked: readonly FigureAsked[], call: Call): Promise<readonly Figure[]>;
  /** Lets go of its connections. */
  close?(): void;
}
