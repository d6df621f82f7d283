// How is the engine asked for decisions, one after the other, without a world?
import { decide, newService } from "../../src/core/engine/decide.ts";
import type { Comparison } from "../../src/core/comparison.ts";
import type { Answer, ApplyCommand, Command, Decision, Input } from "../../src/core/engine/input.ts";
import type { DecisionRecord, RolloutState, ServiceState, TestReading } from "../../src/core/engine/state.ts";
import { wantedRoute } from "../../src/core/engine/wanted.ts";
import type { Series } from "../../src/core/evidence.ts";
import type { Delivery } from "../../src/core/outbox/message.ts";
import { ROLES, shareOf, type Role } from "../../src/core/split.ts";
import { ms, WHOLE } from "../../src/core/units.ts";
import { ABSENT, seen, unreadable, type Replica, type RunningPool } from "../../src/core/world.ts";
import { applyOf, fileOf, rolloutOf } from "../sim/specs.ts";

export const SERVICE = "shop";

/** Canary steps that need little to be understood. */
export const STEPS = `{ canary: { steps: [{ weight: 10%, hold: 10s }, { weight: 50%, hold: 10s }] } }`;

/** What a hook answers when it is called; nothing yet when it is silent. */
type HookAnswer = "yes" | "no" | "silent";

type Verb = "promote" | "pause" | "resume" | "abort" | "retry" | "undo";

/** The engine at a desk: the world follows what it wants, unless a test says otherwise. */
export class Desk {
  state: ServiceState;
  nowMs = 1_000_000;
  readonly records: DecisionRecord[] = [];
  /** Ready replicas by pool; all that are wanted when not named. */
  readonly ready: Record<string, number> = {};
  /** Why replicas are not ready, by pool. */
  readonly why: Record<string, Partial<Replica>> = {};
  /** Restarts of each replica, by pool. A replica that restarts is ready anew. */
  readonly restarts: Record<string, number> = {};
  /** Share of failing requests, by pool. */
  readonly errors: Record<string, number> = {};
  /** Pools that still run though nobody wants them. */
  readonly left: Record<string, number> = {};
  perTick = 50;
  router: "follows" | "stays" | "absent" | "unreadable" = "follows";
  metrics: "read" | "gone" = "read";
  workload: "read" | "gone" = "read";
  routerTrouble: Input["routerTrouble"];
  /** What hooks answer, by name; yes when not named. */
  readonly hooks: Record<string, HookAnswer> = {};
  /** Names of the hooks and receivers that were called, in order. */
  readonly called: string[] = [];
  comparison: Comparison | undefined;
  test: TestReading | undefined;
  #carried: ServiceState["split"] | undefined;
  #asked = 0;
  readonly #series = new Map<string, Series>();
  readonly #readySince = new Map<string, number>();
  /** The file that is applied next. */
  file: string;

