// Does everything come true that a scenario expects?
import type { Rollout } from "../core/spec/rollout.ts";
import { duration, ms } from "../core/units.ts";
import { happened, unlike, type Seen } from "./expect.ts";
import { SLACK } from "./pace.ts";
import type { Expected, Scenario } from "./scenario.ts";
import { eventsOf, Stage } from "./stage.ts";

/** An expectation that did not come true. */
interface Failure {
  /** Its line in the scenario's file. */
  readonly line: number;
  readonly expected: string;
  readonly found: string;
}

/** What came of a scenario. */
export interface Played {
  readonly failures: readonly Failure[];
  /** Everything that happened, for whoever looks for the reason. */
  readonly trace: readonly string[];
  /** The last decisions, oldest first. */
  readonly decisions: readonly string[];
  readonly expectations: number;
  /** How long it took in the scenario's time. */
  readonly virtualMs: number;
}

/** A scenario whose end nothing names ends with its rollout, or after this. */
const LIMIT_MS = 86_400_000;

/** Decisions told of a scenario that does not come true. */
const DECISIONS = 6;

/** Plays a scenario in virtual time and holds it against what it expects. */
export function playScenario(scenario: Scenario, rollout: Rollout, seed = 1): Promise<Played> {
  return new Play(scenario, rollout, seed).go();
}

class Play {
  readonly #stage: Stage;
  readonly #seen: Seen;
  readonly #trace: string[] = [];
  readonly #failures: Failure[] = [];
  readonly #expectations: readonly Expected[];
  /** Expectations that are not decided yet. */
  #open: readonly Expected[];
  /** The last moment that a line names. */
  readonly #lastMs: number;
  #said = 0;

  constructor(scenario: Scenario, rollout: Rollout, seed: number) {
    this.#stage = new Stage({ rollout, scenario, seed, slack: SLACK.one, trace: (line) => this.#trace.push(line) });
    this.#seen = { stage: this.#stage, said: () => this.#trace.slice(this.#said) };
    this.#expectations = scenario.expectations;
    this.#open = scenario.expectations;
    const times = scenario.expectations.map(({ when }) => ("atMs" in when ? when.atMs : 0));
    this.#lastMs = Math.max(0, ...times, ...eventsOf(scenario).map(({ atMs }) => atMs));
  }

  async go(): Promise<Played> {
    await this.#stage.begin();
    this.#said = this.#trace.length;
    this.#look();
    while (!this.#isOver()) {
      await this.#stage.step(this.#nextMs());
      this.#look();
    }
    for (const expected of this.#open) this.#judgeAtEnd(expected);
    return {
      failures: this.#failures.toSorted((a, b) => a.line - b.line),
      trace: this.#trace,
      decisions: this.#stage.records
        .slice(-DECISIONS)
        .map(({ atMs, text }) => `${duration(ms(this.#since(atMs)))}  ${text}`),
      expectations: this.#expectations.length,
      virtualMs: this.#stage.nowMs,
    };
  }

  #since(atMs: number): number {
    return this.#stage.nowMs - (this.#stage.world.nowMs - atMs);
  }

  #nextMs(): number {
    const times = this.#open.flatMap(({ when }) => ("atMs" in when ? [when.atMs] : []));
    return Math.min(LIMIT_MS, ...times);
  }

  /** With an end to be judged, the rollout must come to it. */
  #isOver(): boolean {
    const { nowMs, nextMs, rollout } = this.#stage;
    if (nowMs >= Math.max(LIMIT_MS, this.#lastMs)) return true;
    if (nextMs < Infinity || this.#open.some(({ when }) => "atMs" in when)) return false;
    return this.#open.length === 0 || rollout?.phase === "ended";
  }

  /** Decides what can be decided at this moment. */
  #look(): void {
    this.#open = this.#open.filter((expected) => !this.#isDecided(expected));
  }

  #isDecided(expected: Expected): boolean {
    const { when, what } = expected;
    const { nowMs } = this.#stage;
    if (when.kind === "end") return false;
    if (when.kind === "never") {
      const found = happened(what, this.#seen);
      return found !== undefined && this.#fail(expected, `${found} at ${duration(ms(nowMs))}`);
    }
    if (when.kind === "at" && nowMs < when.atMs) return false;
    const found = unlike(what, this.#seen);
    if (found === undefined) return true;
    return nowMs >= when.atMs && this.#fail(expected, found);
  }

  #judgeAtEnd(expected: Expected): void {
    if (expected.when.kind === "never") return;
    const found = unlike(expected.what, this.#seen);
    if (found !== undefined) this.#fail(expected, found);
  }

  #fail({ line, text }: Expected, found: string): true {
    this.#failures.push({ line, expected: text.replace(/^(?:at \S+ )?expect /u, ""), found });
    return true;
  }
}
