// How does a scenario of a release happen, in a world of virtual time?
import type { Command } from "../core/engine/input.ts";
import type { DecisionRecord } from "../core/engine/state.ts";
import type { GroupApply } from "../core/group/input.ts";
import { standingOf } from "../core/group/standing.ts";
import { gateOf, type GroupState, type ReleasePlan, type Standing, type Target } from "../core/group/state.ts";
import { brief } from "../core/issues.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import type { JournalEntry } from "../ports/journal.ts";
import { applyOf } from "./ask.ts";
import { NO_FAULTS } from "./faults.ts";
import { paceFor } from "./pace.ts";
import { BEFORE_MS, CANDIDATE, Part, STABLE } from "./part.ts";
import type { GroupEvent, GroupScenario, Verb } from "./scenario.ts";
import { Script } from "./script.ts";
import type { SimService } from "./service.ts";
import { LONGEST_STEP_MS } from "./stage.ts";
import { World, type Witness } from "./world.ts";

/** A release that is rehearsed; each member's rollout has the gate at which it waits for the others. */
export interface StagedRelease {
  /** `release/shop`. */
  readonly group: string;
  readonly plan: ReleasePlan;
  readonly members: readonly Rollout[];
}

export interface GroupStageOptions {
  readonly release: StagedRelease;
  readonly scenario: GroupScenario;
  readonly seed: number;
  /** See `SLACK`. */
  readonly slack: number;
}

/** Something that was decided, of the release or of a member. */
interface Decided {
  readonly of: string;
  readonly record: DecisionRecord;
}

/** How far a member is at some moment. */
export interface Stand {
  readonly service: string;
  readonly at: Standing["at"];
  /** The part of its requests that the new version gets, 0…1. */
  readonly share: number;
}

/** The moment at which a member was found to be worse, and all turned back or were held. */
export interface Turning {
  readonly kind: "back" | "held";
  readonly atMs: number;
  /** The wave under way, from 1. */
  readonly wave: number;
  readonly why: string;
  readonly members: readonly Stand[];
}

/** What somebody asks for. */
interface Request {
  /** A member; the release without it. */
  readonly member?: string | undefined;
  readonly verb: Verb;
  readonly full?: boolean | undefined;
  readonly actor: string;
  readonly reason: string;
}

const APPLY = "release";
const WAITS: Standing = { at: "waiting" };

export class GroupStage implements Witness {
  readonly world: World;
  readonly parts: ReadonlyMap<string, Part>;
  /** Decisions since the beginning. */
  readonly decided: Decided[] = [];
  turning: Turning | undefined;
  readonly #release: StagedRelease;
  readonly #script: Script<GroupEvent>;
  #hasBegun = false;
  #asked = 0;
  #trouble = "nothing says why";

  constructor({ release, scenario, seed, slack }: GroupStageOptions) {
    this.#release = release;
    this.#script = new Script(scenario.events);
    this.parts = new Map(
      release.members.map((rollout) => [
        rollout.metadata.name,
        new Part({ rollout, candidate: CANDIDATE, nowMs: () => this.nowMs }),
      ]),
    );
    this.world = new World({
      seed,
      faults: {
        ...NO_FAULTS,
        plane: (service, op) => (op === "read" && this.parts.get(service)?.isBlind ? "unreadable" : undefined),
      },
      pace: paceFor(scenario),
      longestStepMs: LONGEST_STEP_MS,
      calm: { slack, nextMs: () => this.nextMs + BEFORE_MS },
      services: [...this.parts.values()].map(({ plan }) => plan),
      trace: () => undefined,
    });
    for (const [name, part] of this.parts) part.playedBy(this.world.service(name));
    this.world.witness = this;
  }

  /** Since the scenario began. */
  get nowMs(): number {
    return this.world.elapsedMs - BEFORE_MS;
  }

