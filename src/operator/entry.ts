// What does the operator remember of one Rollout between two looks?
import type { Noted } from "../adapters/kubernetes/command.ts";
import type { CommandAnswer, RolloutObject, RolloutStatus } from "../adapters/kubernetes/client/objects.ts";
import type { Rollout } from "../core/spec/rollout.ts";

type Read = { readonly rollout: Rollout } | { readonly mistakes: string };

/** So many answers to commands are shown. */
const ANSWERS = 10;

/** What was last asked of the engine for a Rollout, and what came of it. */
export class Entry {
  /** The spec and the template that were last asked for, by their content. */
  handled: string | undefined;
  answers: readonly CommandAnswer[];
  /** The health that the status tells, and whether another one is about to be told. */
  health: string | undefined;
  isHealthDue = false;
  /** An answer that the status does not have yet. */
  isAnswerDue = false;
  refused: { readonly reason: string; readonly message: string } | undefined;
  /** The refusal that stands in the status. */
  said: string | undefined;
  /** Why it could not be followed when it was tried last. */
  trouble: string | undefined;
  /** The UID of the Deployment that was adopted. */
  deployment: string | undefined;
  /** Under which keys its changes are heard. */
  keys: readonly string[] = [];
  #read:
    | { readonly generation: number | undefined; readonly uid: string | undefined; readonly result: Read }
    | undefined;

  constructor(status: RolloutStatus | undefined) {
    this.handled = status?.handled;
    this.answers = status?.answers ?? [];
    this.deployment = status?.deployment;
    this.health = status?.health;
  }

  /** The spec, read once for each generation. */
  read(object: RolloutObject, read: (object: RolloutObject) => Read): Partial<{ rollout: Rollout; mistakes: string }> {
    const { generation, uid } = object.metadata;
    if (!this.#read || this.#read.generation !== generation || this.#read.uid !== uid) {
      this.#read = { generation, uid, result: read(object) };
    }
    return this.#read.result;
  }

  get deploymentName(): string | undefined {
    const result = this.#read?.result;
    return result && "rollout" in result ? result.rollout.spec.workload.deployment?.name : undefined;
  }

  hasAnswered(noted: Noted): boolean {
    const id = noted.ok ? noted.command.id : noted.id;
    return this.answers.some((answer) => answer.id === id);
  }

  answer(answer: CommandAnswer): void {
    this.answers = [...this.answers, answer].slice(-ANSWERS);
    this.isAnswerDue = true;
  }
}
