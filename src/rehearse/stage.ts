// How does a scenario happen, in a world of virtual time?
import type { Command } from "../core/engine/input.ts";
import type { DecisionRecord, RolloutState, ServiceState } from "../core/engine/state.ts";
import { brief } from "../core/issues.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import type { JournalEntry } from "../ports/journal.ts";
import { applyOf } from "./ask.ts";
import { NO_FAULTS, type Faults } from "./faults.ts";
import { paceFor } from "./pace.ts";
import { BEFORE_MS, CANDIDATE, Part, STABLE } from "./part.ts";
import type { Event, Scenario, Verb } from "./scenario.ts";
import { Script } from "./script.ts";
import type { SimService } from "./service.ts";
import { World, type Witness } from "./world.ts";

/** Traffic and drifts are followed at least so often. */
export const LONGEST_STEP_MS = 60_000;

export interface StageOptions {
  readonly rollout: Rollout;
  readonly scenario: Scenario;
  readonly seed: number;
  /** How much later than in the real world something may be seen, as a part of the time since the last change. */
  readonly slack: number;
  /** Told of everything, one line each. */
  readonly trace?: ((line: string) => void) | undefined;
}

/** What somebody asks for. */
interface Request {
  readonly verb: Verb;
  readonly full?: boolean | undefined;
  readonly actor: string;
  readonly reason: string;
}

/** A scenario's events in order of time; what is rolled out is applied at once unless a line says when. */
export function eventsOf({ events }: Scenario): readonly Event[] {
  const apply: Event = {
    kind: "apply",
    name: CANDIDATE,
    atMs: 0,
    timed: true,
    line: 0,
    text: `at 0s apply ${CANDIDATE}`,
  };
  const isApplied = events.some(({ kind }) => kind === "apply");
  return (isApplied ? events : [...events, apply]).toSorted((a, b) => a.atMs - b.atMs);
}

export class Stage implements Witness {
  readonly world: World;
  readonly service: SimService;
  /** Decisions since the beginning. */
  readonly records: DecisionRecord[] = [];
  readonly #options: StageOptions;
  readonly #script: Script;
  readonly #part: Part;
  /** Rollouts before the beginning. */
  #before = Infinity;
  #asked = 0;
  /** What went wrong in the controller itself. */
  #trouble = "nothing says why";

  constructor(options: StageOptions) {
    const { rollout, scenario, seed, slack, trace = () => {} } = options;
    this.#options = options;
    const events = eventsOf(scenario);
    this.#script = new Script(events);
    const applied = events.find((event) => event.kind === "apply");
    const candidate = applied?.kind === "apply" ? applied.name : CANDIDATE;
    this.#part = new Part({ rollout, candidate, nowMs: () => this.nowMs });
    this.world = new World({
      seed,
      faults: this.#faults(),
      pace: paceFor(scenario),
      longestStepMs: LONGEST_STEP_MS,
      calm: { slack, nextMs: () => this.nextMs + BEFORE_MS },
      services: [this.#part.plan],
      trace,
    });
    this.service = this.world.service(rollout.metadata.name);
    this.#part.playedBy(this.service);
    this.world.witness = this;
  }

  /** Since the scenario began. */
  get nowMs(): number {
    return this.world.elapsedMs - BEFORE_MS;
  }

  /** What the controller knows now. */
  get state(): ServiceState | undefined {
    return this.world.stateOf(this.service);
  }

  /** The last rollout that the scenario has brought about. */
  get rollout(): RolloutState | undefined {
    const rollout = this.state?.rollout;
    return rollout && rollout.number > this.#before ? rollout : undefined;
  }

  /** When something happens next, by the scenario; Infinity when nothing does any more. */
  get nextMs(): number {
    return Math.min(this.#script.nextMs, this.#part.nextMs);
  }

  /** Whether the scenario still has somebody ask for something, or wait for the answer. */
  get asksMore(): boolean {
    return this.#script.asksMore || this.world.unanswered > 0;
  }

  /** Lets the stable version serve for a while. What is said of the beginning holds before it. */
  async begin(): Promise<void> {
    for (const event of this.#script.takeEarly()) this.#happen(event);
    this.#apply(STABLE);
    while (this.nowMs < 0) await this.world.step(BEFORE_MS);
    if (this.service.truth?.stable === undefined) {
      const refused = [...this.world.answers.values()].find((answer) => answer.refused)?.refused;
      const why = refused ? brief(refused) : (this.service.truth?.rollout?.waiting?.text ?? this.#trouble);
      throw new Error(`${STABLE} did not come up before the scenario begins: ${why}`);
    }
    this.#before = this.service.truth.rollouts;
    this.service.begin(STABLE);
    this.#happenDue();
  }

  /** Lets a moment pass, at most until `untilMs` since the beginning; what happens by then happens. */
  async step(untilMs: number): Promise<void> {
    await this.world.step(Math.min(untilMs, this.nextMs) + BEFORE_MS);
    this.#happenDue();
  }

  /** Somebody asks for something, and insists on an answer. */
  ask({ verb, full = false, actor, reason }: Request): void {
    const asked = { id: `c${(this.#asked += 1)}`, actor, reason };
    const command: Command = verb === "promote" ? { ...asked, kind: verb, full } : { ...asked, kind: verb };
    this.world.ask(this.#name, command, true);
  }

  confused(_service: SimService, why: string): void {
    this.#trouble = why;
  }

  pools(): void {
    // What is asked of the workload is of no interest here.
  }

  route(): void {
    // What is in force is looked at instead.
  }

  written(_service: SimService, _before: ServiceState | undefined, entry: JournalEntry): void {
    if (this.#before < Infinity) this.records.push(...(entry.records as readonly DecisionRecord[]));
  }

  get #name(): string {
    return this.#options.rollout.metadata.name;
  }

  #happenDue(): void {
    const { events, hasEnded } = this.#script.takeDue(this.nowMs);
    const isBack = this.#part.recovers();
    for (const event of events) this.#happen(event);
    if (hasEnded || isBack || events.length > 0) this.world.changed();
  }

  #happen(event: Event): void {
    if (event.kind === "apply") return this.#apply(event.name);
    if (event.kind === "command") {
      const { verb, full } = event;
      return this.ask({ verb, full, actor: "ann", reason: "scenario" });
    }
    if (event.kind === "gone" && event.what === "controller") {
      this.#script.endsAt(event.atMs + event.forMs);
      return this.world.kill(event.forMs);
    }
    const overMs = this.#part.befalls(event);
    if (overMs !== undefined) this.#script.endsAt(overMs);
    return undefined;
  }

  #apply(revision: string): void {
    if (revision !== STABLE) this.#part.candidate = revision;
    const id = `c${(this.#asked += 1)}`;
    this.world.ask(this.#name, applyOf(this.#options.rollout, { id, revision, actor: "rehearsal" }), true);
  }

  #faults(): Faults {
    return {
      ...NO_FAULTS,
      plane: (_service, op) => (op === "read" && this.#part.isBlind ? "unreadable" : undefined),
    };
  }
}