  /** The release, as it stands in the journal. */
  get state(): GroupState | undefined {
    return this.world.group(this.#release.group);
  }

  /** Whether the scenario still has somebody ask for something. */
  get asksMore(): boolean {
    return this.#script.asksMore;
  }

  /** When something happens next, by the scenario; Infinity when nothing does any more. */
  get nextMs(): number {
    return Math.min(this.#script.nextMs, ...[...this.parts.values()].map((part) => part.nextMs));
  }

  /** Lets the stable versions of all members serve for a while, and then applies the release. */
  async begin(): Promise<void> {
    for (const event of this.#script.takeEarly()) this.#happen(event);
    for (const rollout of this.#release.members) {
      // It came by its own file, before there was a release.
      const { lastGate: _gate, ...spec } = rollout.spec;
      const id = `c${(this.#asked += 1)}`;
      const command = applyOf({ ...rollout, spec }, { id, revision: STABLE, actor: "rehearsal" });
      this.world.ask(rollout.metadata.name, command, true);
    }
    while (this.nowMs < 0) await this.world.step(BEFORE_MS);
    for (const [name, { service }] of this.parts) {
      if (service.truth?.stable === undefined) throw this.#neverUp(name, service);
      service.begin(STABLE);
    }
    this.#hasBegun = true;
    this.world.askGroup(this.#release.group, this.#applied());
    this.#happenDue();
  }

  /** Lets a moment pass, at most until `untilMs` since the beginning; what happens by then happens. */
  async step(untilMs: number): Promise<void> {
    await this.world.step(Math.min(untilMs, this.nextMs) + BEFORE_MS);
    const refused = this.world.answers.get(APPLY)?.refused;
    if (refused) throw new Error(brief(refused));
    this.#happenDue();
  }

  /** Somebody asks for something, and insists on an answer. */
  ask({ member, verb, full = false, actor, reason }: Request): void {
    const asked = { id: `c${(this.#asked += 1)}`, actor, reason };
    if (member === undefined) return this.world.askGroup(this.#release.group, { ...asked, kind: verb });
    const command: Command = verb === "promote" ? { ...asked, kind: verb, full } : { ...asked, kind: verb };
    return this.world.ask(member, command, true);
  }

  /** How far all members are, by what the release knows of them. */
  get stands(): readonly Stand[] {
    return this.#standsIn(this.state);
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

  written({ plan }: SimService, _before: unknown, entry: JournalEntry): void {
    if (this.#hasBegun) this.#decide(plan.name, entry);
  }

  groupWritten(group: string, entry: JournalEntry): void {
    this.#decide(group, entry);
    const state = entry.state as GroupState;
    const { phase, wave, back } = state.run ?? {};
    if (this.turning || (phase !== "back" && phase !== "held")) return;
    const why = back?.why ?? this.decided.at(-1)?.record.text ?? "";
    const members = this.#standsIn(state);
    this.turning = { kind: phase, atMs: this.nowMs, wave: (wave ?? 0) + 1, why, members };
  }

  #standsIn(state: GroupState | undefined): readonly Stand[] {
    return [...this.parts].map(([service, part]) => {
      const progress = state?.members[service];
      const known = this.world.stateOf(part.service);
      const { at } = progress ? standingOf(progress, known, gateOf(this.#release.group)) : WAITS;
      return { service, at, share: part.shareOf(part.candidate) };
    });
  }

  #decide(of: string, { records }: JournalEntry): void {
    this.decided.push(...(records as readonly DecisionRecord[]).map((record) => ({ of, record })));
  }

  #applied(): GroupApply {
    const { plan, members } = this.#release;
    const targets = members.map((rollout): [string, Target] => {
      const { spec, origin, revision, abilities } = applyOf(rollout, { id: "", revision: CANDIDATE });
      return [rollout.metadata.name, { spec, origin, revision, abilities }];
    });
    const asked = { id: APPLY, actor: "rehearsal", reason: "apply" };
    return { ...asked, kind: "apply", plan, targets: Object.fromEntries(targets) };
  }

  #neverUp(name: string, { truth }: SimService): Error {
    const refused = [...this.world.answers.values()].find((answer) => answer.refused)?.refused;
    const why = refused ? brief(refused) : (truth?.rollout?.waiting?.text ?? this.#trouble);
    return new Error(`${STABLE} of ${name} did not come up before the scenario begins: ${why}`);
  }

  #happenDue(): void {
    const { events, hasEnded } = this.#script.takeDue(this.nowMs);
    const back = [...this.parts.values()].filter((part) => part.recovers());
    for (const event of events) this.#happen(event);
    if (hasEnded || back.length > 0 || events.length > 0) this.world.changed();
  }

  #happen(event: GroupEvent): void {
    const { member } = event;
    if (event.kind === "apply") throw new Error("a release is applied by its rehearsal");
    if (event.kind === "command") {
      const { verb, full } = event;
      return this.ask({ member, verb, full, actor: "ann", reason: "scenario" });
    }
    if (event.kind === "gone" && event.what === "controller") {
      this.#script.endsAt(event.atMs + event.forMs);
      return this.world.kill(event.forMs);
    }
    for (const [name, part] of this.parts) {
      const overMs = member === undefined || member === name ? part.befalls(event) : undefined;
      if (overMs !== undefined) this.#script.endsAt(overMs);
    }
    return undefined;
  }
}
