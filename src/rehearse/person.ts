// Who answers when a rehearsal waits for a person, and how long is it waited for one?
import type { RolloutState } from "../core/engine/state.ts";

/** A person who is asked answers so long afterwards. */
const ANSWER_MS = 1_000;

/** Who waits for a person alone is not waited for longer than this. */
export const PATIENCE_MS = 3_600_000;

interface PersonOptions {
  /** Whether everything that waits for a person is answered, not only gates. */
  readonly promote: boolean;
  /** Promotes, for a person. */
  readonly ask: () => void;
  /** A gate that somebody else passes. */
  readonly except?: string | undefined;
}

/** One rollout after the other, as it was written down and as it is known now. */
interface Looked {
  readonly written: RolloutState | undefined;
  /** To look closer takes time. */
  readonly known: () => RolloutState | undefined;
  readonly nowMs: number;
  /** In the rollout's own time. */
  readonly worldMs: number;
}

/** Whoever is asked about one service. */
export class Person {
  /** What was answered, in the order of asking. */
  readonly answered: string[] = [];
  readonly #options: PersonOptions;
  #sinceMs: number | undefined;
  #isAsked = false;

  constructor(options: PersonOptions) {
    this.#options = options;
  }

  /** When an answer comes next; Infinity when none does. */
  nextMs(nowMs: number): number {
    const atMs = (this.#sinceMs ?? Infinity) + ANSWER_MS;
    return atMs > nowMs ? atMs : Infinity;
  }

  /** For how long a person alone has been waited for, after it was answered where that is for this one; nothing when nobody is. */
  look({ written, known, nowMs, worldMs }: Looked): number | undefined {
    const rollout = this.#mayWait(written, worldMs) ? known() : undefined;
    if (rollout?.waiting?.for !== "person") {
      this.#sinceMs = undefined;
      this.#isAsked = false;
      return undefined;
    }
    this.#sinceMs ??= nowMs;
    const waitedMs = nowMs - this.#sinceMs;
    if (waitedMs < ANSWER_MS || this.#isAsked || !this.#answers(rollout)) return waitedMs;
    this.#isAsked = true;
    this.answered.push(rollout.waiting.text);
    this.#options.ask();
    return waitedMs;
  }

  /** Whether it may wait for a person, as far as is written down. */
  #mayWait(rollout: RolloutState | undefined, worldMs: number): boolean {
    if (!rollout || rollout.phase !== "forward") return false;
    const step = rollout.program.steps[rollout.cursor];
    if (rollout.paused !== undefined) return true;
    if (step?.op === "gate") return step.what !== this.#options.except;
    return step?.op === "judge" && worldMs - rollout.stepSinceMs >= (step.atMostMs ?? Infinity);
  }

  /** A pause is somebody's wish; whoever paused resumes. */
  #answers({ program, cursor, paused }: RolloutState): boolean {
    if (paused) return false;
    return this.#options.promote || program.steps[cursor]?.op === "gate";
  }
}
