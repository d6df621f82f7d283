// How does one rollout go under a scenario?
import type { Outcome, RolloutState } from "../core/engine/state.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { ROLES, shareOf, type Weights } from "../core/split.ts";
import type { Verdict } from "../core/stats/plan.ts";
import { percent } from "../core/units.ts";
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

/** A person who is asked answers so long afterwards. */
const ANSWER_MS = 1_000;

/** Who waits for a person alone is not waited for longer than this. */
const PATIENCE_MS = 3_600_000;

/** Plays one rollout to its end. The same options give the same answer. */
export function rehearse(options: RehearsalOptions): Promise<Rehearsed> {
  return new Rehearsal(options).go();
}

class Rehearsal {
  readonly #options: RehearsalOptions;
  readonly #stage: Stage;
  readonly #stretches: { fromMs: number; lastedMs: number; shares: string }[] = [];
  readonly #answered: string[] = [];
  #personSinceMs: number | undefined;
  #isAsked = false;

  constructor(options: RehearsalOptions) {
    this.#options = options;
    this.#stage = new Stage(options);
  }

  async go(): Promise<Rehearsed> {
    const stage = this.#stage;
    await stage.begin();
    this.#follow();
    const looksBefore = stage.service.looks;
    let ending: Ending | undefined;
    while (ending === undefined) {
      const answerMs = (this.#personSinceMs ?? Infinity) + ANSWER_MS;
      await stage.step(Math.min(this.#options.limitMs, answerMs > stage.nowMs ? answerMs : Infinity));
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
      answered: this.#answered,
    };
  }

  #look(): Ending | undefined {
    const { nowMs, asksMore, service } = this.#stage;
    const { truth } = service;
    const isOver = nowMs >= this.#options.limitMs;
    const isCandidates = truth?.rollout?.stable !== undefined;
    if (isCandidates && truth.rollout?.phase === "ended" && !asksMore) return truth.rollout.outcome ?? "stopped";
    const rollout = this.#mayWait(truth?.rollout) ? this.#stage.state?.rollout : undefined;
    if (rollout?.waiting?.for !== "person") {
      this.#personSinceMs = undefined;
      this.#isAsked = false;
      return isOver ? "waiting" : undefined;
    }
    this.#personSinceMs ??= nowMs;
    const waitedMs = nowMs - this.#personSinceMs;
    if (waitedMs >= ANSWER_MS && !this.#isAsked && this.#answers(rollout)) this.#promote(rollout.waiting.text);
    return isOver || (waitedMs >= PATIENCE_MS && !asksMore) ? "person" : undefined;
  }

  /** Whether it may wait for a person, as far as is written down; to look closer takes time. */
  #mayWait(rollout: RolloutState | undefined): boolean {
    if (!rollout || rollout.phase !== "forward") return false;
    const step = rollout.program.steps[rollout.cursor];
    if (rollout.paused !== undefined || step?.op === "gate") return true;
    return step?.op === "judge" && this.#stage.world.nowMs - rollout.stepSinceMs >= (step.atMostMs ?? Infinity);
  }

  /** A pause is somebody's wish; whoever paused resumes. */
  #answers({ program, cursor, paused }: RolloutState): boolean {
    if (paused) return false;
    return this.#options.promote || program.steps[cursor]?.op === "gate";
  }

  #promote(what: string): void {
    this.#isAsked = true;
    this.#answered.push(what);
    this.#stage.ask({ verb: "promote", actor: "rehearsal", reason: "answered automatically" });
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
