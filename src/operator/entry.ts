// What does the operator remember of one Rollout between two looks?
import type { CommandAnswer, RolloutObject } from "../adapters/kubernetes/client/objects.ts";
import type { Command } from "../core/engine/input.ts";
import { underWay, type ServiceState } from "../core/engine/state.ts";
import type { Noted } from "../adapters/kubernetes/command.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { adoptedIn, type Adoptee } from "../core/spec/workload.ts";

type Read = { readonly rollout: Rollout } | { readonly mistakes: string };

/** So many answers to commands are shown. */
const ANSWERS = 10;

/** What was last asked of the engine for a Rollout, and what came of it. */
export class Entry {
  /** Of which object: one that was deleted and made again is another one. */
  readonly uid: string | undefined;
  /** The spec and the template that were last asked for, by their content. */
  handled: string | undefined;
  /** What is being asked for and not answered yet. */
  asking: { readonly key: string; readonly spec: Rollout } | undefined;
  /** The command that is being sent and not answered yet, and the version of the state before it. */
  obeying: { readonly command: Command; readonly version: number } | undefined;
  answers: readonly CommandAnswer[];
  /** The health that the status tells, and whether another one is about to be told. */
  health: string | undefined;
  isHealthDue = false;
  /** An answer that the status does not have yet. */
  isAnswerDue = false;
  /** What is adopted does not have the template yet that an undo brings. */
  isTemplateDue = false;
  refused: { readonly reason: string; readonly message: string } | undefined;
  /** Why a part of the configuration is not followed. */
  unread: string | undefined;
  /** For which spec and template that was said, where one was made of them. */
  refusedFor: string | undefined;
  /** What cannot start beside the rollout of this number. */
  busy: { readonly key: string; readonly number: number } | undefined;
  /** The refusal that stands in the status. */
  said: string | undefined;
  /** Why it could not be followed when it was tried last. */
  trouble: string | undefined;
  /** What its pods were configured with when it was adopted. */
  configuration: string | undefined;
  /** The UID of what was adopted. */
  deployment: string | undefined;
  #asked: string | undefined;
  #read:
    | { readonly generation: number | undefined; readonly uid: string | undefined; readonly result: Read }
    | undefined;

  constructor({ metadata, status }: Partial<Pick<RolloutObject, "metadata" | "status">>) {
    this.uid = metadata?.uid;
    this.handled = status?.handled;
    this.answers = status?.answers ?? [];
    this.deployment = status?.deployment;
    this.health = status?.health;
    this.configuration = status?.configuration;
    const accepted = status?.conditions?.find(({ type }) => type === "Accepted");
    if (accepted?.status !== "False") return;
    this.refused = { reason: accepted.reason ?? "", message: accepted.message ?? "" };
    this.refusedFor = status?.handled;
  }

  /** The spec, read once for each generation. */
  read(object: RolloutObject, read: (object: RolloutObject) => Read): Partial<{ rollout: Rollout; mistakes: string }> {
    const { generation, uid } = object.metadata;
    if (!this.#read || this.#read.generation !== generation || this.#read.uid !== uid) {
      this.#read = { generation, uid, result: read(object) };
    }
    return this.#read.result;
  }

  /** Whether this is still asked for, as it was at the last question. */
  hasSettled(key: string): boolean {
    const isSame = this.#asked === key;
    this.#asked = key;
    return isSame;
  }

  /** What the file names. */
  get adoptee(): Adoptee | undefined {
    const result = this.#read?.result;
    return result && "rollout" in result ? adoptedIn(result.rollout.spec.workload) : undefined;
  }

  hasAnswered(noted: Noted): boolean {
    const id = noted.ok ? noted.command.id : noted.id;
    return this.answers.some((answer) => answer.id === id);
  }

  /** What follows from a command, beside what the engine does. */
  carriedOut({ kind }: Command, { refused }: { readonly refused?: unknown }): void {
    if (kind === "undo" && refused === undefined) this.isTemplateDue = true;
  }

  answer(answer: CommandAnswer): void {
    this.answers = withAnswer(this.answers, answer);
    this.isAnswerDue = true;
  }

  /** Takes in answers that were written down and whose writing was not confirmed. */
  learn(answers: readonly CommandAnswer[]): void {
    for (const answer of answers) if (!this.answers.some(({ id }) => id === answer.id)) this.answer(answer);
  }

  /** Whether it was refused because of the rollout that is still under way. */
  isBusy(key: string, state: ServiceState | undefined): boolean {
    const { busy } = this;
    return busy?.key === key && state !== undefined && underWay(state)?.number === busy.number;
  }

  /** What a state that is written down now has handled: what was asked for is written with what follows from it, never before. */
  handledBy(state: ServiceState | undefined): string | undefined {
    const { asking } = this;
    // A service has its first file before anything was made of it.
    if (!asking || !state || state.rollouts === 0) return this.handled;
    const isTaken = state.spec === asking.spec || state.queued?.command.spec === asking.spec;
    return isTaken ? asking.key : this.handled;
  }

  /** Why what a state is written down for is not brought about; nothing once it has been taken. */
  refusedBy(state: ServiceState | undefined): Entry["refused"] {
    return this.asking && this.handledBy(state) === this.asking.key ? undefined : this.refused;
  }

  /** Answers, with that of a command that this very state has carried out: nobody carries it out a second time. */
  answersBy(state: ServiceState | undefined): readonly CommandAnswer[] {
    if (!this.obeying || !state) return this.answers;
    const { command, version } = this.obeying;
    const done = state.recent.find(
      (record) => record.version > version && record.actor === command.actor && record.reason === command.reason,
    );
    return done ? withAnswer(this.answers, { id: command.id, text: done.text }) : this.answers;
  }
}

function withAnswer(answers: readonly CommandAnswer[], answer: CommandAnswer): readonly CommandAnswer[] {
  return [...answers.filter(({ id }) => id !== answer.id), answer].slice(-ANSWERS);
}
