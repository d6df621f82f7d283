// How does a scenario of a release or a façade happen, in a world of virtual time?
import type { Command } from "../core/engine/input.ts";
import type { DecisionRecord } from "../core/engine/state.ts";
import type { GroupApply } from "../core/group/input.ts";
import { isStuck, standingOf } from "../core/group/standing.ts";
import { gateOf, type GroupState, type Plan, type Standing, type Target } from "../core/group/state.ts";
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

/** A group that is rehearsed; each rollout of a release has the gate at which it waits for the others. */
export interface StagedGroup {
  /** `release/shop`. */
  readonly group: string;
  readonly plan: Plan;
  /** Of all services: those of a façade have the one of all other requests, too. */
  readonly rollouts: readonly Rollout[];
}

export interface GroupStageOptions {
  readonly staged: StagedGroup;
  readonly scenario: GroupScenario;
  readonly seed: number;
  /** See `SLACK`. */
  readonly slack: number;
}

/** Something that was decided, of the group or of a member. */
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

/** The moment at which a member was found to be worse: all turned back, the others were held, or it went back alone. */
export interface Turning {
  readonly kind: "back" | "held" | "alone";
  readonly atMs: number;
  /** The wave under way, from 1; the place in its line of a façade's route. */
  readonly wave: number;
  readonly why: string;
  readonly members: readonly Stand[];
}

/** Who is looked at, in the order of the file, with the wave of each from 1; of a façade's routes the place in its line. */
export function lineOf(plan: Plan): readonly { readonly service: string; readonly wave: number }[] {
  if (plan.kind === "facade")
    return plan.line.map(({ service }, index) => ({ service, wave: plan.order === "together" ? 1 : index + 1 }));
  return plan.waves.flatMap(({ members }, index) => members.map((service) => ({ service, wave: index + 1 })));
}

/** What somebody asks for. */
interface Request {
  /** A member; the group without it. */
  readonly member?: string | undefined;
  readonly verb: Verb;
  readonly full?: boolean | undefined;
  readonly actor: string;
  readonly reason: string;
}

const APPLY = "group";
const WAITS: Standing = { at: "waiting" };

export class GroupStage implements Witness {
  readonly world: World;
  readonly parts: ReadonlyMap<string, Part>;
  /** Decisions since the beginning. */
  readonly decided: Decided[] = [];
  turning: Turning | undefined;
  readonly #staged: StagedGroup;
  readonly #script: Script<GroupEvent>;
  #hasBegun = false;
  #asked = 0;
  #trouble = "nothing says why";

  constructor({ staged, scenario, seed, slack }: GroupStageOptions) {
    this.#staged = staged;
    this.#script = new Script(scenario.events);
    this.parts = new Map(
      staged.rollouts.map((rollout) => [
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

  /** The group, as it stands in the journal. */
  get state(): GroupState | undefined {
    return this.world.group(this.#staged.group);
  }

  /** Whether the scenario still has somebody ask for something, or wait for the answer. */
  get asksMore(): boolean {
    return this.#script.asksMore || this.world.unanswered > 0;
  }

  /** When something happens next, by the scenario; Infinity when nothing does any more. */
  get nextMs(): number {
    return Math.min(this.#script.nextMs, ...[...this.parts.values()].map((part) => part.nextMs));
  }

  /** Lets the stable versions of all members serve for a while, and then applies the group's file. */
  async begin(): Promise<void> {
    for (const event of this.#script.takeEarly()) this.#happen(event);
    const { group, plan } = this.#staged;
    if (plan.kind === "facade") this.world.askGroup(group, this.#applied("legacy", STABLE));
    else for (const rollout of this.#staged.rollouts) this.#applyAlone(rollout);
    while (this.nowMs < 0) await this.world.step(BEFORE_MS);
    for (const [name, { service }] of this.parts) {
      if (service.truth?.stable === undefined) throw this.#neverUp(name, service);
      service.begin(STABLE);
    }
    this.#hasBegun = true;
    this.world.askGroup(group, this.#applied(APPLY, CANDIDATE));
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
    if (member === undefined) return this.world.askGroup(this.#staged.group, { ...asked, kind: verb });
    const command: Command = verb === "promote" ? { ...asked, kind: verb, full } : { ...asked, kind: verb };
    return this.world.ask(member, command, true);
  }

  /** How far all members are, by what the group knows of them. */
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
    if (!this.#hasBegun) return;
    this.#decide(group, entry);
    const state = entry.state as GroupState;
    const kind = this.#turnsNow(state);
    if (this.turning || !kind) return;
    const members = this.#standsIn(state);
    const worse = members.find(({ at }) => isStuck({ at }))?.service;
    const place = lineOf(this.#staged.plan).find(({ service }) => service === worse)?.wave ?? 1;
    const wave = kind === "alone" ? place : (state.run?.wave ?? 0) + 1;
    const why = state.run?.back?.why ?? this.decided.at(-1)?.record.text ?? "";
    this.turning = { kind, atMs: this.nowMs, wave, why, members };
  }

  #turnsNow(state: GroupState): Turning["kind"] | undefined {
    const { phase } = state.run ?? {};
    if (phase === "back" || phase === "held") return phase;
    const isAlone = state.plan.kind === "facade" && this.#standsIn(state).some(({ at }) => isStuck({ at }));
    return isAlone ? "alone" : undefined;
  }

  #partOf(service: string): Part {
    const part = this.parts.get(service);
    if (!part) throw new Error(`nobody plays ${service}`);
    return part;
  }

  /** A member came by its own file, before there was a release. */
  #applyAlone(rollout: Rollout): void {
    const { lastGate: _gate, ...spec } = rollout.spec;
    const id = `c${(this.#asked += 1)}`;
    const command = applyOf({ ...rollout, spec }, { id, revision: STABLE, actor: "rehearsal" });
    this.world.ask(rollout.metadata.name, command, true);
  }

  #standsIn(state: GroupState | undefined): readonly Stand[] {
    return lineOf(this.#staged.plan).map(({ service }) => {
      const part = this.#partOf(service);
      const progress = state?.members[service];
      const known = this.world.stateOf(part.service);
      const { at } = progress ? standingOf(progress, known, gateOf(this.#staged.group)) : WAITS;
      return { service, at, share: part.shareOf(part.candidate) };
    });
  }

  #decide(of: string, { records }: JournalEntry): void {
    this.decided.push(...(records as readonly DecisionRecord[]).map((record) => ({ of, record })));
  }

  /** What was stable before stays what it is: a façade has legacy for all requests that no route takes. */
  #applied(id: string, revision: string): GroupApply {
    const { plan, rollouts } = this.#staged;
    const targets = rollouts.map((rollout): [string, Target] => {
      const service = rollout.metadata.name;
      const isRest = plan.kind === "facade" && service === plan.rest;
      const { abilities, ...command } = applyOf(rollout, { id, revision: isRest ? STABLE : revision });
      // Of what somebody else runs there is no fresh copy to compare with, and nobody tells of its processes.
      const more = plan.kind === "facade" ? { baseline: false, signals: [] } : {};
      const workload = { ...abilities.workload, ...more };
      return [
        service,
        {
          spec: command.spec,
          origin: command.origin,
          revision: command.revision,
          abilities: { ...abilities, workload },
        },
      ];
    });
    const asked = { id, actor: "rehearsal", reason: "apply" };
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
    if (event.kind === "apply") throw new Error("a group is applied by its rehearsal");
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
