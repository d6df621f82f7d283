// How does one decision on a group build up?
import type { Command } from "../engine/input.ts";
import { KEEP, type DecisionRecord, type ServiceState } from "../engine/state.ts";
import type { Ms } from "../units.ts";
import type { Ask, GroupInput } from "./input.ts";
import { standingOf } from "./standing.ts";
import { gateOf, type GroupOutcome, type GroupState, type Progress, type Run, type Standing } from "./state.ts";

type Verb = Exclude<Command["kind"], "scale">;

/** The state of one group while a decision is made, with the records and asks made on the way. */
export class GroupTurn {
  state: GroupState;
  readonly records: DecisionRecord[] = [];
  readonly asks: Ask[] = [];
  readonly input: GroupInput;

  constructor(state: GroupState, input: GroupInput) {
    this.state = state;
    this.input = input;
  }

  get nowMs(): Ms {
    return this.input.nowMs;
  }

  set(change: Partial<GroupState>): void {
    this.state = { ...this.state, ...change };
  }

  /** The run at hand. Throws when there is none: a mistake in Serin, not in the input. */
  get run(): Run {
    if (!this.state.run) throw new Error(`${this.state.group} has no run`);
    return this.state.run;
  }

  setRun(change: Partial<Run>): void {
    this.set({ run: { ...this.run, ...change } });
  }

  progress(service: string): Progress {
    const progress = this.state.members[service];
    if (!progress) throw new Error(`${service} is no member of ${this.state.group}`);
    return progress;
  }

  setProgress(service: string, change: Partial<Progress>): void {
    const before = this.progress(service);
    const next = { ...before, ...change };
    if (JSON.stringify(next) === JSON.stringify(before)) return;
    this.set({ members: { ...this.state.members, [service]: next } });
  }

  member(service: string): ServiceState | undefined {
    return this.input.members[service];
  }

  standing(service: string): Standing {
    return standingOf(this.progress(service), this.member(service), gateOf(this.state.group));
  }

  /** Writes a decision down. Each one makes a new version. */
  record(kind: DecisionRecord["kind"], text: string, more: Partial<DecisionRecord> = {}): void {
    const version = this.state.version + 1;
    const record: DecisionRecord = { atMs: this.nowMs, version, rollout: this.state.runs, kind, text, ...more };
    this.records.push(record);
    this.set({ version, recent: [...this.state.recent, record].slice(-KEEP) });
  }

  /**
   * Asks a member for something, once what was decided is written down. It names the version that was seen: whatever
   * the member has decided since, the ask is refused and the next look decides anew.
   */
  ask<K extends Verb>(service: string, kind: K, more: Omit<Extract<Command, { kind: K }>, keyof Base | "kind">): void {
    const { group, runs } = this.state;
    const seen = this.member(service);
    const base: Base = {
      id: `${group}/${runs}:${kind}:${service}:${seen?.version ?? 0}`,
      actor: group,
      ...(this.state.run?.startedBy === undefined ? {} : { onBehalfOf: this.state.run.startedBy }),
      reason: `${group}/${runs}`,
      expected: seen?.version,
    };
    this.asks.push({ service, command: { ...base, kind, ...more } as unknown as Command });
  }

  /** Ends the run and writes down how. */
  end(outcome: GroupOutcome, why: string): void {
    const { number, startedMs } = this.run;
    this.record("ended", `${this.state.group}/${number} ${outcome}: ${why}`);
    this.setRun({ phase: "ended", outcome, why, endedMs: this.nowMs });
    const ended = { number, outcome, why, startedMs, endedMs: this.nowMs };
    this.set({ history: [ended, ...this.state.history].slice(0, KEEP) });
  }
}

interface Base {
  readonly id: string;
  readonly actor: string;
  readonly onBehalfOf?: string | undefined;
  readonly reason: string;
  readonly expected?: number | undefined;
}
