// How does a group decide over real engines, one per member, without a world?
import type { Command } from "../../src/core/engine/input.ts";
import type { DecisionRecord } from "../../src/core/engine/state.ts";
import type { Ask, GroupApply, GroupCommand, GroupDecision, Refused } from "../../src/core/group/input.ts";
import { newGroup, type GroupState, type Plan, type Target } from "../../src/core/group/state.ts";
import { stepGroup } from "../../src/core/group/step.ts";
import type { Answer } from "../../src/core/engine/input.ts";
import { ms } from "../../src/core/units.ts";
import { applyOf, fileOf, rolloutOf } from "../sim/specs.ts";
import { Desk, frozen, STEPS } from "./engine.ts";

/** What goes wrong on the way of an ask: it is lost, or it arrives twice. */
export type Mishap = "none" | "lost" | "twice";

/** How a member's new version turns out to be. */
export type Turns = "good" | "errors" | "never-ready";

/** Several members at their desks, and the group that asks them. */
export class GroupDesk {
  state: GroupState;
  readonly members = new Map<string, Desk>();
  readonly records: DecisionRecord[] = [];
  /** Every ask that was made, in order, with the state that it was made from. */
  readonly asked: { readonly ask: Ask; readonly decision: GroupDecision }[] = [];
  readonly turns: Record<string, Turns> = {};
  mishap: () => Mishap = () => "none";
  private refused: readonly Refused[] = [];
  private asks = 0;

  constructor(group: string, plan: Plan) {
    this.state = newGroup(group, plan);
  }

  get nowMs(): number {
    const [first] = this.members.values();
    return first?.nowMs ?? 1_000_000;
  }

  /** A member that has served v1 for a while. */
  serving(name: string): void {
    this.members.set(name, Desk.serving(STEPS));
  }

  /** What `v2` of a member is: with the release's last gate when one is named. */
  target(revision: string, gate?: string, strategy = STEPS): Target {
    const spec = rolloutOf(fileOf("shop", 4, { strategy }));
    const own = gate === undefined ? spec : { ...spec, spec: { ...spec.spec, lastGate: gate } };
    const command = applyOf(own, { id: "t", revision });
    return { spec: own, origin: "/", revision: command.revision, abilities: command.abilities };
  }

  apply(plan: Plan, targets: GroupApply["targets"]): Answer {
    return this.say({ kind: "apply", plan, targets });
  }

  say(
    command: GroupCommand extends infer C
      ? C extends GroupCommand
        ? Omit<C, "id" | "actor" | "reason">
        : never
      : never,
  ): Answer {
    const id = `g${(this.asks += 1)}`;
    const { answers } = this.tick([{ ...command, id, actor: "ann", reason: "because" }]);
    const answer = answers.find((one) => one.id === id);
    if (!answer) throw new Error("no answer");
    return answer;
  }

  /** One look of the group: what it asks arrives, or does not, or arrives twice. */
  tick(commands: readonly GroupCommand[] = []): GroupDecision {
    const members = Object.fromEntries([...this.members].map(([name, { state }]) => [name, state]));
    const input = { nowMs: ms(this.nowMs), members, commands, refused: this.refused };
    const decision = stepGroup(frozen(this.state), frozen(input));
    this.state = decision.state;
    this.records.push(...decision.records);
    this.refused = decision.asks.flatMap((ask) => this.deliver(ask, decision));
    return decision;
  }

  /** Lets time pass: the members look and decide, then the group does. */
  pass(durationMs: number): void {
    for (let passed = 0; passed < durationMs; passed += 500) {
      for (const [name, desk] of this.members) {
        this.spoil(name, desk);
        desk.pass(500);
      }
      this.tick();
    }
  }

  passUntil(holds: () => boolean, mostMs = 600_000): void {
    for (let passed = 0; !holds(); passed += 500) {
      if (passed > mostMs) throw new Error(`never happened; ${JSON.stringify(this.state.run)}`);
      this.pass(500);
    }
  }

  desk(name: string): Desk {
    const desk = this.members.get(name);
    if (!desk) throw new Error(`there is no ${name}`);
    return desk;
  }

  private deliver(ask: Ask, decision: GroupDecision): readonly Refused[] {
    this.asked.push({ ask, decision });
    const { service, command } = ask;
    if (!command) {
      this.members.delete(service);
      return [];
    }
    const mishap = this.mishap();
    if (mishap === "lost") return [];
    const once = this.arrive(service, command);
    const answer = mishap === "twice" ? this.arrive(service, command) : once;
    const { refused } = answer;
    return refused ? [{ service, kind: command.kind, code: refused.code, what: refused.what }] : [];
  }

  private arrive(service: string, command: Command): Answer {
    const known = this.members.get(service);
    if (known) return known.ask(command);
    const desk = new Desk(STEPS);
    desk.nowMs = this.nowMs;
    this.members.set(service, desk);
    return desk.ask(command);
  }

  /** The candidate of a member is as good as it was said to be. */
  private spoil(name: string, desk: Desk): void {
    const { rollout, pools } = desk.state;
    if (!rollout || rollout.candidate !== "v2" || rollout.phase === "ended") return;
    for (const { pool, revision } of pools.filter(({ revision: of }) => of === "v2")) {
      if (revision === "v2" && this.turns[name] === "errors") desk.errors[pool] = 0.6;
      if (revision === "v2" && this.turns[name] === "never-ready") desk.ready[pool] = 0;
    }
  }
}