  constructor(strategy: string = STEPS, replicas = 4, more = "") {
    this.file = fileOf(SERVICE, replicas, { strategy, more });
    this.state = newService(this.#apply("v1") as Extract<Command, { kind: "apply" }>);
  }

  /** A service whose v1 is stable, and which has served for a while. */
  static serving(strategy: string = STEPS, replicas = 4, more = ""): Desk {
    const desk = new Desk(strategy, replicas, more);
    desk.apply("v1");
    desk.pass(5_000);
    if (desk.state.stable?.revision !== "v1") throw new Error("v1 did not become stable");
    return desk;
  }

  get rollout(): RolloutState {
    if (!this.state.rollout) throw new Error("there is no rollout");
    return this.state.rollout;
  }

  get canary(): number {
    return shareOf(this.state.split.weights, "canary") / 10_000;
  }

  get texts(): readonly string[] {
    return this.records.map(({ text }) => text);
  }

  apply(revision: string, expected?: number): Answer {
    return this.ask({ ...this.#apply(revision), expected });
  }

  /** Applies a revision that takes the place of whatever is under way. */
  hotfix(revision: string): Answer {
    return this.ask({ ...(this.#apply(revision) as ApplyCommand), hotfix: true });
  }

  /** Applies a revision with further candidates of an experiment, each named as its revision is. */
  experiment(revision: string, rivals: readonly string[]): Answer {
    const named = rivals.map((name) => ({ name, revision: { id: name, template: {} } }));
    return this.ask({ ...(this.#apply(revision) as ApplyCommand), rivals: named });
  }

  scale(replicas: number): Answer {
    return this.ask({ id: this.#id(), kind: "scale", actor: "ann", reason: "more users", replicas });
  }

  say(verb: Verb, more: { full?: boolean; to?: string; expected?: number; actor?: string } = {}): Answer {
    const asked = { id: this.#id(), actor: more.actor ?? "ann", reason: "because", expected: more.expected };
    if (verb === "promote") return this.ask({ ...asked, kind: verb, full: more.full ?? false });
    return verb === "undo" ? this.ask({ ...asked, kind: verb, to: more.to }) : this.ask({ ...asked, kind: verb });
  }

  ask(command: Command): Answer {
    const { answers } = this.tick([command]);
    const answer = answers.find(({ id }) => id === command.id);
    if (!answer) throw new Error("no answer");
    return answer;
  }

  /** Lets time pass, look by look. */
  pass(durationMs: number, lookMs = 500): void {
    const until = this.nowMs + durationMs;
    while (this.nowMs < until) {
      this.nowMs += lookMs;
      this.tick();
    }
  }

  /** Lets time pass until something holds, for at most so long. */
  passUntil(holds: () => boolean, mostMs = 120_000): void {
    const until = this.nowMs + mostMs;
    while (!holds()) {
      if (this.nowMs >= until) throw new Error(`never happened; waits: ${this.state.rollout?.waiting?.text}`);
      this.pass(500);
    }
  }

  tick(commands: readonly Command[] = []): Decision {
    const decision = decide(frozen(this.state), frozen(this.input(commands)));
    this.state = decision.state;
    this.records.push(...decision.records);
    if (this.router === "follows" && this.state.pools.length > 0) this.#carried = this.state.split;
    return decision;
  }

  input(commands: readonly Command[] = []): Input {
    const running = this.#running();
    this.#count(running);
    const traffic = () => {
      if (this.router === "absent" || !this.#carried) return ABSENT;
      if (this.router === "unreadable") return unreadable("no answer");
      const route = wantedRoute(this.state, running);
      const busy = ROLES.flatMap((role) => (route.pools[role]?.backends ?? []).map(({ replica }) => replica));
      return seen({ split: this.#carried, busy, address: "http://127.0.0.1:8080" });
    };
    return {
      nowMs: ms(this.nowMs),
      pools: this.workload === "read" ? seen(running) : unreadable("no answer"),
      traffic: traffic(),
      counters:
        this.metrics === "read"
          ? seen({ at: ms(this.nowMs), series: [...this.#series.values()] })
          : unreadable("no metrics"),
      commands,
      routerTrouble: this.routerTrouble,
      deliveries: this.#delivered(),
      ...(this.comparison && { comparison: seen(this.comparison) }),
      ...(this.test && { test: seen(this.test) }),
    };
  }

  /** What came of the messages that are due; whoever is silent has not answered yet. */
  #delivered(): readonly Delivery[] {
    const due = (this.state.outbox ?? []).filter(
      ({ dueMs, name }) => dueMs <= this.nowMs && this.hooks[name] !== "silent",
    );
    return due.map(({ id, failed, name }) => {
      this.called.push(name);
      const ok = this.hooks[name] !== "no";
      const [startedMs, endedMs] = [ms(this.nowMs), ms(this.nowMs)];
      return { id, failed, ok, result: ok ? "200 OK" : "503 Service Unavailable", output: "", startedMs, endedMs };
    });
  }

  #apply(revision: string): Command {
    return applyOf(rolloutOf(this.file), { id: this.#id(), revision });
  }

  #id(): string {
    return `c${(this.#asked += 1)}`;
  }

  #running(): readonly RunningPool[] {
    const wanted = this.state.pools.map(({ pool, revision, size }) => {
      const ready = Math.min(size, this.ready[pool] ?? size);
      return { pool, revision, replicas: Array.from({ length: size }, (_, at) => this.#replica(pool, at, at < ready)) };
    });
    const left = Object.entries(this.left).map(([pool, count]) => ({
      pool,
      revision: "v1",
      replicas: Array.from({ length: count }, (_, at) => ({
        ...this.#replica(pool, at, false),
        state: "draining" as const,
      })),
    }));
    return [...wanted, ...left.filter(({ replicas }) => replicas.length > 0)];
  }

  #replica(pool: string, at: number, isReady: boolean): Replica {
    const id = `${pool}-${at}`;
    const restarts = this.restarts[pool] ?? 0;
    const base = { id, host: "127.0.0.1", port: 20_000 + at, restarts };
    if (!isReady) {
      this.#readySince.delete(id);
      return { ...base, state: "starting", ...this.why[pool] };
    }
    const since = this.#readySince.get(id) ?? this.nowMs;
    this.#readySince.set(id, since);
    return { ...base, state: "ready", readySinceMs: ms(since) };
  }

  /** Requests follow the split that the router carries. */
  #count(running: readonly RunningPool[]): void {
    const weights = this.#carried?.weights ?? {};
    for (const { pool, role } of this.state.pools) {
      const replicas =
        running.find((entry) => entry.pool === pool)?.replicas.filter(({ state }) => state === "ready") ?? [];
      const share = role === "former" ? 0 : shareOf(weights, role) / WHOLE + this.#besides(role);
      for (const { id } of replicas) this.#add(pool, id, (this.perTick * share) / replicas.length);
    }
  }

  /** What a role gets besides its share: a tenth by rules, and copies. */
  #besides(role: Role): number {
    const { matches = [], mirror } = this.#carried ?? {};
    const isRuled = matches.some(({ to, when }) => to === role && when.some(({ on }) => on !== "listener"));
    const isCopied = mirror?.to.some((name) => name === role) ?? false;
    return (isRuled ? 0.1 : 0) + (isCopied ? (mirror?.share ?? 0) / WHOLE : 0);
  }

  #add(pool: string, replica: string, requests: number): void {
    const had = this.#series.get(replica) ?? {
      replica,
      pool,
      epoch: "1",
      requests: 0,
      failed: 0,
      clientErrors: 0,
      latency: {},
    };
    const next = had.requests + Math.round(requests);
    const failed = had.failed + Math.round(requests * (this.errors[pool] ?? 0));
    this.#series.set(replica, { ...had, requests: next, failed, latency: { 80: next } });
  }
}

/** The same value, which nobody can change. */
export function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
  return value;
}
