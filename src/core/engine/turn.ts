// How does one decision build up?
import { sameSplit, type Split } from "../split.ts";
import type { Ms } from "../units.ts";
import { readyAmong, type Replica, type RunningPool } from "../world.ts";
import type { Input } from "./input.ts";
import { KEEP, type DecisionRecord, type PoolState, type RolloutState, type ServiceState } from "./state.ts";

/** The state of one service while a decision is made, and the records made on the way. */
export class Turn {
  state: ServiceState;
  readonly records: DecisionRecord[] = [];
  readonly input: Input;

  constructor(state: ServiceState, input: Input) {
    this.state = state;
    this.input = input;
  }

  get nowMs(): Ms {
    return this.input.nowMs;
  }

  set(change: Partial<ServiceState>): void {
    this.state = { ...this.state, ...change };
  }

  /** The rollout at hand. Throws when there is none: a mistake in the engine, not in the input. */
  get rollout(): RolloutState {
    if (!this.state.rollout) throw new Error(`${this.state.service} has no rollout`);
    return this.state.rollout;
  }

  setRollout(change: Partial<RolloutState>): void {
    this.set({ rollout: { ...this.rollout, ...change } });
  }

  /** Writes a decision down. Each one makes a new version. */
  record(kind: DecisionRecord["kind"], text: string, more: Partial<DecisionRecord> = {}): void {
    const version = this.state.version + 1;
    const record: DecisionRecord = {
      atMs: this.nowMs,
      version,
      rollout: this.state.rollouts,
      kind,
      text,
      step: this.state.rollout?.cursor,
      ...more,
    };
    this.records.push(record);
    // The view of the last decisions leaves the figures out: they are in the journal, once.
    const { verdict: _figures, trail: _trail, measured: _shares, comparison: _counts, ...rest } = record;
    const { test: _test, run: _run, ...brief } = rest;
    this.set({ version, recent: [...this.state.recent, brief].slice(-KEEP) });
  }

  /** Makes a pool exist at a size, under its role. */
  want(pool: PoolState): void {
    // What is wanted already is no change that must be written down.
    const known = this.state.pools.find(({ pool: name }) => name === pool.pool);
    if (known?.role === pool.role && known.revision === pool.revision && known.size === pool.size) return;
    const others = this.state.pools.filter((one) => one !== known);
    this.set({ pools: [...others, pool] });
  }

  unwant(name: string): void {
    const pools = this.state.pools.filter(({ pool }) => pool !== name);
    if (pools.length < this.state.pools.length) this.set({ pools });
  }

  /** Wants this split, unless it is wanted already. */
  share(split: Split): void {
    if (!sameSplit(this.state.split, split)) this.set({ split });
  }

  /** What runs under a pool's name; `undefined` when nothing does or nothing could be read. */
  running(name: string | undefined): RunningPool | undefined {
    if (this.input.pools.kind !== "value") return undefined;
    return this.input.pools.value.find(({ pool }) => pool === name);
  }

  /** Replicas of a pool that answer; a pool of whatever size counts as full as soon as one does. */
  ready(name: string | undefined): number {
    const pool = this.running(name);
    const ready = readyAmong(pool?.replicas ?? []).length;
    return pool?.unlimited && ready > 0 ? Infinity : ready;
  }

  replicas(name: string | undefined): readonly Replica[] {
    return this.running(name)?.replicas ?? [];
  }
}
