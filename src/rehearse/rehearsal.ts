// How does one rollout go under a scenario?
import type { Outcome } from "../core/engine/state.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { ROLES, shareOf, type Weights } from "../core/split.ts";
import type { Verdict } from "../core/stats/plan.ts";
import { percent } from "../core/units.ts";
import { PATIENCE_MS, Person } from "./person.ts";
import type { Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";

export interface RehearsalOptions {
  readonly rollout: Rollout;
  readonly scenario: Scenario;
  readonly seed: number;
  /** See `SLACK`. */
  readonly slack: number;
  /** Whether everything that waits for a person is answered with `promote`, not only gates. */
  readonly promote: boolean;
  /** Longest time, in milliseconds of the scenario. */
  readonly limitMs: number;
}

/** `person` waits for a person and nothing else, `waiting` was still under way at the limit. */
export type Ending = Outcome | "person" | "waiting";

/** Something of the timeline; moments count from the beginning of the scenario. */
export interface Moment {
  readonly atMs: number;
  readonly text: string;
}

/** A split that was in force. */
export interface Stretch {
  readonly fromMs: number;
  readonly lastedMs: number;
  readonly shares: string;
}

/** What came of one rehearsal, in figures. */
export interface Summary {
  readonly seed: number;
  readonly ending: Ending;
  /** From the beginning of the scenario to the end. */
  readonly virtualMs: number;
  readonly requests: number;
  /** Answered by the new version, and how many of these failed. */
  readonly canaryRequests: number;
  readonly canaryFailed: number;
  /** Answered by nobody. */
  readonly lost: number;
  /** Failed requests, lost ones included, beyond what stable would have failed; at least 0. */
  readonly harm: number;
  readonly looks: number;
}

export interface Rehearsed extends Summary {
  readonly why: string;
  readonly timeline: readonly Moment[];
  readonly stretches: readonly Stretch[];
  readonly verdict?: Verdict | undefined;
  /** What was answered for a person, in the order of asking. */
  readonly answered: readonly string[];
}

/** Plays one rollout to its end. The same options give the same answer. */
export function rehearse(options: RehearsalOptions): Promise<Rehearsed> {
  return new Rehearsal(options).go();
}

class Rehearsal {
  readonly #options: RehearsalOptions;
  readonly #stage: Stage;
  readonly #stretches: { fromMs: number; lastedMs: number; shares: string }[] = [];
  readonly #person: Person;

  constructor(options: RehearsalOptions) {
    this.#options = options;
    this.#stage = new Stage(options);
    this.#person = new Person({
      promote: options.promote,
      ask: () => this.#stage.ask({ verb: "promote", actor: "rehearsal", reason: "answered automatically" }),
    });
  }

  async go(): Promise<Rehearsed> {
    const stage = this.#stage;
    await stage.begin();
    this.#follow();
    const looksBefore = stage.service.looks;
    let ending: Ending | undefined;
    while (ending === undefined) {
      await stage.step(Math.min(this.#options.limitMs, this.#person.nextMs(stage.nowMs)));
      this.#follow();
      ending = this.#look();
    }
    const last = this.#stretches.at(-1);
    if (last) last.lastedMs = stage.nowMs - last.fromMs;
    const { totals, looks } = stage.service;
    const rollout = stage.state?.rollout;
    const startMs = stage.world.nowMs - stage.nowMs;
    return {
      seed: this.#options.seed,
      ending,
      virtualMs: stage.nowMs,
      requests: totals.requests,
      canaryRequests: totals.candidate,
      canaryFailed: totals.candidateFailed,
      lost: totals.lost,
      harm: Math.max(0, Math.round(totals.excess)),
      looks: looks - looksBefore,
      why: rollout?.why ?? rollout?.waiting?.text ?? "",
      timeline: stage.records.map(({ atMs, text, actor }) => ({
        atMs: atMs - startMs,
        text: actor ? `${text}, by ${actor}` : text,
      })),
      stretches: this.#stretches,
      verdict: rollout?.verdict,
      answered: this.#person.answered,
    };
  }

  #look(): Ending | undefined {
    const { nowMs, asksMore, service } = this.#stage;
    const { truth } = service;
    const isOver = nowMs >= this.#options.limitMs;
    const isCandidates = truth?.rollout?.stable !== undefined;
    if (isCandidates && truth.rollout?.phase === "ended" && !asksMore) return truth.rollout.outcome ?? "stopped";
    const waitedMs = this.#person.look({
      written: truth?.rollout,
      known: () => this.#stage.state?.rollout,
      nowMs,
      worldMs: this.#stage.world.nowMs,
    });
    if (waitedMs === undefined) return isOver ? "waiting" : undefined;
    return isOver || (waitedMs >= PATIENCE_MS && !asksMore) ? "person" : undefined;
  }

  /** Keeps which split is in force, and for how long. */
  #follow(): void {
    const { service, nowMs } = this.#stage;
    const weights = service.plane.inForce()?.split.weights;
    const shares = weights ? sharesText(weights) : "no route";
    const last = this.#stretches.at(-1);
    if (last?.shares === shares) return;
    if (last) last.lastedMs = nowMs - last.fromMs;
    this.#stretches.push({ fromMs: nowMs, lastedMs: 0, shares });
  }
}

/** `canary 10%, stable 90%`. */
function sharesText(weights: Weights): string {
  const named = ROLES.filter((role) => shareOf(weights, role) > 0);
  return named.map((role) => `${role} ${percent(shareOf(weights, role))}`).join(", ");
}

/** The longest time without a break at each split, in the order in which they first came. */
export function longest(stretches: readonly Stretch[]): readonly { readonly shares: string; readonly ms: number }[] {
  const most = new Map<string, number>();
  for (const { shares, lastedMs } of stretches) most.set(shares, Math.max(most.get(shares) ?? 0, lastedMs));
  return [...most].map(([shares, lasted]) => ({ shares, ms: lasted }));
}

/** The figures of a rehearsal alone, for one of many. */
export function summaryOf(rehearsed: Rehearsed): Summary {
  const { seed, ending, virtualMs, requests, canaryRequests, canaryFailed, lost, harm, looks } = rehearsed;
  return { seed, ending, virtualMs, requests, canaryRequests, canaryFailed, lost, harm, looks };
}
